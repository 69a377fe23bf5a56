"""What the machine does beside a race, some three times a second: load, frequency, temperature, memory.

Made to cost little, since it runs beside what is measured: files that are read each time stay open, and what changes
slowly or costs much is asked for less often. Linux's files are read below a `root` folder that tests may lay somewhere
else; on other systems psutil answers, and what nobody knows is None.
"""

from __future__ import annotations

import os
import re
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from bench.machine.memory import parse_meminfo
from bench.system.process_tree import descendants, resident_bytes
from bench.system.procfs import SYSTEM_ROOT, read_bytes
from bench.values import Arm, CoreReading, Reading

SLOW_READ_INTERVAL_S = 2.0
"""How often temperature, throttling and `/proc/cpuinfo` are read."""
MIN_RESCAN_INTERVAL_S = 1.0
"""How often, at most, an arm's process tree is looked through for new processes."""
MAX_RESCAN_SHARE = 0.002
"""Share of a core that looking through the trees may take."""

PROCESSOR_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal")
"""Sensors that tell the processor's temperature, the best first."""

MHZ_LINES = re.compile(rb"^cpu MHz\s*: ([\d.]+)$", re.MULTILINE)
SWAPPED_IN = re.compile(rb"^pswpin (\d+)$", re.MULTILINE)
CORE_NUMBER = re.compile(rb"^cpu(\d+)$")


@dataclass(frozen=True, slots=True)
class _CpuCounts:
    """What one processor, or all of them, did since boot, in ticks or seconds."""

    busy: float
    steal: float
    total: float


class Telemetry:
    """Reads the machine again and again, for one thread; to be closed, or used in a `with` statement."""

    def __init__(self, root: Path = SYSTEM_ROOT) -> None:
        self._root = root
        self._stat = _OpenFile(f"{root}/proc/stat")
        self._meminfo = _OpenFile(f"{root}/proc/meminfo")
        self._vmstat = _OpenFile(f"{root}/proc/vmstat")
        self._machine: _CpuCounts | None = None
        self._spent: dict[int, _CpuCounts] = {}
        self._busy: dict[int, float] = {}
        self._frequencies: dict[int, _OpenFile] = {}
        self._throttle_files = _throttle_files(root)
        self._slow_at = float("-inf")
        self._has_sensors = True
        self._celsius: float | None = None
        self._throttled: int | None = None
        self._mhz: list[float] = []
        self._trees: dict[int, list[int]] = {}
        self._rescan_at = float("-inf")

    def __enter__(self) -> Telemetry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; a later read finds nothing in them."""
        for held in (self._stat, self._meminfo, self._vmstat, *self._frequencies.values()):
            held.close()

    def read(self, now: float, arms: Mapping[Arm, int] = {}) -> Reading:
        """The machine at `now`, on the clock of the race; `arms` has the pid of each arm's first process.

        Loads and steal are shares of the time since the last read; in the first, loads are 0 and steal is None.
        """
        if now >= self._slow_at:
            self._slow_at = now + SLOW_READ_INTERVAL_S
            self._read_slowly()
        steal = self._count_processors()
        memory_used, swap_used = self._memory()
        return Reading(
            at=now,
            cores=[
                CoreReading(busy=busy, mhz=self._core_mhz(core, place))
                for place, (core, busy) in enumerate(self._busy.items())
            ],
            steal=steal,
            celsius=self._celsius,
            throttled=self._throttled,
            memory_used=memory_used,
            swap_used=swap_used,
            swapped_in=_first_number(SWAPPED_IN, self._vmstat.read()),
            load=_load_average(),
            arm_memory=self._arm_memory(now, arms),
        )

    @property
    def cores(self) -> list[int]:
        """Numbers of the logical processors in the last reading, in its order."""
        return list(self._busy)

    # Load

    def _count_processors(self) -> float | None:
        """Bring every processor's load up to date; the share of the time that was stolen comes back."""
        machine, spent = parse_stat(self._stat.read()) or _count_by_psutil()
        self._busy = {
            core: _busy_share(self._spent.get(core), now, self._busy.get(core, 0.0)) for core, now in spent.items()
        }
        before, self._machine, self._spent = self._machine, machine, spent
        if before is None or machine is None or machine.total <= before.total:
            return None
        return _clamp_share((machine.steal - before.steal) / (machine.total - before.total))

    def _core_mhz(self, core: int, place: int) -> float | None:
        """The kernel's word for this processor; else the one in `/proc/cpuinfo`, which lists them in the same order."""
        if core not in self._frequencies:
            path = f"{self._root}/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"
            self._frequencies[core] = _OpenFile(path)
        khz = self._frequencies[core].read().strip()
        if khz.isdigit():
            return int(khz) / 1000
        return self._mhz[place] if place < len(self._mhz) else None

    # What is asked less often

    def _read_slowly(self) -> None:
        self._mhz = []
        if not any(held.is_open for held in self._frequencies.values()):
            cpuinfo = read_bytes(f"{self._root}/proc/cpuinfo") or b""
            self._mhz = [float(mhz) for mhz in MHZ_LINES.findall(cpuinfo)]
        counts = [int(count) for path in self._throttle_files if (count := read_bytes(path))]
        self._throttled = sum(counts) if counts else None
        if self._has_sensors:
            self._celsius = _processor_celsius()
            self._has_sensors = self._celsius is not None

    # Memory

    def _memory(self) -> tuple[int, int]:
        """Bytes of memory and of swap that are in use."""
        sizes = parse_meminfo(self._meminfo.read().decode())
        if sizes.get("MemTotal"):
            return (
                sizes["MemTotal"] - sizes.get("MemAvailable", sizes.get("MemFree", 0)),
                sizes.get("SwapTotal", 0) - sizes.get("SwapFree", 0),
            )
        try:
            memory = psutil.virtual_memory()
            return memory.total - memory.available, psutil.swap_memory().used
        except OSError:
            return 0, 0

    def _arm_memory(self, now: float, arms: Mapping[Arm, int]) -> dict[Arm, int]:
        if now >= self._rescan_at or not self._trees.keys() >= set(arms.values()):
            began = time.thread_time()
            self._trees = {pid: [pid, *descendants(pid, self._root)] for pid in arms.values()}
            self._rescan_at = now + max(MIN_RESCAN_INTERVAL_S, (time.thread_time() - began) / MAX_RESCAN_SHARE)
        return {arm: resident_bytes(self._trees[pid], self._root) for arm, pid in arms.items()}


