"""TODO: workloads.modin.dataset_cache."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, parquet

from bench.system.cache_entry import DamagedEntryError, load_or_make
from bench.workload.interface import BadInput, ProgressReporter
from workloads.modin.space_check import require_space

CACHE_VERSION = 1
"""Of what is written; another one is written anew."""


ROWS_PER_CHUNK = 1 << 16
"""Rows that are made at once, and rows of a row group of the Parquet file."""


MIN_ROWS = 16
TABLE_FILES = ("table.csv", "table.parquet")


@dataclass(frozen=True, slots=True)
class DatasetFiles:
    """The table on disk."""

    csv: Path
    parquet: Path
    digest: str
    """SHA-256 of both files' SHA-256."""
    rows: int
    columns: int
    held: int
    """Bytes that the table takes as a DataFrame, about."""


def _normalize_columns(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The chunk with columns that both formats and both arms have alike. Raises BadInput."""
    if len(set(batch.schema.names)) < batch.num_columns or not all(batch.schema.names):
        raise BadInput("Two columns of the file have the same name, or one has none", "Give every column a name.")
    for name in batch.schema.names:
        if len(name.splitlines()) > 1:
            # Modin reads the header of a CSV by its first line.
            raise BadInput(f"The name of the column {name!r} has a line break in it", "Give the column another name.")
    arrays = []
    for field, array in zip(batch.schema, batch.columns, strict=True):
        if pa.types.is_dictionary(field.type):
            array = array.dictionary_decode()
        kind = array.type
        if pa.types.is_temporal(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
            array = array.cast(pa.string())
        elif pa.types.is_integer(kind):
            array = array.cast(pa.int64())
        elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            array = array.cast(pa.float64())
        elif not (pa.types.is_string(kind) or pa.types.is_boolean(kind)):
            raise BadInput(
                f"The column {field.name} is of the type {kind}",
                "Leave that column out, or save it as numbers, texts, dates or truth values.",
            )
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def load_or_write(
    folder: Path,
    generate: Callable[[], Iterator[pa.RecordBatch]],
    rows: int,
    held: int | None,
    progress: ProgressReporter,
) -> DatasetFiles:
    """The table in `folder`; if it is missing or damaged, it is written from the chunks of `generate()`.

    Raises BadInput if the table cannot be written or the chunks cannot be read.
    """
    try:
        entry = load_or_make(
            folder,
            lambda draft: _write_table(draft, generate(), rows, held, progress),
            on_wait=lambda: progress("waiting for another process that writes the same table"),
        )
    except DamagedEntryError as error:
        raise BadInput(f"The table is damaged: {error}", "Check the disk.") from error
    except OSError as error:
        raise BadInput(
            f"The table cannot be written: {error}", "Free space on the disk, or choose fewer rows or columns."
        ) from error
    except pa.ArrowInvalid as error:
        raise BadInput(f"The file cannot be read: {error}", "Mend the file, or give another.") from error
    return DatasetFiles(
        csv=folder / "table.csv",
        parquet=folder / "table.parquet",
        digest=hashlib.sha256("".join(entry.digests[name] for name in TABLE_FILES).encode()).hexdigest(),
        rows=entry.facts["rows"],
        columns=entry.facts["columns"],
        held=entry.facts["held"],
    )


def _write_table(
    folder: Path, batches: Iterator[pa.RecordBatch], rows: int, held: int | None, progress: ProgressReporter
) -> dict[str, Any]:
    """Write the table as CSV and Parquet; its facts."""
    plain = map(_normalize_columns, batches)
    first = next((batch for batch in plain if batch.num_rows), None)
    if first is None:
        raise BadInput("The file has no row", "Give one with rows.")
    written, bytes_held = 0, 0
    with (
        parquet.ParquetWriter(folder / "table.parquet", first.schema) as columns,
        csv.CSVWriter(folder / "table.csv", first.schema) as lines,
    ):
        for batch in chain([first], plain):
            batch = batch.slice(0, rows - written)
            for start in range(0, batch.num_rows, ROWS_PER_CHUNK):
                columns.write_batch(batch.slice(start, ROWS_PER_CHUNK))
            lines.write_batch(batch)
            written += batch.num_rows
            bytes_held += batch.nbytes + sum(60 * batch.num_rows for kind in batch.schema.types if kind == pa.string())
            progress("writing the table as CSV and Parquet", min(1.0, written / rows))
            if held is None:
                require_space(bytes_held, 0, folder, f"The first {written:,} rows of the file")
            if written >= rows:
                break
    if written < MIN_ROWS:
        raise BadInput(f"The file has {written} rows", f"Give one with {MIN_ROWS} at least.")
    return {"rows": written, "columns": first.num_columns, "held": held or bytes_held}
