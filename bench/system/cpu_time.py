"""TODO: bench.system.prctl.cpu_time."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from bench.system.process_tree import descendants, list_children, list_descendants_by_psutil
from bench.system.procfs import SYSTEM_ROOT, has_child_lists, list_names, read_bytes


def process_cpu_time_s(pid: int) -> float:
    """Processor time, user and system, that one process has used, its ended threads included; 0 once it is gone.

    Linux keeps a clock for each process, in nanoseconds. The threads' `schedstat` files would do, but for threads
    that have ended: the time of a thread pool that was torn down would be missing, or a difference negative.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            return time.clock_gettime(_process_clock_id(pid))
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def _process_clock_id(pid: int) -> int:
    """What `clock_getcpuclockid(3)` answers on Linux: the pid, inverted, and two bits that say what to count."""
    return (~pid << 3) | 2


def tree_cpu_time_s(pid: int, root: Path = SYSTEM_ROOT) -> float:
    """Processor time, user and system, of `pid` and of its living descendants.

    It falls when a descendant ends, so a difference of two readings may have to be raised to 0.
    """
    return process_cpu_time_s(pid) + sum(process_cpu_time_s(child) for child in descendants(pid, root))


def cpu_time_between_s(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """Processor time that processes have spent between two readings of it, by pid: of those who live at the end, since
    what the dead have spent is no longer told."""
    return sum(max(0.0, spent - before.get(pid, 0.0)) for pid, spent in after.items())


def own_cpu_time_s() -> float:
    """Processor seconds of this process, all its threads, and of the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class TreeCpuClock:
    """Processor seconds of this process and of its family, whoever came meanwhile; of who has ended, what it had used
    when it was last looked at."""

    def __init__(self, family: Callable[[], list[int]]) -> None:
        """`family` tells who works for this process now: all below it, and perhaps others."""
        self._family = family
        self._seen: dict[int, float] = {}
        self._own: set[int] = set()

    def __call__(self) -> float:
        living = self._family()
        # A child of this process's own that has ended is among those that it has waited for.
        for pid in self._own.difference(living):
            del self._seen[pid]
        self._seen |= {pid: process_cpu_time_s(pid) for pid in living}
        self._own = set(
            list_children(os.getpid(), SYSTEM_ROOT)
            if has_child_lists(SYSTEM_ROOT)
            else list_descendants_by_psutil(os.getpid())
        )
        return own_cpu_time_s() + sum(self._seen.values())


def machine_busy_and_steal_s(root: Path = SYSTEM_ROOT) -> tuple[float, float] | None:
    """Seconds since boot, over all processors: busy with any program, and taken by the hypervisor; None off Linux.

    Counted in ticks of usually 10 ms. Stolen time is not in the busy time. A guest's time is in it once: the kernel
    has it both in `user` and in `guest`.
    """
    first = (read_bytes(f"{root}/proc/stat") or b"").partition(b"\n")[0].split()
    if len(first) < 9 or first[0] != b"cpu":
        return None
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, steal = map(int, first[1:9])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + interrupts + soft_interrupts) / tick, steal / tick


def thread_cpu_time_ns(pid: int | str = "self", root: Path = SYSTEM_ROOT) -> dict[int, int]:
    """Thread id to nanoseconds on a processor, for each living thread of a process; empty off Linux."""
    # The kernel brings a running thread's count up to date at its next tick; asking for our own makes it do so now.
    time.thread_time_ns()
    tasks = f"{root}/proc/{pid}/task"
    run = {}
    for thread in list_names(tasks):
        if counts := (read_bytes(f"{tasks}/{thread}/schedstat") or b"").split():
            run[int(thread)] = int(counts[0])
    return run


def update_thread_clocks() -> None:
    """Have the kernel count, to the moment, what this process's threads have run.

    A process's clock counts its own caller to the moment and every other thread to its last tick, up to 10 ms ago:
    of a short sample on two cores, half of the second one would be missing. Asking a thread's own clock counts it.
    """
    for thread in list_names("/proc/self/task"):
        # One that has ended since it was listed is counted already.
        with suppress(OSError):
            time.clock_gettime(_thread_clock_id(int(thread)))


def _thread_clock_id(thread: int) -> int:
    """What `pthread_getcpuclockid(3)` answers on Linux for the thread with this id."""
    return (~thread << 3) | 6


def count_active_threads(before: Mapping[int, int], after: Mapping[int, int]) -> int:
    """How many threads ran between two `thread_run_ns`; one that began and ended between them is not seen."""
    return sum(run > before.get(thread, 0) for thread, run in after.items())
