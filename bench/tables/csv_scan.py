"""Reads a CSV file once, row by row, without holding it: finds broken rows, and follows the texts of every column.

The reader of the standard library tells quoted from unquoted fields as the parser of pandas does. Unlike that parser,
it can be asked where a quote opened, and it never reads the rest of a file into one field.
"""

from __future__ import annotations

import csv
import itertools
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

import pyarrow as pa

from bench.formatting import format_bytes, format_count
from bench.tables.column_scan import ColumnScan, ColumnScans
from bench.tables.csv_format import CsvFormat, open_text
from bench.tables.identify import TableFile
from bench.workload.interface import BadInput, ProgressReporter

ROWS_PER_CHUNK = 1 << 14
MAX_ROW_CHARACTERS = 1 << 24
"""Longest row. A longer one has an unclosed quote, or is no row."""
MAX_QUOTED_CHARACTERS = 80
"""Characters of a broken row that a message quotes."""
DOS_END = "\x1a"
NUMBER = re.compile(r"\s*[+-]?\d+([.,]\d+)?\s*")
QUOTE_AFTER_SPACE = re.compile(r'\s+"')
MIN_SWALLOWED_LINES = 100
MIN_SWALLOWED_SHARE = 0.9
"""A quoted text of so many lines, of which this share have as many fields as a row of the table, has swallowed them."""
MIN_SWALLOWED_ROWS = 3
MIN_SWALLOWED_ROW_SHARE = 0.75
"""The same for lines that also have a number where the row has one: fewer of these are no accident."""
HEADER_NOTE = "the header is row 1"
QUOTE_REMEDY = (
    "Close the quote, or double it if it belongs to the text. If quotes in this file have no meaning, remove them."
)


@dataclass(slots=True)
class CsvScan:
    """What a CSV file holds, as far as it was scanned."""

    header: list[str]
    """The fields of the header."""
    width: int
    """Number of fields in a row: more than in the header if the first row has more."""
    column_scans: list[ColumnScans]
    rows: int = 0
    is_whole: bool = True
    """False if the file has more rows than were asked for, or if the time was over."""
    short_rows: int = 0
    """Number of rows with fewer fields than `width`."""
    first_short_row: int = 0
    characters: int = 0
    """Number of characters of all rows."""
    multiline_rows: int = 0
    """Number of rows with line breaks in quotes."""
    longest: MultilineText | None = None
    """The text with the most line breaks."""
    has_dos_end: bool = False
    """Whether the last line is the end-of-file character of DOS, which is no row."""
    blank_lines: int = 0
    """Number of lines without text below the header, which are no rows."""
    quotes_after_space: int = 0
    """The first row with a quote after a space, which opens no quoted text; 0 if there is none."""

    @property
    def columns(self) -> list[ColumnScan]:
        """The columns, each with its decimal sign."""
        return [scans.choose() for scans in self.column_scans]

    @property
    def has_empty_end(self) -> bool:
        """Whether the rows end with one field more than the header has, which is always empty."""
        last = self.column_scans[-1].choose()
        return self.width == len(self.header) + 1 and last.kind == "missing" and not last.missing_words

    @property
    def column_count(self) -> int:
        """Number of columns, without an empty end."""
        return self.width - self.has_empty_end


@dataclass(frozen=True, slots=True)
class MultilineText:
    """A quoted text with line breaks."""

    row: int
    column: int
    first_line: int
    last_line: int


