"""Hardware counters of this process and of the threads that it starts later, by Linux's perf_event_open.

Most virtual machines do not expose hardware counters, and many containers forbid reading them; `PerfCounters.missing`
then says why.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SYSCALL_NUMBERS = {"x86_64": 298, "aarch64": 241}
HARDWARE, CACHE = 0, 3
MISSED_READS = 1 << 16
EVENTS = {
    "cycles": (HARDWARE, 0),
    "L1d misses": (CACHE, 0 | MISSED_READS),
    "last-level misses": (CACHE, 2 | MISSED_READS),
}
"""Name of each event, with its type and configuration as in linux/perf_event.h. The misses are read misses."""
INHERITED, NO_KERNEL, NO_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6
READ_TIMES = 0b11
"""Read two times with each count: how long the event was enabled, and how long it was counted. They differ if there are
fewer hardware counters than events."""
ATTRIBUTES = struct.Struct("=IIQQQQQ16x")
"""`perf_event_attr` in its first version, of 64 bytes."""
PARANOID_FILE = "/proc/sys/kernel/perf_event_paranoid"


@dataclass(frozen=True, slots=True)
class PerfCounters:
    """The events that could be opened."""

    descriptors: dict[str, int]
    """File descriptor of each event, by its name."""
    missing: str
    """Which events are not counted, and why; empty if all are."""

    def count(self, work: Callable[[], Any]) -> dict[str, float]:
        """Number of events while `work` runs, by name of the event.

        An event that was counted for a part of the time only is scaled up to the whole time.
        """
        before = {name: self._read(name) for name in self.descriptors}
        work()
        counts = {}
        for name, (count_before, enabled_before, counted_before) in before.items():
            count, enabled, counted = self._read(name)
            if counted > counted_before:
                scale = (enabled - enabled_before) / (counted - counted_before)
                counts[name] = (count - count_before) * scale
        return counts

    def _read(self, name: str) -> tuple[int, int, int]:
        """The count of an event, and the times READ_TIMES in nanoseconds."""
        return struct.unpack("=QQQ", os.read(self.descriptors[name], 24))

    def close(self) -> None:
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        self.descriptors.clear()


def open_counters() -> PerfCounters:
    """Open all events. Only threads that start later are counted."""
    syscall_number = SYSCALL_NUMBERS.get(platform.machine())
    if platform.system() != "Linux" or syscall_number is None:
        return PerfCounters({}, f"{platform.system()} on {platform.machine()} has no perf_event_open known to Fairlap")
    descriptors: dict[str, int] = {}
    names_by_reason: dict[str, list[str]] = {}
    for name, (event_type, configuration) in EVENTS.items():
        try:
            descriptors[name] = _open_event(syscall_number, event_type, configuration)
        except OSError as error:
            names_by_reason.setdefault(explain_error(error), []).append(name)
    missing = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in names_by_reason.items())
    return PerfCounters(descriptors, missing)


def _open_event(syscall_number: int, event_type: int, configuration: int) -> int:
    """A descriptor of one event of this process on any core. Raises OSError."""
    flags = INHERITED | NO_KERNEL | NO_HYPERVISOR
    attributes = ATTRIBUTES.pack(event_type, ATTRIBUTES.size, configuration, 0, 0, READ_TIMES, flags)
    library = ctypes.CDLL(None, use_errno=True)
    close_on_exec = 1 << 3
    descriptor = library.syscall(ctypes.c_long(syscall_number), attributes, 0, -1, -1, ctypes.c_ulong(close_on_exec))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor


def explain_error(error: OSError) -> str:
    """Why an event cannot be counted."""
    match error.errno:
        case errno.ENOENT | errno.EOPNOTSUPP | errno.ENODEV:
            return "the processor exposes no such counter to Linux, as in most virtual machines"
        case errno.EACCES | errno.EPERM:
            level = _read_paranoid_level()
            return f"not permitted: kernel.perf_event_paranoid is {level}, or a container forbids it"
        case errno.ENOSYS:
            return "the kernel was built without perf_event_open, or a container hides it"
        case _:
            return f"perf_event_open failed: {error.strerror}"


def _read_paranoid_level() -> str:
    try:
        with open(PARANOID_FILE) as file:
            return file.read().strip()
    except OSError:
        return "unknown"
