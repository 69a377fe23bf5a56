"""A table as it was read: its columns in types that CSV and Parquet files can both hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from bench.tables.notes import NoteKind, TableNotes

MAX_EXACT_INTEGER = 2**53
"""Beyond it, not every integer is a floating-point number of 64 bits."""
ROUNDED = "integers beyond 2^53 are rounded"


@dataclass(slots=True)
class TableContent:
    """A table that is read while `batches` are consumed. `float_columns` and `large_columns` are complete after the
    last one."""

    batches: Iterator[pa.RecordBatch]
    schema: pa.Schema
    """Names and types of the columns: 64-bit integers and floats, unsigned 64-bit integers, booleans, texts, or null
    for a column without values."""
    count_values: Callable[[int], tuple[int, int]]
    """By the position of a column: the numbers of its present and of its missing values, at least in the rows that are
    read."""
    notes: TableNotes
    layout: str
    """How the file is written, such as `separator semicolon, decimal comma, UTF-8`."""
    is_whole: bool = True
    """False if the file has more rows than were asked for."""
    widened: dict[str, str] = field(default_factory=dict[str, str])
    """By column of a CSV file: the dtype that pandas chose because of a later value, `float64` or `str`."""
    stored_types: dict[str, pa.DataType] = field(default_factory=dict[str, pa.DataType])
    """By column of a Parquet file: the type of its values in the file."""
    float_columns: list[str] = field(default_factory=list[str])
    """Columns of integers in a Parquet file that have missing values."""
    large_columns: list[str] = field(default_factory=list[str])
    """Columns of integers in a Parquet file that have one beyond `MAX_EXACT_INTEGER`."""

    def finish(self) -> None:
        """Add the notes that are known when the table was read."""
        for name in self.float_columns:
            rounded = f"; {ROUNDED}" if name in self.large_columns else ""
            self.notes.add(
                NoteKind.WIDENED,
                f"column {name}: integer widened to float, because values are missing, as in pandas{rounded}",
            )


def make_names_usable(names: Sequence[str], notes: TableNotes) -> list[str]:
    """Names without line breaks: some readers of CSV files, such as Modin's, take one line as the header."""
    usable: dict[str, None] = {}
    for name in names:
        new = " ".join(name.split()) if len(name.splitlines()) > 1 else name
        while new in usable:
            new += "_"
        if new != name:
            notes.add(NoteKind.RENAMED, f"{name!r} to {new!r}, because a header is one line")
        usable[new] = None
    return list(usable)
