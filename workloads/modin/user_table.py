"""A user's table as both engines get it: with the columns that the calls need, as CSV and as Parquet."""

# PyArrow makes the functions of pyarrow.compute when it is imported, so pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.tables.column_scan import MISSING
from bench.tables.content import TableContent
from bench.tables.notes import NoteKind
from bench.tables.summary import summarize_table
from bench.workload.file_summary import FileSummary
from workloads.modin.call_inputs import RESERVED_COLUMNS
from workloads.modin.dataset_cache import require_rows

ADDED_KEY_VALUES = 1000
"""Number of different values of an added key."""
NUMBER_LIKE = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$|^\s*[+-]?(?i:inf|infinity|nan|true|false)\s*$"
"""Texts that `read_csv` reads as something else, unless `dtype` says that the column is text."""


@dataclass(slots=True)
class UserTable(TableContent):
    """A table with the columns that the calls need."""

    dtypes: dict[str, str] = field(default_factory=dict[str, str])
    """By column: the dtype that `read_csv` gets for the table's CSV file; only where it would find another one."""
    lost_words: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """By column: texts that `read_csv` reads as missing and `read_parquet` does not, with the number of their rows."""

    def finish(self) -> None:
        """See `TableContent.finish`."""
        for name, counts in self.lost_words.items():
            lost = ", ".join(f"{count:,} x {word!r}" for word, count in counts.items())
            self.notes.add(NoteKind.MISSING, f"{lost} in column {name} by read_csv; read_parquet keeps the text")
        TableContent.finish(self)


def check(file: Path, name: str = "") -> FileSummary:
    """Describe the table in `file`, called `name` in messages. Raises BadInput if it cannot be raced."""
    return summarize_table(file, name, require_rows, complete_table)


def complete_table(content: TableContent) -> UserTable:
    """The table with the columns that the calls need and that it does not have. Adds a note for each."""
    added = _choose_added_columns(content)
    table = UserTable(
        content.batches,
        content.schema,
        content.count_values,
        content.notes,
        content.layout,
        content.is_whole,
        content.widened,
        content.stored_types,
        content.float_columns,
        content.large_columns,
        dtypes=dict(content.widened),
    )
    table.batches = _complete_batches(content.batches, table, added)
    return table


def _complete_batches(
    batches: Iterator[pa.RecordBatch], table: UserTable, added: _AddedColumns
) -> Iterator[pa.RecordBatch]:
    first_row = 0
    for batch in batches:
        _note_text_dtypes(batch, table)
        yield added.append(batch, first_row)
        first_row += batch.num_rows


@dataclass(frozen=True, slots=True)
class _AddedColumns:
    """Names of columns that the calls need and the table does not have; empty for those that it has."""

    key: str
    value: str

    def append(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        """The batch with the added columns. `first_row` is the number of its first row, from 0."""
        numbers = pa.array(range(first_row, first_row + batch.num_rows), pa.int64())
        if self.key:
            quotient = pc.multiply(pc.divide(numbers, ADDED_KEY_VALUES), ADDED_KEY_VALUES)
            batch = batch.append_column(self.key, pc.subtract(numbers, quotient))
        if self.value:
            batch = batch.append_column(self.value, pc.divide(pc.cast(numbers, pa.float64()), 2.0))
        return batch


def _choose_added_columns(content: TableContent) -> _AddedColumns:
    """The columns to add: a key if there is no column of integers without missing values; a value if there is no other
    column of numbers."""
    has_key, numeric = False, 0
    for index, (name, dtype) in enumerate(zip(content.schema.names, content.schema.types, strict=True)):
        if dtype not in (pa.int64(), pa.float64()) or name in RESERVED_COLUMNS:
            continue
        values, missing = content.count_values(index)
        if values:
            numeric += 1
            has_key = has_key or (dtype == pa.int64() and not missing)
        if has_key and numeric > 1:
            break
    schema, notes = content.schema, content.notes
    key = "" if has_key else _find_free_name(schema, "key")
    value = "" if numeric + bool(key) > 1 else _find_free_name(schema, "value")
    if key:
        notes.add(
            NoteKind.ADDED,
            f"column {key}, the row number modulo {ADDED_KEY_VALUES:,}, because the table has no integers without "
            "missing values to group by",
        )
    if value:
        notes.add(
            NoteKind.ADDED,
            f"column {value}, half of the row number, because the table has no second column of numbers",
        )
    return _AddedColumns(key, value)


def _find_free_name(schema: pa.Schema, name: str) -> str:
    return name if name not in schema.names else _find_free_name(schema, f"fairlap_{name}")


def _note_text_dtypes(batch: pa.RecordBatch, table: UserTable) -> None:
    """Note in `dtypes` the text columns that have texts which look like something else; in `lost_words`, of a Parquet
    file, those that `read_csv` reads as missing."""
    for name, dtype, column in zip(batch.schema.names, batch.schema.types, batch.columns, strict=True):
        if dtype != pa.string():
            continue
        if name not in table.dtypes and pc.any(pc.match_substring_regex(column, NUMBER_LIKE)).as_py():
            table.dtypes[name] = "str"
        if table.stored_types:
            for count in pc.value_counts(column.filter(pc.is_in(column, value_set=MISSING))):
                counts, word = table.lost_words.setdefault(name, {}), count["values"].as_py()
                counts[word] = counts.get(word, 0) + count["counts"].as_py()


def find_csv_dtypes(csv: Path, parquet: Path, dtypes: Mapping[str, str]) -> dict[str, str]:
    """The dtypes that `read_csv` needs in addition to `dtypes`, by column, so that it reads the types of the Parquet
    file. For example, 5.0 is written as 5, which is an integer by itself."""
    wanted = pd.read_parquet(parquet).dtypes
    given: Any = dtypes
    read = pd.read_csv(csv, dtype=given).dtypes
    # A column of objects has texts or, if all values are missing, nothing.
    return {
        str(name): "str" if dtype.kind == "O" else dtype.name for name, dtype in wanted.items() if read[name] != dtype
    }