class _Lines:
    """The lines of a file for a `csv.reader`, with those that the present row has taken."""

    def __init__(self, text: TextIO, name: str, separator: str, skipped_lines: int) -> None:
        self._text, self.name, self.separator = text, name, separator
        for _ in range(skipped_lines):
            text.readline()
        self.taken: list[str] = []
        self.row = 1
        """The number of the present row."""
        self.ended = False
        self.width = 0
        """Number of fields in a row; 0 until the first row was read."""
        self.has_dos_end = False
        self.blank_lines = 0
        self._lines_before = skipped_lines
        self._next = ""
        """A line that was read ahead."""

    def __iter__(self) -> Iterator[str]:
        size = 0
        while line := self._read_line():
            size = size + len(line) if self.taken else len(line)
            self.taken.append(line)
            if size >= MAX_ROW_CHARACTERS:
                raise self._explain_long_row()
            if "\0" in line:
                raise self._explain_null(line)
            yield line
        self.ended = True

    def _read_line(self) -> str:
        """The next line; empty at the end of the file, or at a last line that is the end-of-file character of DOS."""
        line, self._next = self._next or self._text.readline(MAX_ROW_CHARACTERS), ""
        if line.rstrip("\r\n") == DOS_END:
            while (following := self._text.readline(MAX_ROW_CHARACTERS)) and not following.strip("\r\n"):
                self._lines_before += 1
            self._next = following
            self.has_dos_end = not self._next
        return "" if self.has_dos_end else line

    def drop_row(self, is_blank: bool = False) -> None:
        """Forget the lines of the present row. A blank one is not counted, as in pandas."""
        self._lines_before += len(self.taken)
        self.taken.clear()
        self.row += not is_blank
        self.blank_lines += is_blank and self.row > 1

    @property
    def line(self) -> int:
        """The number of the first line of the present row."""
        return self._lines_before + 1

    @property
    def place(self) -> str:
        """`Row 2,002 of own.csv (line 2,010; the header is row 1)`."""
        line = self.line
        return f"Row {self.row:,} of {self.name} ({'' if line == self.row else f'line {line:,}; '}{HEADER_NOTE})"

    def explain_unclosed_quote(self) -> BadInput:
        return BadInput(
            f"{self.place} opens a quote{self._describe_column()} that is never closed: {_quote(self.taken[0])}",
            QUOTE_REMEDY,
        )

    def _describe_column(self) -> str:
        """In which field the first line of the row ends: there a quote is open."""
        fields = list(csv.reader(self.taken[:1], delimiter=self.separator))
        return f" in column {len(fields[0])}" if fields else ""

    def _explain_long_row(self) -> BadInput:
        size = format_bytes(MAX_ROW_CHARACTERS)
        if len(self.taken) > 1:
            column = self._describe_column()
            text = f"{self.place} opens a quote{column} that is not closed within {size}: {_quote(self.taken[0])}"
            return BadInput(text, QUOTE_REMEDY)
        text = f"{self.place} is longer than {size}: {_quote(self.taken[0])}"
        return BadInput(text, "Give a text file with one row in every line.")

    def _explain_null(self, line: str) -> BadInput:
        before = line[: line.index("\0")]
        column = before.count(self.separator) + 1
        nulls = line.count("\0")
        what = f"has a null byte in column {column}: {_quote(line)}"
        if not line.strip("\0\r\n"):
            what = f"has {nulls:,} null bytes and no text: the file was damaged, or was not written to its end"
        return BadInput(
            f"{self.place} {what}",
            "Give a text file. If this is one, write it again without null bytes: pandas cuts a text at them.",
        )


def scan_csv(
    file: TableFile, layout: CsvFormat, max_rows: int, progress: ProgressReporter, limit_s: float | None = None
) -> CsvScan:
    """Scan the first `max_rows` rows of a CSV file.

    With `limit_s`, it ends without an error after so many seconds. Raises BadInput for a broken row, and
    UnicodeDecodeError if the text is not in the encoding of `layout`.
    """
    deadline = None if limit_s is None else time.monotonic() + limit_s
    csv.field_size_limit(2 * MAX_ROW_CHARACTERS)
    with open_text(file, layout.encoding) as text:
        lines = _Lines(text, file.name, layout.separator, layout.skipped_lines)
        return _scan_rows(lines, layout, max_rows, progress, deadline)


