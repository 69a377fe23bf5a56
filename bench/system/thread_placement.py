"""Spreading the threads of a process over its cores, where the kernel has packed them on too few of them.

Kernels of some virtual machines leave the threads of a pool on one core while others are idle.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from bench.system.cpu_time import thread_cpu_time_ns

MIN_ACTIVE_NS = 100_000
"""CPU time from which a thread counts as active. A thread that only wakes up to look for work uses less."""
MIN_SPREAD_CORES_SHARE = 0.75
"""A process that uses less than this share of its cores may have its threads packed on too few of them."""
MIN_SPREAD_GAIN = 1.1
"""Spreading is kept if it multiplies the effective cores by at least this factor."""


def may_be_packed(effective_cores: float, core_count: int) -> bool:
    """Whether a process that asked for `core_count` cores, and used `effective_cores`, may have packed threads."""
    return core_count > 1 and effective_cores < MIN_SPREAD_CORES_SHARE * core_count


def is_spread_better(before: float, after: float) -> bool:
    """Whether to keep threads spread, from the effective cores before and after."""
    return after > MIN_SPREAD_GAIN * before


def can_spreading_help(wall_s: float, run_delay_s: float | None) -> bool:
    """Whether spreading the threads could be better by `MIN_SPREAD_GAIN` for work that took `wall_s`.

    Threads on too few cores wait for them. Spreading saves at most the time `run_delay_s` for which the threads waited,
    summed over the threads; None if it is unknown.
    """
    return run_delay_s is None or wall_s > MIN_SPREAD_GAIN * (wall_s - run_delay_s)


def measure_active_ns(before: Mapping[int, int], after: Mapping[int, int]) -> dict[int, int]:
    """CPU time of each thread between two readings of `thread_cpu_time_ns`."""
    return {thread: ns - before.get(thread, 0) for thread, ns in after.items()}


def count_active(active_ns: Mapping[int, int]) -> int:
    """How many threads were active."""
    return sum(ns > MIN_ACTIVE_NS for ns in active_ns.values())


def spread_threads(active_ns: Mapping[int, int], cores: Sequence[int]) -> int:
    """Pin the main thread and each thread of this process that was active to one of `cores`, in turn.

    `active_ns` has the CPU time of each thread lately, by thread id. Returns the number of active threads.
    """
    main_thread = os.getpid()
    active = [thread for thread in sorted(thread_cpu_time_ns()) if active_ns.get(thread, 0) > MIN_ACTIVE_NS]
    helpers = [thread for thread in active if thread != main_thread]
    # Every pool uses the main thread as one of its own, so its helpers share the other cores.
    helper_cores = cores[1:] or cores
    _pin(main_thread, {cores[0]})
    for position, thread in enumerate(helpers):
        _pin(thread, {helper_cores[position % len(helper_cores)]})
    return len(active)


def read_affinities() -> dict[int, set[int]]:
    """The cores on which each thread of this process may run, by thread id."""
    affinities: dict[int, set[int]] = {}
    for thread in thread_cpu_time_ns():
        try:
            affinities[thread] = os.sched_getaffinity(thread)
        except ProcessLookupError:
            continue  # The thread has ended since it was listed.
    return affinities


def restore_affinities(affinities: Mapping[int, set[int]]) -> None:
    """Undo `spread_threads`. `affinities` is what `read_affinities` returned before.

    A library may have bound its threads to cores, so each thread gets its own affinity back. A thread that has started
    since then inherited one core from the thread that started it, and gets the affinity of the main thread.
    """
    for thread in thread_cpu_time_ns():
        _pin(thread, affinities.get(thread, affinities[os.getpid()]))


def _pin(thread: int, cores: set[int]) -> None:
    try:
        os.sched_setaffinity(thread, cores)
    except ProcessLookupError:
        return  # The thread has ended since it was listed.
