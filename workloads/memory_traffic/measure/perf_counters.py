"""Hardware counters of this process and of the threads that it starts afterwards, by Linux's perf_event_open.

Virtual machines mostly have none, and containers often may not ask; then the reason is told instead.
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
"""Name to type and configuration, as in linux/perf_event.h; misses are of reads."""
INHERITED, NO_KERNEL, NO_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6
READ_TIMES = 0b11
"""Beside the count: how long it was wanted, and how long it was counted, where counters are too few for all."""
ATTRIBUTES = struct.Struct("=IIQQQQQ16x")
"""`perf_event_attr` in its first version, of 64 bytes."""
PARANOID_FILE = "/proc/sys/kernel/perf_event_paranoid"


@dataclass(frozen=True, slots=True)
class PerfCounters:
    """Those that could be opened."""

    descriptors: dict[str, int]
    why: str
    """Why some or all are missing; empty where none is."""

    def around(self, call: Callable[[], Any]) -> dict[str, float]:
        """What was counted while `call` ran, by event. A share of the time that an event was not counted, since there
        are fewer counters than events, is made up for in proportion."""
        before = {name: self._read(name) for name in self.descriptors}
        call()
        found = {}
        for name, (count, wanted, ran) in before.items():
            more, wanted_now, ran_now = self._read(name)
            if ran_now > ran:
                found[name] = (more - count) * (wanted_now - wanted) / (ran_now - ran)
        return found

    def _read(self, name: str) -> tuple[int, int, int]:
        return struct.unpack("=QQQ", os.read(self.descriptors[name], 24))

    def close(self) -> None:
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        self.descriptors.clear()


def open_counters() -> PerfCounters:
    """Open all events; before threads are started that are to be counted."""
    number = SYSCALL_NUMBERS.get(platform.machine())
    if platform.system() != "Linux" or number is None:
        return PerfCounters(
            {}, f"{platform.system()} on {platform.machine()} has no perf_event_open that is known here"
        )
    opened: dict[str, int] = {}
    missing: dict[str, list[str]] = {}
    for name, (kind, configuration) in EVENTS.items():
        try:
            opened[name] = _open_event(number, kind, configuration)
        except OSError as error:
            missing.setdefault(explain_error(error), []).append(name)
    return PerfCounters(opened, "; ".join(f"{', '.join(names)}: {why}" for why, names in missing.items()))


def _open_event(number: int, kind: int, configuration: int) -> int:
    """A descriptor of one event of this process on any processor. Raises OSError."""
    flags = INHERITED | NO_KERNEL | NO_HYPERVISOR
    attributes = ATTRIBUTES.pack(kind, ATTRIBUTES.size, configuration, 0, 0, READ_TIMES, flags)
    library = ctypes.CDLL(None, use_errno=True)
    close_on_exec = 1 << 3
    descriptor = library.syscall(ctypes.c_long(number), attributes, 0, -1, -1, ctypes.c_ulong(close_on_exec))
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor


def explain_error(error: OSError) -> str:
    """Why an event cannot be counted, for a person."""
    match error.errno:
        case errno.ENOENT | errno.EOPNOTSUPP | errno.ENODEV:
            return "this processor shows no such counter to Linux, as most virtual machines do not"
        case errno.EACCES | errno.EPERM:
            return f"this process may not count (kernel.perf_event_paranoid is {_read_paranoid_level()}, or a container forbids it)"
        case errno.ENOSYS:
            return "this kernel was built without perf_event_open, or a container hides it"
        case _:
            return f"perf_event_open failed: {error.strerror}"


def _read_paranoid_level() -> str:
    try:
        with open(PARANOID_FILE) as file:
            return file.read().strip()
    except OSError:
        return "not told"
