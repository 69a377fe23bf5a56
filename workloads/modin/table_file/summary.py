"""Describes a table at hand-in: its rows, columns and size, and what is converted when it is raced."""

from __future__ import annotations

from pathlib import Path

from bench.formatting import format_bytes, format_count
from bench.workload.file_summary import FileSummary
from workloads.modin.dataset_cache import ROWS_PER_CHUNK, require_rows
from workloads.modin.table_file.content import TableContent, note_float_columns, note_lost_words
from workloads.modin.table_file.csv_table import check_csv, read_checked_csv
from workloads.modin.table_file.identify import TableFile, identify_file
from workloads.modin.table_file.parquet_table import check_parquet, read_parquet_table

MAX_ROWS = 1 << 24
"""Most rows of a race."""
MAX_SCAN_S = 20.0
"""Longest scan of a CSV file, in seconds."""
MAX_READ_BYTES = 32 << 20
"""Larger tables are not read at hand-in: it would take too long, and more memory than a check has."""


def check(file: Path, name: str = "") -> FileSummary:
    """Describe the table in `file`, called `name` in messages. Raises BadInput if it cannot be raced."""
    table = identify_file(file, name)
    summarize = _summarize_csv if table.kind == "CSV" else _summarize_parquet
    return summarize(table)


def _summarize_csv(file: TableFile) -> FileSummary:
    checked = check_csv(file, MAX_ROWS, _ignore_progress, MAX_SCAN_S)
    scan, layout = checked.scan, checked.layout
    require_rows(scan.rows)
    columns = format_count(scan.column_count, "column")
    rows = format_count(scan.rows, "row") if scan.is_whole else f"more than {format_count(scan.rows, 'row')}"
    size = format_bytes(file.path.stat().st_size)
    if not scan.is_whole or scan.characters > MAX_READ_BYTES:
        text = f"{rows}, {columns}, {size}; separator {layout.separator_name}, {layout.encoding.name}"
        return FileSummary(text=text, notes=[_describe_unread(file)])
    content = read_checked_csv(file, checked, _ignore_progress, ROWS_PER_CHUNK)
    return FileSummary(text=f"{rows}, {columns}, {size}; {content.layout}", notes=_list_notes(content))


def _summarize_parquet(file: TableFile) -> FileSummary:
    # Whether memory is large enough depends on the rows that a race uses.
    source = check_parquet(file, 1)
    require_rows(source.row_count)
    size = format_bytes(sum(part.stat().st_size for part in file.parts or (file.path,)))
    is_large = source.size_bytes > MAX_READ_BYTES
    content = read_parquet_table(file, 1 if is_large else MAX_ROWS, _ignore_progress, ROWS_PER_CHUNK)
    rows, columns = format_count(source.row_count, "row"), format_count(len(source.schema), "column")
    text = f"{rows}, {columns}, {size}; {content.layout}"
    if is_large:
        return FileSummary(text=text, notes=[*_list_notes(content), _describe_unread(file)])
    for _ in content.batches:
        pass  # What a table loses is known when all of its rows were read.
    note_lost_words(content.lost_words, content.notes)
    note_float_columns(content)
    return FileSummary(text=text, notes=_list_notes(content))


def _list_notes(content: TableContent) -> list[str]:
    return [f"{label}: {text}." for label, text in content.notes.to_json()]


def _describe_unread(file: TableFile) -> str:
    return f"{file.name} is large: what is converted in it is found when it is raced, and shown beside the claim."


def _ignore_progress(text: str, share: float | None = None) -> None:
    return None