def _scan_rows(
    lines: _Lines, layout: CsvFormat, max_rows: int, progress: ProgressReporter, deadline: float | None
) -> CsvScan:
    rows = _read_rows(lines)
    header = next(rows, None)
    if header is None:
        raise BadInput("The file has no header and no rows", "Give a text file with a header and rows.")
    first = next(rows, None)
    width = lines.width = max(len(header), len(first or []))
    # Beside a separator comma, a decimal comma needs quotes; pandas reads such fields as text.
    decimals = "." if layout.separator == "," else ".,"
    scan = CsvScan(header, width, [ColumnScans(decimals) for _ in range(width)])
    extra_in_first = len(first or []) - len(header)
    chunk: list[Sequence[str | None]] = []
    for row in itertools.chain([first] if first is not None else [], rows):
        if scan.rows + len(chunk) >= max_rows:
            scan.is_whole = False
            break
        scan.characters += sum(map(len, row))
        if len(lines.taken) > 1:
            _note_line_breaks(scan, lines, row)
        if not scan.quotes_after_space and any(QUOTE_AFTER_SPACE.match(text) for text in row):
            scan.quotes_after_space = lines.row
            if extra_in_first > 0:
                raise _explain_quote_style(lines, "after a space", "Remove the spaces before the quotes")
        if extra_in_first > 0 and _has_split_single_quotes(row):
            raise _explain_quote_style(lines, "of the single kind", "Use double quotes")
        if (extra_in_first > 0 or len(row) > width) and any('\\"' in line for line in lines.taken):
            raise _explain_quote_style(lines, "after a backslash", "Double the quotes inside of texts")
        if len(row) > width:
            raise _explain_extra_fields(lines, row, scan, layout)
        padded: Sequence[str | None] = row
        if len(row) < width:
            scan.short_rows += 1
            scan.first_short_row = scan.first_short_row or lines.row
            padded = [*row, *[None] * (width - len(row))]
        chunk.append(padded)
        if len(chunk) >= ROWS_PER_CHUNK:
            _add_chunk(scan, chunk)
            progress(f"checking the file: {scan.rows:,} rows")
            if deadline is not None and time.monotonic() > deadline:
                scan.is_whole = False
                break
    _add_chunk(scan, chunk)
    scan.has_dos_end, scan.blank_lines = lines.has_dos_end, lines.blank_lines
    if extra_in_first > 0 and scan.short_rows > scan.rows / 2:
        raise BadInput(
            f"The first row of {lines.name} has {format_count(width, 'field')}, the header has {len(header)}, and so "
            f"do most rows: {format_count(scan.short_rows, 'row')} have fewer fields than the first",
            f"Correct the first row. Text with a {layout.separator_name} or a line break must be in quotes.",
        )
    return scan


def _read_rows(lines: _Lines) -> Iterator[list[str]]:
    """The rows of a file without blank lines. Raises BadInput for a quote that is not closed where it should be."""
    for row in csv.reader(iter(lines), delimiter=lines.separator):
        # At the end of the lines, the reader returns what it has of a row that is not complete.
        if lines.ended:
            raise lines.explain_unclosed_quote()
        if len(row) < 2 and not "".join(lines.taken).strip():
            lines.drop_row(is_blank=True)
            continue
        if len(lines.taken) > 1:
            _check_line_breaks(lines, row)
        yield row
        lines.drop_row()


