"""Checks that memory and disk are large enough for a table."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.formatting import format_bytes
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput
from workloads.modin import table_size

REMEDY = "Choose fewer rows or fewer columns."
MEMORY_COPIES = 8
"""Most copies of a table in memory at the same time: in each arm the table, the inputs made of it, and a result."""


def require_space(frame_bytes: int, file_bytes: int, cache: Path, subject: str) -> None:
    """Raise BadInput if memory is too small for MEMORY_COPIES of a table, or the disk of `cache` for its files.

    `frame_bytes` is the size of the table as a DataFrame, `file_bytes` of its CSV and Parquet files together.
    `subject`, in the plural, names the table in the message.
    """
    require_memory(frame_bytes, subject)
    free_disk_bytes = shutil.disk_usage(cache).free
    if file_bytes > free_disk_bytes:
        raise BadInput(
            f"{subject} take {format_bytes(file_bytes)} on disk as CSV and Parquet; "
            f"{format_bytes(free_disk_bytes)} are free",
            REMEDY,
        )


def require_synthetic_space(kind: str, rows: int, columns: int, cache: Path) -> int:
    """The approximate size in bytes of a synthetic table as a DataFrame. Raises BadInput as `require_space` does."""
    frame_bytes = table_size.estimate_frame_bytes(kind, rows, columns)
    file_bytes = 2 * table_size.estimate_file_bytes(kind, rows, columns)
    require_space(frame_bytes, file_bytes, cache, f"{rows:,} rows of {columns} columns")
    return frame_bytes


def require_memory(frame_bytes: int, subject: str) -> None:
    """Raise BadInput if memory is too small for MEMORY_COPIES of a table. See `require_space`."""
    available_bytes = available_memory_bytes()
    required_bytes = MEMORY_COPIES * frame_bytes
    if required_bytes > available_bytes:
        raise BadInput(
            f"{subject} take {format_bytes(frame_bytes)} in memory, and both arms together up to {MEMORY_COPIES} times "
            f"that, {format_bytes(required_bytes)}; {format_bytes(available_bytes)} are available",
            REMEDY,
        )
