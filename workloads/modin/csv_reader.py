"""Reads a user's CSV file in chunks, and explains what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from bench.workload.interface import BadInput

BLOCK_BYTES = 1 << 20
"""Bytes that are read at a time. The first block decides the type of each column."""
MAX_QUOTED_CHARACTERS = 80
"""Characters of a broken row that a message quotes."""
UTF_8_REMEDY = "Save the file in UTF-8."


@dataclass(frozen=True, slots=True)
class CsvError:
    """An error that PyArrow raises for a CSV file."""

    sign: str
    """Part of the error's text."""
    meaning: str
    """What is wrong, to be written after the name of the file."""
    remedy: str


CSV_ERRORS = (
    CsvError("Empty CSV file", "is empty, or has only one line", "Give a text file with a header and rows."),
    CsvError("invalid UTF8", "is not in UTF-8", UTF_8_REMEDY),
    CsvError(
        "straddl",
        f"has a row of more than {BLOCK_BYTES >> 10:,} KiB",
        "Correct the file: a closing quote may be missing.",
    ),
)
OTHER_CSV_ERROR = CsvError(
    "",
    "cannot be read",
    f"Correct that row. The first {BLOCK_BYTES >> 10:,} KiB of the file decide the type of each column.",
)


def read_csv_chunks(path: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a CSV file with a header, in chunks. Raises BadInput if the file cannot be read."""
    with path.open("rb") as file:
        header = file.readline(BLOCK_BYTES)
    try:
        header.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"The first line of {path.name} is not text in UTF-8", UTF_8_REMEDY) from error
    invalid_rows: list[csv.InvalidRow] = []

    def record_invalid_row(row: csv.InvalidRow) -> str:
        invalid_rows.append(row)
        return "error"

    # With one thread, because only then does PyArrow report row numbers.
    read_options = csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
    parse_options = csv.ParseOptions(invalid_row_handler=record_invalid_row)
    try:
        with csv.open_csv(path, read_options, parse_options) as reader:
            for field in reader.schema:
                if pa.types.is_binary(field.type):
                    raise BadInput(f"The column {field.name} is not text in UTF-8", UTF_8_REMEDY)
            yield from reader
    except pa.ArrowInvalid as error:
        raise _explain_invalid_row(path, invalid_rows[0]) if invalid_rows else _explain_error(path, error) from error


def _explain_invalid_row(path: Path, row: csv.InvalidRow) -> BadInput:
    return BadInput(
        f"Row {row.number:,} of {path.name} (the header is row 1) has {row.actual_columns} columns instead of "
        f"{row.expected_columns}: {row.text[:MAX_QUOTED_CHARACTERS]!r}",
        "Correct or remove that row. Text with a comma or a line break must be in quotes.",
    )


def _explain_error(path: Path, error: pa.ArrowInvalid) -> BadInput:
    text = str(error)
    known = next((known for known in CSV_ERRORS if known.sign in text), OTHER_CSV_ERROR)
    return BadInput(f"{path.name} {known.meaning}: {text}", known.remedy)
