"""Finds the header of a CSV file below a title, notes or comments."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence

from bench.tables.column_scan import MISSING_TEXTS

MAX_SAMPLE_ROWS = 500
MAX_ROWS_BEFORE = 20
"""Most rows before the header that can be a title or notes."""
VALUE = re.compile(
    r"\s*[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?\s*|\s*\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([T ]\d{1,2}:\d{2}.*)?\s*"
)
"""A number or a date, which is no name of a column."""
MIN_VALUE_SHARE = 0.8
"""A column has values if this share of its texts are numbers or dates."""


def parse_rows(lines: Sequence[str], separator: str) -> list[tuple[int, list[str]]]:
    """The first rows of `lines` that are not blank, each with the number of lines before it."""
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(lines, delimiter=separator)
    before = 0
    try:
        for row in reader:
            if row:
                rows.append((before, row))
            before = reader.line_num
            if len(rows) >= MAX_SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # A field that is too long: the rows before it decide, and the scan of the file names it.
    return rows


def count_lines_before_header(lines: Sequence[str], separator: str) -> int:
    """The number of lines before the header: none, unless rows with fewer fields come before one that can only be it.

    It can only be the header if it has names where the rows below have numbers or dates; or if the rows before it have
    one field, and the table has three or more: pandas reads no such table.
    """
    rows = parse_rows(lines, separator)
    width = _find_width([row for _, row in rows])
    if width < 2:
        return 0
    value_columns = _find_value_columns([row for _, row in rows], width)
    for number, (line, row) in enumerate(rows[: MAX_ROWS_BEFORE + 1]):
        # Not beyond a complete row, which is the header or belongs to a table whose header is the first row.
        if number and _has_names(row, width):
            is_below_title = width > 2 and all(len(before) == 1 for _, before in rows[:number])
            if is_below_title or value_columns:
                return line
        if sum(bool(field.strip()) for field in row) >= width or _is_header_of_index(row, width):
            break
    return 0


def is_header_comment(comment: str, lines: Sequence[str], separator: str) -> bool:
    """Whether the comment above `lines` is their header: it has a name for each field, and the first row is none.

    Without a number in the first row, only a sign that no space follows, as in `#name,city`, marks a header.
    """
    rows = [row for _, row in parse_rows(lines, separator)]
    names = next((row for _, row in parse_rows([comment], separator)), [])
    width = len(names)
    if not rows or width < 2 or len(rows[0]) != width or not _has_names(names, width):
        return False
    if [names[0][1:].strip(), *names[1:]] == rows[0]:
        return False
    if any(VALUE.fullmatch(field) for field in rows[0]):
        return True
    return not names[0][1:2].isspace() and not _find_value_columns(rows, width)


def _find_width(rows: Sequence[Sequence[str]]) -> int:
    """The number of fields that most rows have."""
    counts = Counter(len(row) for row in rows)
    return counts.most_common(1)[0][0] if counts else 0


def _find_value_columns(rows: Sequence[Sequence[str]], width: int) -> list[int]:
    """The columns that have numbers or dates. The first rows may be no rows of the table, and do not decide."""
    complete = [row for row in rows if len(row) == width]
    columns: list[int] = []
    for column in range(width):
        texts = [row[column] for row in complete if row[column].strip()]
        if sum(VALUE.fullmatch(text) is not None for text in texts) >= max(1.0, MIN_VALUE_SHARE * len(texts)):
            columns.append(column)
    return columns


def _is_header_of_index(row: Sequence[str], width: int) -> bool:
    """Whether a row has a name for each column but the first: so pandas writes an index without a name."""
    return len(row) == width and not row[0].strip() and _has_names(row[1:], width - 1)


def _has_names(row: Sequence[str], width: int) -> bool:
    """Whether a row has a different name for each column."""
    names = {field.strip() for field in row}
    return len(row) == len(names) == width and not any(VALUE.fullmatch(name) or name in MISSING_TEXTS for name in names)
