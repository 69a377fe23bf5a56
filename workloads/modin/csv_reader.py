"""TODO: workloads.modin.csv_reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from bench.workload.interface import BadInput

MAX_ROW_CHARACTERS = 80
"""Characters of a broken row that are shown."""


UTF_8_REMEDY = "Save the file in UTF-8."


BLOCK_BYTES = 1 << 20
"""Bytes of a CSV that are read at once, and of which the first tell what a column holds."""


CSV_ERRORS = (
    ("Empty CSV file", "is empty, or has one line only", "Give a text file with a header and rows."),
    ("invalid UTF8", "is not in UTF-8", UTF_8_REMEDY),
    ("straddl", f"has a row of more than {BLOCK_BYTES >> 10:,} KiB", "Mend it: a quote may not be closed."),
    (
        "",
        "cannot be read",
        f"Mend the row; a column is taken for what the first {BLOCK_BYTES >> 10:,} KiB of the file show.",
    ),
)
"""What an error's text has in it, what it means, and what to do; the last is for all others."""


def read_csv_chunks(path: Path) -> Iterator[pa.RecordBatch]:
    with path.open("rb") as file:
        header = file.readline(BLOCK_BYTES)
    try:
        header.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"The first line of {path.name} is no text in UTF-8", UTF_8_REMEDY) from error
    broken: list[csv.InvalidRow] = []

    def keep(row: csv.InvalidRow) -> str:
        broken.append(row)
        return "error"

    # By one thread, which alone can count the rows.
    how = csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
    try:
        with csv.open_csv(path, how, csv.ParseOptions(invalid_row_handler=keep)) as reader:
            for field in reader.schema:
                if pa.types.is_binary(field.type):
                    raise BadInput(f"The column {field.name} holds bytes that are no text in UTF-8", UTF_8_REMEDY)
            yield from reader
    except pa.ArrowInvalid as error:
        raise _explain_broken_row(path, broken[0]) if broken else _explain_csv_error(path, str(error)) from error


def _explain_broken_row(path: Path, row: csv.InvalidRow) -> BadInput:
    return BadInput(
        f"Row {row.number:,} of {path.name}, its header being row 1, has {row.actual_columns} columns instead of "
        f"{row.expected_columns}: {row.text[:MAX_ROW_CHARACTERS]!r}",
        "Mend that row, or leave it out; a text with a comma or a line break in it must stand in quotes.",
    )


def _explain_csv_error(path: Path, words: str) -> BadInput:
    what, remedy = next((what, remedy) for sign, what, remedy in CSV_ERRORS if sign in words)
    return BadInput(f"{path.name} {what}: {words}", remedy)
