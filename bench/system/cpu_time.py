"""CPU time of threads, processes, process trees and the whole machine.

"CPU time" is user plus system time. All values are in seconds, except those of functions whose names end in `_ns`.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

import psutil

from bench.system.kernel_files import KERNEL_FILES, KernelFiles
from bench.system.process_tree import list_children, list_descendants


def process_cpu_time_s(pid: int) -> float:
    """CPU time of one process, including its threads that have ended; 0 if there is no such process.

    On Linux the resolution is a nanosecond. (The sum of the threads' `schedstat` files would be as fine, but it leaves
    out threads that have ended, so the time of a thread pool that was shut down would be missing.)
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
    """The clock that `clock_getcpuclockid(3)` returns on Linux: the inverted pid, and two bits for what to count."""
    return (~pid << 3) | 2


def tree_cpu_time_s(pid: int, files: KernelFiles = KERNEL_FILES) -> float:
    """CPU time of `pid` and its living descendants.

    It decreases when a descendant exits, so the difference of two readings can be negative.
    """
    return process_cpu_time_s(pid) + sum(process_cpu_time_s(child) for child in list_descendants(pid, files))


def cpu_time_between_s(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """CPU time that processes used between two readings `{pid: seconds}`.

    A process that exited in between is not counted, because its last value is unknown.
    """
    return sum(max(0.0, used_s - before.get(pid, 0.0)) for pid, used_s in after.items())


def own_cpu_time_s() -> float:
    """CPU time of this process, all its threads, and the children that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


class TreeCpuClock:
    """CPU time of this process and its helpers, including helpers that start later.

    A helper that has exited counts with the value of its last reading.
    """

    def __init__(self, list_helpers: Callable[[], list[int]]) -> None:
        """`list_helpers` returns the pids of the processes that work for this one now: its descendants, and others."""
        self._list_helpers = list_helpers
        self._last_s: dict[int, float] = {}
        self._own_children: set[int] = set()

    def __call__(self) -> float:
        living = self._list_helpers()
        # A child of this process that has exited has been waited for, so `own_cpu_time_s` includes it.
        for pid in self._own_children.difference(living):
            del self._last_s[pid]
        self._last_s |= {pid: process_cpu_time_s(pid) for pid in living}
        self._own_children = set(list_children(os.getpid())).intersection(living)
        return own_cpu_time_s() + sum(self._last_s.values())


def machine_busy_and_steal_s(files: KernelFiles = KERNEL_FILES) -> tuple[float, float] | None:
    """Seconds since boot, over all cores, that were busy with any program and that the hypervisor took (steal).

    None on systems other than Linux. The resolution is one tick, usually 10 ms. Steal is not part of the busy time.
    The time of guests is counted once: the kernel includes it both in `user` and in `guest`.
    """
    first = (files.read_bytes("proc/stat") or b"").partition(b"\n")[0].split()
    if len(first) < 9 or first[0] != b"cpu":
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, first[1:9])
    ticks_per_s = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / ticks_per_s, steal / ticks_per_s


def thread_cpu_time_ns(pid: int | str = "self", files: KernelFiles = KERNEL_FILES) -> dict[int, int]:
    """CPU time in nanoseconds of each living thread of a process, by thread id; empty on systems other than Linux."""
    # The kernel updates the counter of a running thread at its next tick. Reading our own clock updates ours now.
    time.thread_time_ns()
    folder = f"proc/{pid}/task"
    times: dict[int, int] = {}
    for thread in files.list_names(folder):
        if counters := (files.read_bytes(f"{folder}/{thread}/schedstat") or b"").split():
            times[int(thread)] = int(counters[0])
    return times


def thread_run_delay_ns(pids: Iterable[int], files: KernelFiles = KERNEL_FILES) -> dict[int, int] | None:
    """How long each living thread of these processes has waited for a processor, in nanoseconds by thread id.

    A thread waits from the moment when it is ready to run until the kernel runs it. The value has no ticks: it is the
    second field of `/proc/PID/task/TID/schedstat`. A thread that waits now counts up to the last time that it ran. None
    on systems other than Linux, and on kernels without CONFIG_SCHED_INFO.
    """
    if files.read_bytes("proc/self/schedstat") is None:
        return None
    delays: dict[int, int] = {}
    for pid in pids:
        folder = f"proc/{pid}/task"
        for thread in files.list_names(folder):
            if len(counters := (files.read_bytes(f"{folder}/{thread}/schedstat") or b"").split()) > 1:
                delays[int(thread)] = int(counters[1])
    return delays


def run_delay_between_s(before: Mapping[int, int] | None, after: Mapping[int, int] | None) -> float | None:
    """Seconds that threads waited for a processor between two readings of `thread_run_delay_ns`; None if unknown.

    A thread that ended in between is not counted, so the result is a lower bound.
    """
    if before is None or after is None:
        return None
    return sum(max(0, delay_ns - before.get(thread, 0)) for thread, delay_ns in after.items()) / 1e9


def update_thread_clocks() -> None:
    """Make the kernel update the CPU time of all threads of this process.

    The clock of a process includes its calling thread up to now, but every other thread only up to its last tick, up
    to 10 ms ago. In a short sample on two cores, half of the second core's time would be missing. Reading a thread's
    own clock updates it.
    """
    for thread in KERNEL_FILES.list_names("proc/self/task"):
        # A thread that has ended since it was listed is complete already.
        with suppress(OSError):
            time.clock_gettime(_thread_clock_id(int(thread)))


def _thread_clock_id(thread: int) -> int:
    """The clock that `pthread_getcpuclockid(3)` returns on Linux for the thread with this id."""
    return (~thread << 3) | 6
