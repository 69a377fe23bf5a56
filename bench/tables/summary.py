"""Describes a table at hand-in: its rows, columns and size, and what is converted when it is used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.formatting import format_bytes, format_count
from bench.tables.content import TableContent
from bench.tables.csv_table import CsvCheck
from bench.tables.identify import TableFile, identify_file
from bench.tables.reader import TableCheck, check_table, read_table
from bench.workload.file_summary import FileSummary

MAX_ROWS = 1 << 24
"""Most rows that are read."""
MAX_SCAN_S = 20.0
"""Longest scan of a CSV file, in seconds."""
MAX_READ_BYTES = 32 << 20
"""Larger tables are not read at hand-in: it would take too long, and more memory than a check has."""
MAX_COLUMNS = 1_000
"""Names of columns that a summary lists."""
ROWS_PER_BATCH = 1 << 16


def summarize_table(
    file: Path,
    name: str,
    require_rows: Callable[[int], None],
    complete: Callable[[TableContent], TableContent] = lambda content: content,
) -> FileSummary:
    """Describe the table in `file`, called `name` in messages. Raises BadInput if it cannot be used.

    `require_rows` raises BadInput if a number of rows is too small. `complete` returns the table with what a workload
    adds to it.
    """
    table = identify_file(file, name)
    check = check_table(table, MAX_ROWS, _ignore_progress, MAX_SCAN_S)
    require_rows(check.rows)
    summarize = _summarize_csv if isinstance(check.found, CsvCheck) else _summarize_parquet
    return summarize(check, complete)


def _summarize_csv(check: TableCheck, complete: Callable[[TableContent], TableContent]) -> FileSummary:
    assert isinstance(check.found, CsvCheck)
    layout, rows = check.found.layout, format_count(check.rows, "row")
    size = format_bytes(check.file.path.stat().st_size)
    text = f"{rows if check.is_whole else f'more than {rows}'}, {format_count(check.columns, 'column')}, {size}"
    if not check.is_whole or check.found.scan.characters > MAX_READ_BYTES:
        text = f"{text}; separator {layout.separator_name}, {layout.encoding.name}"
        return FileSummary(
            text=text, notes=[_describe_unread(check.file)], columns=check.found.scan.header[:MAX_COLUMNS]
        )
    content = complete(read_table(check, _ignore_progress, ROWS_PER_BATCH))
    columns = content.schema.names[:MAX_COLUMNS]
    return FileSummary(text=f"{text}; {content.layout}", notes=_read_notes(content), columns=columns)


def _summarize_parquet(check: TableCheck, complete: Callable[[TableContent], TableContent]) -> FileSummary:
    content = complete(read_table(check, _ignore_progress, ROWS_PER_BATCH))
    size = format_bytes(sum(part.stat().st_size for part in check.file.parts or (check.file.path,)))
    rows = format_count(check.rows, "row")
    text = f"{rows if check.is_whole else f'more than {rows}'}, {format_count(check.columns, 'column')}, {size}"
    text = f"{text}; {content.layout}"
    columns = content.schema.names[:MAX_COLUMNS]
    if check.size_bytes > MAX_READ_BYTES:
        return FileSummary(text=text, notes=[*_list_notes(content), _describe_unread(check.file)], columns=columns)
    return FileSummary(text=text, notes=_read_notes(content), columns=columns)


def _read_notes(content: TableContent) -> list[str]:
    """The notes on a table, which are complete when all of its rows were read."""
    for _ in content.batches:
        pass
    content.finish()
    return _list_notes(content)


def _list_notes(content: TableContent) -> list[str]:
    return [f"{label}: {text}." for label, text in content.notes.to_json()]


def _describe_unread(file: TableFile) -> str:
    return f"{file.name} is large: what is converted in it is found when it is raced, and shown beside the claim."


def _ignore_progress(text: str, share: float | None = None) -> None:
    return None
