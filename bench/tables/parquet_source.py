"""The content of a Parquet file, or of a folder of Parquet files that is one table, as pandas reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import dataset, fs, parquet

from bench.tables.identify import TableFile
from bench.workload.interface import BadInput

SAVE_REMEDY = "Save it as one file: pandas.read_parquet(folder).to_parquet('table.parquet')."


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the files."""

    path: Path
    keys: Mapping[str, Any]
    """The values of the columns that the names of its folders hold, such as `year=2024`."""


class ParquetSource:
    """The rows and columns of a table. The columns that the names of folders hold come last."""

    def __init__(self, file: TableFile) -> None:
        """Read the metadata. Raises BadInput, and what PyArrow raises."""
        self.name = file.name
        self.key_types: dict[str, pa.DataType] = {}
        """The columns that the names of folders hold, with their types."""
        files = file.parts or (file.path,)
        opened = parquet.ParquetFile(files[0])
        self._file_schema = opened.schema_arrow
        self._metadata = [opened.metadata]
        self._parts = self._list_parts(file) if file.parts else [_Part(file.path, {})]
        for part in self._parts[1:]:
            opened = parquet.ParquetFile(part.path)
            self._require_equal_schema(part, opened.schema_arrow)
            self._metadata.append(opened.metadata)

    def _list_parts(self, file: TableFile) -> list[_Part]:
        paths = [part.relative_to(file.path) for part in file.parts]
        names = _list_key_names(paths[0])
        for path in paths:
            if _list_key_names(path) != names:
                columns = [", ".join(_list_key_names(found)) or "none" for found in (paths[0], path)]
                raise BadInput(
                    f"The files of the folder {self.name} are in folders of different columns: {columns[0]} for "
                    f"{paths[0].name}, {columns[1]} for {path.name}",
                    "Give a folder whose files are all partitioned by the same columns.",
                )
        both = [name for name in names if name in self._file_schema.names]
        if both:
            raise BadInput(
                f"The folder {self.name} has the column {both[0]} both in its files and in the names of its folders",
                f"{SAVE_REMEDY} Rename one of them before.",
            )
        # Only the folders below the given one name columns.
        below = fs.SubTreeFileSystem(str(file.path), fs.LocalFileSystem())
        found = dataset.dataset(
            [path.as_posix() for path in paths], filesystem=below, partitioning=dataset.HivePartitioning.discover()
        )
        self.key_types = {name: found.schema.field(name).type for name in names}
        return [
            _Part(file.path / fragment.path, dataset.get_partition_keys(fragment.partition_expression))
            for fragment in found.get_fragments()
        ]

    def _require_equal_schema(self, part: _Part, schema: pa.Schema) -> None:
        if schema.equals(self._file_schema):
            return
        mine, other = ({field.name: field.type for field in found} for found in (self._file_schema, schema))
        column = next((name for name in [*mine, *other] if mine.get(name) != other.get(name)), "")
        types = [str(found[column]) if column in found else "missing" for found in (mine, other)]
        what = f"column {column} is {types[0]} and {types[1]}" if column else "the order of columns differs"
        raise BadInput(
            f"The files of the folder {self.name} have different columns: in {self._parts[0].path.name} and "
            f"{part.path.name}, {what}",
            "Save all files with the same columns and types, or give one of them.",
        )

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([*self._file_schema, *(pa.field(name, dtype) for name, dtype in self.key_types.items())])

    @property
    def part_count(self) -> int:
        return len(self._parts)

    @property
    def row_count(self) -> int:
        return sum(metadata.num_rows for metadata in self._metadata)

    @property
    def size_bytes(self) -> int:
        """The size of all columns that the files hold, without compression."""
        return sum(
            metadata.row_group(index).total_byte_size
            for metadata in self._metadata
            for index in range(metadata.num_row_groups)
        )

    def count_values(self, index: int, max_rows: int) -> tuple[int, int]:
        """Numbers of present and of missing values of a column, in the row groups with the first `max_rows` rows. From
        the statistics of the files, where they have them."""
        rows = values = missing = 0
        for part, metadata in zip(self._parts, self._metadata, strict=True):
            for number in range(metadata.num_row_groups):
                group = metadata.row_group(number)
                nulls = self._count_nulls(part, metadata, number, index)
                values, missing, rows = values + group.num_rows - nulls, missing + nulls, rows + group.num_rows
                if rows >= max_rows:
                    return values, missing
        return values, missing

    def _count_nulls(self, part: _Part, metadata: parquet.FileMetaData, number: int, index: int) -> int:
        group = metadata.row_group(number)
        if index >= len(self._file_schema):
            return group.num_rows if part.keys[self.schema.names[index]] is None else 0
        statistics = group.column(index).statistics
        if statistics is not None and statistics.has_null_count:
            return statistics.null_count
        opened = parquet.ParquetFile(part.path, metadata=metadata)
        return opened.read_row_group(number, columns=[self._file_schema.names[index]]).column(0).null_count

    def iter_batches(self, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows, at most `batch_rows` at a time."""
        for part in self._parts:
            with parquet.ParquetFile(part.path) as opened:
                for batch in opened.iter_batches(batch_rows):
                    keys = [
                        pa.array([part.keys[name]] * batch.num_rows, dtype) for name, dtype in self.key_types.items()
                    ]
                    yield pa.RecordBatch.from_arrays([*batch.columns, *keys], schema=self.schema)


def _list_key_names(path: Path) -> list[str]:
    """The columns that the folders of a file name, as `year` in `year=2024`."""
    return [folder.partition("=")[0] for folder in path.parent.parts if "=" in folder]
