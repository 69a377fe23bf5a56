"""TODO: workloads.modin.space_check."""

from __future__ import annotations

import shutil
from pathlib import Path

import psutil

from bench.formatting import format_bytes
from bench.workload.interface import BadInput

MEMORY_COPIES = 8
"""How often a table is in memory at worst: each arm has it, its inputs made of it, and the result of a step."""


def require_space(held: int, files: int, cache: Path, what: str) -> None:
    """Refuse a table that memory cannot hold `COPIES` times (`held` bytes each) or the disk (`files` bytes) once."""
    free, disk = psutil.virtual_memory().available, shutil.disk_usage(cache).free
    remedy = "Choose fewer rows or fewer columns."
    if held * MEMORY_COPIES > free:
        raise BadInput(
            f"{what} take {format_bytes(held)} in memory, and {MEMORY_COPIES} times that, {format_bytes(held * MEMORY_COPIES)}, while both arms "
            f"work; {format_bytes(free)} are free",
            remedy,
        )
    if files > disk:
        raise BadInput(
            f"{what} take {format_bytes(files)} on disk as CSV and Parquet; {format_bytes(disk)} are free", remedy
        )
