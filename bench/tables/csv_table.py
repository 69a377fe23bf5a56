"""Reads a CSV file as pandas does, and notes what it widened, renamed and converted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from bench.formatting import format_count
from bench.tables.column_scan import ColumnScan
from bench.tables.content import (
    MAX_EXACT_INTEGER,
    ROUNDED,
    TableContent,
    make_names_usable,
)
from bench.tables.csv_format import SEPARATORS, CsvFormat, detect_format, open_text
from bench.tables.csv_scan import HEADER_NOTE, CsvScan, scan_csv
from bench.tables.header import VALUE
from bench.tables.identify import TableFile
from bench.tables.notes import NoteKind, TableNotes
from bench.tables.read_errors import translate_read_errors
from bench.tables.text_encoding import detect_encoding, guess_encoding
from bench.workload.interface import BadInput, ProgressReporter

CELL_BYTES = 8
TEXT_OBJECT_BYTES = 60
"""Bytes of a Python string in a DataFrame in addition to its characters."""
MIN_ROWS_BEFORE_CHANGE = 20
"""A column that changes its kind in its first rows is no surprise, and is not noted."""
MAX_QUOTED_LINES = 3
MAX_QUOTED_CHARACTERS = 60
EXTRA_NAME = "fairlap_extra"
"""Name of a last field that is always empty, until it is left out."""
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class CsvCheck:
    """What is known of a CSV file before it is read."""

    layout: CsvFormat
    scan: CsvScan

    @property
    def size_bytes(self) -> int:
        """Approximate size of the scanned rows as a DataFrame."""
        return self.scan.rows * self.scan.width * CELL_BYTES + self.scan.characters


def check_csv(file: TableFile, max_rows: int, progress: ProgressReporter, limit_s: float | None = None) -> CsvCheck:
    """Find out how a CSV file is written, and scan its first `max_rows` rows, for at most `limit_s` seconds.

    Raises BadInput with row, column and separator if pandas could not read it, or would lose rows.
    """
    with translate_read_errors(file.name):
        encoding = detect_encoding(file)
        try:
            layout = detect_format(file, encoding)
            return CsvCheck(layout, scan_csv(file, layout, max_rows, progress, limit_s))
        except UnicodeDecodeError:
            if encoding.codec != "utf-8":
                raise
            layout = detect_format(file, guess_encoding(file))
            return CsvCheck(layout, scan_csv(file, layout, max_rows, progress, limit_s))


def read_checked_csv(file: TableFile, check: CsvCheck, progress: ProgressReporter, rows_per_batch: int) -> TableContent:
    """The rows of a CSV file that were checked, as pandas reads them. Raises BadInput."""
    layout, scan, notes = check.layout, check.scan, TableNotes()
    name = file.name
    with translate_read_errors(name):
        names, leading, extra = _name_columns(layout, scan, notes)
        columns = dict(zip(names, scan.columns, strict=True))
        progress("reading the file with pandas")
        frame = _read_frame(file, layout, scan.rows, columns)
        if extra:
            frame = frame.drop(columns=[extra])
        if len(frame) != scan.rows:
            raise BadInput(
                f"pandas reads {format_count(len(frame), 'row')} of {name}, and the check of the file found "
                f"{scan.rows:,}",
                "Save the file again with pandas: pandas.read_csv(file).to_csv('table.csv', index=False).",
            )
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    widened = _note_conversions(frame, columns, scan, notes)
    if scan.longest:
        text = scan.longest
        notes.add(
            NoteKind.LINE_BREAKS,
            f"{format_count(scan.multiline_rows, 'row')} with line breaks in quotes; the longest such text, in row "
            f"{text.row:,} ({HEADER_NOTE}), column {text.column}, takes lines {text.first_line:,} to "
            f"{text.last_line:,} of the file",
        )
    if scan.width == 1:
        notes.add(
            NoteKind.SEPARATOR,
            f"none was found ({', '.join(SEPARATORS.values())}), so that each line is one value. Fixed widths, spaces "
            "and colons separate no columns here",
        )
    if scan.quotes_after_space:
        notes.add(
            NoteKind.QUOTES,
            f"after a space they belong to the text, as in pandas; the first are in row {scan.quotes_after_space:,} "
            f"({HEADER_NOTE})",
        )
    _note_header(layout, scan.header, notes)
    if guess := layout.encoding.describe_guess():
        notes.add(NoteKind.ENCODING, guess)
    if scan.has_dos_end:
        notes.add(NoteKind.LEFT_OUT, "the end-of-file character of DOS (^Z) after the last row")
    if extra:
        notes.add(NoteKind.LEFT_OUT, "the empty field that each row ends with")
    if leading:
        _note_leading(scan, leading, notes)
    if scan.blank_lines and scan.width == 1:
        count = format_count(scan.blank_lines, "blank line")
        notes.add(NoteKind.LEFT_OUT, f"{count}, as in pandas; a missing value of a single column is written as NA")
    description = f"separator {layout.separator_name}, decimal {_note_decimals(columns, notes)}, {layout.encoding.name}"
    return TableContent(
        iter(table.to_batches(max_chunksize=rows_per_batch)),
        table.schema,
        lambda index: (len(table) - table.column(index).null_count, table.column(index).null_count),
        notes,
        description,
        scan.is_whole,
        widened,
    )


def _note_header(layout: CsvFormat, header: Sequence[str], notes: TableNotes) -> None:
    """Note what was taken as the header, if it could be something else, and what is before it."""
    if layout.comments:
        count = format_count(len(layout.comments), "comment line")
        notes.add(NoteKind.LEFT_OUT, f"{count} before the header: {_quote_lines(layout.comments)}")
    if layout.preamble:
        count = format_count(len(layout.preamble), "line")
        notes.add(NoteKind.LEFT_OUT, f"{count} before the header, which are no rows: {_quote_lines(layout.preamble)}")
    if layout.is_header_marked:
        notes.add(NoteKind.HEADER, f"the line that begins with {header[0]!r}, which has a name for each column")
    elif all(VALUE.fullmatch(name) for name in header):
        names = _quote_lines(header)
        notes.add(NoteKind.HEADER, f"the first row, {names}, as in pandas; if it is no header, add one to the file")


def _quote_lines(lines: Sequence[str]) -> str:
    quoted = [repr(line[:MAX_QUOTED_CHARACTERS]) for line in lines[:MAX_QUOTED_LINES]]
    return ", ".join([*quoted, *(["…"] if len(lines) > MAX_QUOTED_LINES else [])])


def _name_columns(layout: CsvFormat, scan: CsvScan, notes: TableNotes) -> tuple[list[str], list[str], str]:
    """The names of all fields as pandas gives them; those of fields before the header's; and the name of a last field
    that is always empty, else an empty text."""
    named = _name_as_pandas(scan.header, layout.separator)
    for number, (field, name) in enumerate(zip(scan.header, named, strict=True), 1):
        if field != name:
            what = f"column {number}, which has no name" if not field.strip() else f"the second column {field}"
            if field.strip() and field in named[number:]:
                what = field
            if field.startswith(BYTE_ORDER_MARK):
                what = f"column {number}, which begins with a second byte order mark"
            notes.add(NoteKind.RENAMED, f"{what}: {name}, as pandas names it")
    named = make_names_usable(named, notes)
    if scan.has_empty_end:
        extra = EXTRA_NAME
        while extra in named:
            extra += "_"
        return [*named, extra], [], extra
    taken = set(named)
    leading = [_find_index_name(number, taken) for number in range(scan.width - len(named))]
    return [*leading, *named], leading, ""


def _note_leading(scan: CsvScan, leading: Sequence[str], notes: TableNotes) -> None:
    """Note that the header has fewer names than the rows have fields, and which fields have none."""
    count = len(leading)
    fields = "the first field has no name" if count == 1 else f"the first {count} fields have no names"
    it = "it" if count == 1 else "them"
    notes.add(
        NoteKind.HEADER,
        f"it has {format_count(len(scan.header), 'name')} for rows of {scan.width} fields, so that {fields}: pandas "
        f"reads {it} as the index of the rows, here {', '.join(leading)}. If the name of another column is missing, "
        "correct the header",
    )


def _name_as_pandas(header: Sequence[str], separator: str) -> list[str]:
    if all(header) and len(set(header)) == len(header) and not header[0].startswith(BYTE_ORDER_MARK):
        return list(header)  # pandas takes a second for thousands of names.
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerow(header)
    text.seek(0)
    if header == [""]:
        return ["Unnamed: 0"]
    return [str(name) for name in pd.read_csv(text, sep=separator, nrows=0).columns]


def _find_index_name(number: int, taken: set[str]) -> str:
    name = "index" if number == 0 else f"index_{number}"
    while name in taken:
        name = f"{name}_"
    taken.add(name)
    return name


def _read_frame(file: TableFile, layout: CsvFormat, rows: int, columns: Mapping[str, ColumnScan]) -> pd.DataFrame:
    """The first `rows` rows. The file is read once for each decimal sign of its columns."""
    decimals = {column.decimal for column in columns.values()}
    parts: list[pd.DataFrame] = []
    for decimal in sorted(decimals):
        usable: Any = [name for name, column in columns.items() if column.decimal == decimal]
        with open_text(file, layout.encoding) as text:
            for _ in range(layout.skipped_lines):
                text.readline()
            # Types are decided by whole columns (low_memory=False): parts of a column would get types of their own.
            part = pd.read_csv(
                text,
                sep=layout.separator,
                decimal=decimal,
                names=list(columns),
                header=0,
                index_col=False,
                nrows=rows,
                low_memory=False,
                usecols=usable,
            )
        parts.append(part)
    if len(parts) == 1:
        return parts[0]
    return pd.concat(parts, axis=1).reindex(columns=list(columns))


def _note_decimals(columns: Mapping[str, ColumnScan], notes: TableNotes) -> str:
    """The decimal signs of the columns, for the description of the file. Notes which columns have which, if it has
    both."""
    with_comma = [name for name, column in columns.items() if column.decimal == ","]
    with_point = [name for name, column in columns.items() if column.decimal == "." and column.kind == "number"]
    if with_comma and with_point:
        notes.add(
            NoteKind.CONVERTED,
            f"decimal comma in {', '.join(with_comma)}; decimal point in {', '.join(with_point)}",
        )
        return "comma and point"
    return "comma" if with_comma else "point"


def _note_conversions(
    frame: pd.DataFrame, columns: dict[str, ColumnScan], scan: CsvScan, notes: TableNotes
) -> dict[str, str]:
    """Note what pandas made of the texts of each column. Returns the dtypes of the columns that were widened."""
    dtypes: dict[str, str] = {}
    for name in map(str, frame.columns):
        column, dtype = columns[name], frame[name].dtype
        if text := _describe_widening(name, column, dtype.kind):
            notes.add(NoteKind.WIDENED, text)
            dtypes[name] = "float64" if dtype.kind == "f" else "str"
        if column.leading_zeros and dtype.kind in "iuf":
            number = str(frame[name].dtype.type(column.leading_zero_example.strip().replace(",", ".")))
            count = format_count(column.leading_zeros, "value")
            notes.add(
                NoteKind.CONVERTED,
                f"{count} of column {name} with leading zeros, read as numbers, as pandas does "
                f"({column.leading_zero_example} as {number})",
            )
        if text := _describe_lost_numbers(name, column, frame[name]):
            notes.add(NoteKind.CONVERTED, text)
        if column.missing_words:
            words = ", ".join(f"{count:,} x {word!r}" for word, count in column.missing_words.items())
            notes.add(NoteKind.MISSING, f"{words} in column {name}")
    if scan.short_rows:
        notes.add(
            NoteKind.MISSING,
            f"the last fields of {format_count(scan.short_rows, 'row')} that have fewer than {scan.width}, the first "
            f"is row {scan.first_short_row:,} ({HEADER_NOTE})",
        )
    return dtypes


def _describe_lost_numbers(name: str, column: ColumnScan, values: Any) -> str:
    """Which numbers of a column pandas reads as something else; empty if there are none. `values` is the series."""
    dtype_kind = values.dtype.kind
    if column.kind == "text" and column.has_only_numbers:
        return (
            f"column {name}: numbers with separators of thousands or other decimal signs are text, as in pandas "
            f"({column.changes[-1].value!r})"
        )
    if column.kind == "integer" and dtype_kind == "O":
        return f"column {name}: integers of more than 64 bits are text, as in pandas"
    if column.kind == "number" and dtype_kind == "O":
        return f"column {name}: numbers beyond the range of floats make it text, as in pandas"
    if column.kind == "integer" and dtype_kind == "f" and values.abs().max() > MAX_EXACT_INTEGER:
        return f"column {name}: {ROUNDED}, because pandas reads this column as floats"
    return ""


def _describe_widening(name: str, column: ColumnScan, dtype_kind: str) -> str:
    """Which value made pandas choose a wider type than the column began with; empty if none did."""
    if dtype_kind == "f" and column.kind == "integer" and column.first_missing:
        return (
            f"column {name}: integer widened to float, because the value in row {column.first_missing:,} is missing "
            f"({HEADER_NOTE})"
        )
    late = [change for change in column.changes if change.row > MIN_ROWS_BEFORE_CHANGE + 1]
    if not late:
        return ""
    change = late[-1]
    place = f"row {change.row:,} ({HEADER_NOTE}): {change.value[:40]!r}"
    if change.was == "missing":
        kind = "text" if dtype_kind == "O" else "number"
        return f"column {name}: empty widened to {kind} from {place}"
    if dtype_kind == "f":
        return f"column {name}: {change.was} widened to float from {place}"
    if dtype_kind == "O":
        return f"column {name}: {change.was} widened to text, all of it, because of {place}"
    return ""
