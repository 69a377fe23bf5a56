"""Checks a user's table before its race is queued, in a process of its own."""

from __future__ import annotations

from bench.workload.interface import Settings
from workloads.modin.dataset_cache import require_rows
from workloads.modin.table_file.csv_table import check_csv
from workloads.modin.table_file.identify import find_table
from workloads.modin.table_file.parquet_table import check_parquet

MAX_SCAN_S = 20.0
"""Longest scan of a CSV file, in seconds. The arms check the rest of a larger one."""


def check_table(settings: Settings) -> None:
    """Raise BadInput if the plan's file is no table, or one that cannot be raced. It is read without being held."""
    value = str(settings.parameters["file"])
    if value == "synthetic":
        return
    file = find_table(value, settings.uploads)
    if file.kind == "Parquet":
        rows = check_parquet(file, settings.batch).row_count
    else:
        rows = check_csv(file, settings.batch, _ignore_progress, MAX_SCAN_S).scan.rows
    require_rows(min(rows, settings.batch))


def _ignore_progress(text: str, share: float | None = None) -> None:
    return None
