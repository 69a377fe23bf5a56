"""Which cores a race runs on."""

from __future__ import annotations

import os

from bench.machine.limits import core_limit, usable_cores
from bench.system.kernel_files import KERNEL_FILES, KernelFiles


def choose_cores(count: int, files: KernelFiles = KERNEL_FILES) -> list[int]:
    """The ids of `count` logical processors: one of each physical core before a second hardware thread of any.

    Raises ValueError if this process may not use so many.
    """
    usable = usable_cores(files)
    limit = min(len(usable), core_limit(files))
    if not 1 <= count <= limit:
        raise ValueError(f"Expected 1 to {limit} cores, the most that this process may use, got {count}.")
    first_threads: list[int] = []
    second_threads: list[int] = []
    seen: set[str] = set()
    for core in usable:
        # Without a topology (on other systems than Linux and in some containers), every processor counts as a core.
        siblings = files.read_text(f"sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list") or str(core)
        (second_threads if siblings in seen else first_threads).append(core)
        seen.add(siblings)
    return (first_threads + second_threads)[:count]


def core_counts_to_try(cores: int) -> list[int]:
    """Other core counts at which an arm may be at its best: one, a quarter and a half of `cores`."""
    return sorted({1, cores // 4, cores // 2} - {0, cores})


def avoid_cores(cores: list[int]) -> None:
    """Move this process off the cores of a race, if it may use any other."""
    others = set(usable_cores()) - set(cores)
    if others and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, others)
