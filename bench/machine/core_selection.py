"""Which cores a race runs on."""

from __future__ import annotations

import os
from pathlib import Path

from bench.machine.limits import core_limit, usable_cores

TOPOLOGY_FOLDER = Path("/sys/devices/system/cpu")


def choose_cores(count: int, topology: Path = TOPOLOGY_FOLDER) -> list[int]:
    """`count` of the cores this process may use: one of each physical core before any second hardware thread.

    Raises ValueError where there are not so many.
    """
    usable = usable_cores()
    if not 1 <= count <= min(len(usable), core_limit()):
        raise ValueError(f"{count} cores are wanted, and this process may use {min(len(usable), core_limit())}")
    first, second = [], []
    seen: set[str] = set()
    for core in usable:
        siblings = _read_stripped(topology / f"cpu{core}" / "topology" / "thread_siblings_list") or str(core)
        (second if siblings in seen else first).append(core)
        seen.add(siblings)
    return (first + second)[:count]


def core_counts_to_try(cores: int) -> list[int]:
    """Other core counts at which an arm may be at its best: one, and a half and a quarter of those asked for."""
    return sorted({1, cores // 4, cores // 2} - {0, cores})


def _read_stripped(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except OSError:
        return None  # No such file off Linux and in some containers: every core then counts as its own.


def avoid_cores(cores: list[int]) -> None:
    """Move this process off the cores on which a race is about to run, where any other is left to it."""
    others = set(usable_cores()) - set(cores)
    if others and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, others)
