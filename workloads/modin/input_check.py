"""Checks a user's table before its race is queued, in a process of its own."""

from __future__ import annotations

from bench.tables.identify import find_table
from bench.tables.reader import check_table as check_rows
from bench.workload.interface import Settings
from workloads.modin.dataset_cache import require_rows
from workloads.modin.space_check import require_memory

MAX_SCAN_S = 20.0
"""Longest scan of a CSV file, in seconds. The arms check the rest of a larger one."""


def check_table(settings: Settings) -> None:
    """Raise BadInput if the plan's file is no table, or one that cannot be raced. It is read without being held."""
    value = str(settings.parameters["file"])
    if value == "synthetic":
        return
    check = check_rows(find_table(value, settings.uploads), settings.batch, _ignore_progress, MAX_SCAN_S)
    require_rows(check.rows)
    require_memory(check.size_bytes, check.subject)


def _ignore_progress(text: str, share: float | None = None) -> None:
    return None
