"""Finds out how a CSV file is written: encoding, lines before the header and separator."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TextIO

from bench.tables.header import count_lines_before_header, is_header_comment, parse_rows
from bench.tables.identify import TableFile
from bench.tables.text_encoding import Encoding

SAMPLE_CHARACTERS = 1 << 16
SEPARATORS: Mapping[str, str] = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
"""Separators that are tried, in the order in which they win a tie, with their names."""
COMMENT_SIGNS = ("#", "%")
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)
"""The first line by which Excel writes which separator a file has."""
MIN_HEADER_SHARE = 0.5
"""Share of a sample's rows that must have as many fields as the header for a separator to be considered."""


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a CSV file is written."""

    encoding: Encoding
    separator: str
    skipped_lines: int = 0
    """Number of lines before the header: comments, other texts, and one that names the separator."""
    comments: tuple[str, ...] = ()
    """The comments before the header."""
    preamble: tuple[str, ...] = ()
    """Other texts before the header, such as a title."""
    is_header_marked: bool = False
    """Whether the header begins as comments do, such as `#name,city`."""

    @property
    def separator_name(self) -> str:
        return SEPARATORS.get(self.separator, repr(self.separator))


def open_text(file: TableFile, encoding: Encoding) -> TextIO:
    """The text of a CSV file, with its line ends as they are."""
    return io.TextIOWrapper(file.open_bytes(), encoding=encoding.codec, newline="")


def detect_format(file: TableFile, encoding: Encoding) -> CsvFormat:
    """How a CSV file in `encoding` is written. Raises UnicodeDecodeError and OSError."""
    with open_text(file, encoding) as text:
        sample = text.read(SAMPLE_CHARACTERS)
    lines = io.StringIO(sample, newline="").readlines()
    if len(sample) == SAMPLE_CHARACTERS and len(lines) > 1:
        del lines[-1]  # It may be cut.
    named = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    start = 1 if named else 0
    comment_count = _count_comments(lines[start:])
    body = lines[start + comment_count :]
    if named:
        separator = named[1]
        before = count_lines_before_header(body, separator)
    else:
        separator, before = _choose_separator(body)
    is_marked = bool(
        comment_count and not before and is_header_comment(lines[start + comment_count - 1], body, separator)
    )
    comments = lines[start : start + comment_count - is_marked]
    return CsvFormat(
        encoding,
        separator,
        start + len(comments) + before,
        tuple(comment.strip() for comment in comments),
        tuple(line.strip() for line in body[:before] if line.strip()),
        is_marked,
    )


def _count_comments(lines: Sequence[str]) -> int:
    """The number of lines before the first that is no comment. The header may be the last of them."""
    return next((number for number, line in enumerate(lines) if not line.startswith(COMMENT_SIGNS)), len(lines))


def _choose_separator(lines: Sequence[str]) -> tuple[str, int]:
    """The separator with which most rows have as many fields as the header, and more than one; and the number of lines
    before that header. A comma if there is none, as in pandas. Of several, not a comma that a space always follows, as
    in a text; of the others one that leaves no lines out; of these the one with the most fields.

    csv.Sniffer only proposes, because it errs on texts; what it proposes is verified in the same way.
    """
    try:
        proposed = csv.Sniffer().sniff("".join(lines), delimiters="".join(SEPARATORS)).delimiter
    except csv.Error:
        proposed = ","
    before = {separator: count_lines_before_header(lines, separator) for separator in SEPARATORS}
    tables = {separator: lines[count:] for separator, count in before.items()}
    scores = {separator: _score(table, separator) for separator, table in tables.items()}
    best = max(scores.values())
    if best < MIN_HEADER_SHARE:
        return ",", 0

    def rank(separator: str) -> tuple[bool, bool, int, bool, bool]:
        table = tables[separator]
        is_in_text = separator == "," and all(line.count(",") == line.count(", ") for line in table)
        fields = len(next(csv.reader(table, delimiter=separator), []))
        return not is_in_text, not before[separator], fields, separator == ",", separator == proposed

    chosen = max((separator for separator in SEPARATORS if scores[separator] == best), key=rank)
    return chosen, before[chosen]


def _score(lines: Sequence[str], separator: str) -> float:
    """The share of rows with as many fields as the header. One more is allowed: a row may end with a separator."""
    rows = [row for _, row in parse_rows(lines, separator)]
    if not rows or len(rows[0]) < 2:
        return 0.0
    width = len(rows[0])
    return sum(width <= len(row) <= width + 1 for row in rows) / len(rows)