class _OpenFile:
    """A file of the kernel's that stays open and is read from its beginning each time."""

    def __init__(self, path: str) -> None:
        self._release = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return
        self._release = weakref.finalize(self, os.close, self._descriptor)

    @property
    def is_open(self) -> bool:
        return self._release is not None and self._release.alive

    def read(self) -> bytes:
        """All of it; empty where there is no such file, or where it cannot be read now."""
        content = b""
        while self.is_open:
            try:
                chunk = os.pread(self._descriptor, 1 << 17, len(content))
            except OSError:
                return b""
            if not chunk:
                break
            content += chunk
        return content

    def close(self) -> None:
        if self._release is not None:
            self._release()


def parse_stat(content: bytes) -> tuple[_CpuCounts | None, dict[int, _CpuCounts]] | None:
    """The whole machine and each processor from `/proc/stat`, in ticks; None where there is no such thing."""
    machine, cores = None, {}
    for line in content.splitlines():
        name, *counts = line.split()
        if not name.startswith(b"cpu"):
            break
        _user, _nice, _system, idle, waiting, _interrupts, _soft_interrupts, steal = map(int, counts[:8])
        total = sum(map(int, counts[:8]))
        spent = _CpuCounts(busy=total - idle - waiting - steal, steal=steal, total=total)
        if number := CORE_NUMBER.match(name):
            cores[int(number[1])] = spent
        else:
            machine = spent
    return (machine, cores) if cores else None


def _count_by_psutil() -> tuple[None, dict[int, _CpuCounts]]:
    """Each processor's seconds; who stole from them is not known."""
    try:
        times = psutil.cpu_times(percpu=True)
    except OSError:
        return None, {}
    return None, {core: _CpuCounts(busy=sum(one) - one.idle, steal=0, total=sum(one)) for core, one in enumerate(times)}


def _busy_share(before: _CpuCounts | None, now: _CpuCounts, otherwise: float) -> float:
    """Busy share of the time between; `otherwise` where no tick has passed, 0 where there is no before."""
    if before is None:
        return 0.0
    if now.total <= before.total:
        return otherwise
    return _clamp_share((now.busy - before.busy) / (now.total - before.total))


def _clamp_share(share: float) -> float:
    """The kernel's counts of idle time may step back a little."""
    return min(1.0, max(0.0, share))


def _first_number(pattern: re.Pattern[bytes], content: bytes) -> int | None:
    found = pattern.search(content)
    return int(found[1]) if found else None


def _load_average() -> float | None:
    """Programs that wanted to run, over the last minute."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def _processor_celsius() -> float | None:
    """The hottest of the processor's sensors; None where it has none."""
    if not hasattr(psutil, "sensors_temperatures"):
        return None
    try:
        sensors = psutil.sensors_temperatures()
    except OSError:
        return None
    best = next((sensors[name] for name in PROCESSOR_SENSORS if sensors.get(name)), [])
    return max((sensor.current for sensor in best), default=None)


def _throttle_files(root: Path) -> list[Path]:
    """Where throttling is counted: once for each processor, and once for each package."""
    processors = root / "sys/devices/system/cpu"
    packages: dict[bytes | None, Path] = {}
    for path in sorted(processors.glob("cpu[0-9]*/thermal_throttle/package_throttle_count")):
        packages.setdefault(read_bytes(path.parents[1] / "topology/physical_package_id"), path)
    return [*sorted(processors.glob("cpu[0-9]*/thermal_throttle/core_throttle_count")), *packages.values()]