def _check_line_breaks(lines: _Lines, row: Sequence[str]) -> None:
    """Raise BadInput if a quoted text with line breaks is followed by other text, or looks like rows of the table.

    The closing quote of such a text was that of another field: the quote that opened it has no partner.
    """
    column = _find_multiline_column(row)
    last = len(lines.taken)
    try:
        list(csv.reader(lines.taken, delimiter=lines.separator, strict=True))
    except csv.Error:
        raise BadInput(
            f"{lines.place} opens a quote in column {column} that is closed {format_count(last - 1, 'line')} later, in "
            f"the middle of a field: {_quote(lines.taken[0])} to {_quote(lines.taken[-1])}",
            QUOTE_REMEDY,
        ) from None
    inside = lines.taken[1:-1]
    if _look_like_rows(inside, row[: column - 1], lines):
        raise BadInput(
            f"{lines.place} opens a quote in column {column} that takes in {format_count(len(inside), 'line')} which "
            f"look like rows of the table: {_quote(lines.taken[0])} to {_quote(lines.taken[-1])}",
            QUOTE_REMEDY,
        )


def _look_like_rows(inside: Sequence[str], before: Sequence[str], lines: _Lines) -> bool:
    """Whether the lines inside of a quoted text are rows of the table. `before` are the fields before that text.

    In a table of one column every line could be a row, so that its texts are only noted.
    """
    if lines.width < 2 or len(inside) < MIN_SWALLOWED_ROWS:
        return False
    rows = [line.split(lines.separator) for line in inside]
    if len(rows) >= MIN_SWALLOWED_LINES:
        alike = sum(len(fields) == lines.width for fields in rows)
        if alike >= MIN_SWALLOWED_SHARE * len(rows):
            return True
    numbers = [index for index, text in enumerate(before) if NUMBER.fullmatch(text)]
    alike = sum(
        len(fields) == lines.width and all(NUMBER.fullmatch(fields[index]) for index in numbers) for fields in rows
    )
    return bool(numbers) and alike >= MIN_SWALLOWED_ROW_SHARE * len(rows)


def _find_multiline_column(row: Sequence[str]) -> int:
    return next(number for number, text in enumerate(row, 1) if "\n" in text or "\r" in text)


def _note_line_breaks(scan: CsvScan, lines: _Lines, row: Sequence[str]) -> None:
    scan.multiline_rows += 1
    count = len(lines.taken)
    if scan.longest is None or count > scan.longest.last_line - scan.longest.first_line + 1:
        column = _find_multiline_column(row)
        scan.longest = MultilineText(lines.row, column, lines.line, lines.line + count - 1)


def _add_chunk(scan: CsvScan, chunk: list[Sequence[str | None]]) -> None:
    """Follow the texts of the next rows, and empty `chunk`."""
    if not chunk:
        return
    for column, texts in zip(scan.column_scans, zip(*chunk, strict=True), strict=True):
        column.update(pa.array(texts, pa.string()), scan.rows + 2)
    scan.rows += len(chunk)
    chunk.clear()


def _explain_extra_fields(lines: _Lines, row: Sequence[str], scan: CsvScan, layout: CsvFormat) -> BadInput:
    extra = row[scan.width]
    return BadInput(
        f"{lines.place} has {len(row)} fields instead of {scan.width}, with the separator {layout.separator_name}; the "
        f"first one beyond the columns is {_quote(extra)}: {_quote(''.join(lines.taken))}",
        f"Correct or remove that row. Text with a {layout.separator_name} or a line break must be in quotes.",
    )


def _has_split_single_quotes(row: Sequence[str]) -> bool:
    """Whether a text in single quotes is torn apart, as `'Smith` and `John'`."""
    return any(text.startswith("'") and text.count("'") == 1 for text in row) and any(
        text.endswith("'") and text.count("'") == 1 for text in row
    )


def _explain_quote_style(lines: _Lines, style: str, remedy: str) -> BadInput:
    return BadInput(
        f"{lines.place} has quotes {style}, which do not keep a {lines.separator!r} inside of a text: "
        f"{_quote(''.join(lines.taken))}",
        f"{remedy}: only a double quote at the beginning of a field opens a quoted text.",
    )


def _quote(text: str) -> str:
    return repr(text[:MAX_QUOTED_CHARACTERS].rstrip("\r\n")) + ("…" if len(text) > MAX_QUOTED_CHARACTERS else "")
