"""A table as it was read: its columns in types that both file formats and both engines represent in the same way."""

# PyArrow makes the functions of pyarrow.compute when it is imported, so pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from workloads.modin.table_file.column_scan import MISSING
from workloads.modin.table_file.notes import NoteKind, TableNotes

MAX_EXACT_INTEGER = 2**53
"""Beyond it, not every integer is a floating-point number of 64 bits."""
ROUNDED = "integers beyond 2^53 are rounded"
ADDED_KEY_VALUES = 1000
"""Number of different values of an added key."""
NUMBER_LIKE = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$|^\s*[+-]?(?i:inf|infinity|nan|true|false)\s*$"
"""Texts that `read_csv` reads as something else, unless `dtype` says that the column is text."""


@dataclass(slots=True)
class TableContent:
    """A table that is read while `batches` are consumed. The other fields are complete after the last one."""

    batches: Iterator[pa.RecordBatch]
    notes: TableNotes
    layout: str
    """How the file is written, such as `separator semicolon, decimal comma, UTF-8`."""
    is_whole: bool = True
    """False if the file has more rows than were asked for."""
    dtypes: dict[str, str] = field(default_factory=dict[str, str])
    """By column: the dtype that `read_csv` gets for the table's CSV file; only where it would find another one."""
    float_columns: list[str] = field(default_factory=list[str])
    """Columns of integers in a Parquet file that have missing values."""
    large_columns: list[str] = field(default_factory=list[str])
    """Columns of integers in a Parquet file that have one beyond `MAX_EXACT_INTEGER`."""
    lost_words: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """By column: texts that `read_csv` reads as missing and `read_parquet` does not, with the number of their rows."""


@dataclass(frozen=True, slots=True)
class AddedColumns:
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


def choose_added_columns(
    schema: pa.Schema, integer_names: Sequence[str], numeric_names: Sequence[str], notes: TableNotes
) -> AddedColumns:
    """The columns to add: a key if there is no column of `integer_names`, integers without missing values; a value if
    there is no other column of `numeric_names`. Adds a note for each."""
    key = "" if integer_names else _find_free_name(schema, "key")
    value = "" if len(numeric_names) + bool(key) > 1 else _find_free_name(schema, "value")
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
    return AddedColumns(key, value)


def _find_free_name(schema: pa.Schema, name: str) -> str:
    return name if name not in schema.names else _find_free_name(schema, f"fairlap_{name}")


def note_text_dtypes(
    batch: pa.RecordBatch, dtypes: dict[str, str], words: dict[str, dict[str, int]] | None = None
) -> None:
    """Add to `dtypes` the text columns that have texts which look like something else. Add to `words`, by column, the
    texts that `read_csv` reads as missing, with their number."""
    for name, dtype, column in zip(batch.schema.names, batch.schema.types, batch.columns, strict=True):
        if dtype != pa.string():
            continue
        if name not in dtypes and pc.any(pc.match_substring_regex(column, NUMBER_LIKE)).as_py():
            dtypes[name] = "str"
        if words is not None:
            for count in pc.value_counts(column.filter(pc.is_in(column, value_set=MISSING))):
                counts, word = words.setdefault(name, {}), count["values"].as_py()
                counts[word] = counts.get(word, 0) + count["counts"].as_py()


def note_float_columns(content: TableContent) -> None:
    """Note the columns of `TableContent.float_columns`, when the table was read."""
    for name in content.float_columns:
        rounded = f"; {ROUNDED}" if name in content.large_columns else ""
        content.notes.add(
            NoteKind.WIDENED,
            f"column {name}: integer widened to float, because values are missing, as in pandas{rounded}",
        )


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


def note_lost_words(words: Mapping[str, Mapping[str, int]], notes: TableNotes) -> None:
    """Note the texts of `TableContent.lost_words`."""
    for name, counts in words.items():
        lost = ", ".join(f"{count:,} x {word!r}" for word, count in counts.items())
        notes.add(NoteKind.MISSING, f"{lost} in column {name} by read_csv; read_parquet keeps the text")


def make_names_usable(names: Sequence[str], notes: TableNotes) -> list[str]:
    """Names without line breaks: Modin reads only the first line of a CSV file as its header."""
    usable: dict[str, None] = {}
    for name in names:
        new = " ".join(name.split()) if len(name.splitlines()) > 1 else name
        while new in usable:
            new += "_"
        if new != name:
            notes.add(NoteKind.RENAMED, f"{name!r} to {new!r}, because Modin reads one line as the header")
        usable[new] = None
    return list(usable)
