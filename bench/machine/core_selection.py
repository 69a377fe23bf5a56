"""Which cores a race runs on."""

from __future__ import annotations

import os

from bench.system.kernel_files import KERNEL_FILES, KernelFiles
from bench.system.limits import core_kinds, core_limit, explain_own_core_limit, usable_cores


def choose_cores(count: int, files: KernelFiles = KERNEL_FILES) -> list[int]:
    """The ids of `count` logical processors: one of each physical core before a second hardware thread of any.

    All are of one kind, of the fastest kind that has enough: on cores of two kinds, the threads of an arm would wait
    for the slowest core, and the time of a step would depend on where the kernel runs it. Raises ValueError if this
    process may not use so many.
    """
    limit, kinds = core_limit(files), core_kinds(files)
    if not 1 <= count <= limit:
        reason = explain_own_core_limit(limit, files)
        because = f" ({reason})" if reason else ""
        raise ValueError(f"Expected 1 to {limit} cores, the most that this process may use{because}, got {count}.")
    usable = next((cores for cores in kinds.values() if len(cores) >= count), usable_cores(files))
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
