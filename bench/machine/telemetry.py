"""The state of the machine during a race, a few times per second: load, frequency, temperature and memory.

Reading costs little, because it happens while samples are taken: files that are read each time stay open, and what
changes slowly or is expensive is read less often. Values that the system does not provide are None.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType

import psutil

from bench.system.kernel_files import KERNEL_FILES, KernelFiles, OpenKernelFile, parse_meminfo
from bench.system.process_tree import list_descendants, resident_bytes
from bench.values.base import Arm
from bench.values.readings import CoreReading, Reading

SLOW_READ_INTERVAL_S = 2.0
"""How often temperature, throttling and `/proc/cpuinfo` are read."""
MIN_RESCAN_INTERVAL_S = 1.0
"""Shortest time between two searches for new processes of the arms."""
MAX_RESCAN_SHARE = 0.002
"""Largest share of a core that these searches may use."""

PROCESSOR_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal")
"""Sensors of the processor's temperature, best first."""

MHZ_LINES = re.compile(rb"^cpu MHz\s*: ([\d.]+)$", re.MULTILINE)
SWAPPED_IN = re.compile(rb"^pswpin (\d+)$", re.MULTILINE)
CORE_NUMBER = re.compile(rb"^cpu(\d+)$")


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Time of one logical processor or of all since boot, in ticks or seconds."""

    busy: float
    steal: float
    total: float


class Telemetry:
    """Reads the machine's state repeatedly. For one thread; close it, or use it in a `with` statement."""

    def __init__(self, files: KernelFiles = KERNEL_FILES) -> None:
        self._files = files
        self._stat = files.open("proc/stat")
        self._meminfo = files.open("proc/meminfo")
        self._vmstat = files.open("proc/vmstat")
        self._machine: CpuTimes | None = None
        self._cores: dict[int, CpuTimes] = {}
        self._busy: dict[int, float] = {}
        self._frequencies: dict[int, OpenKernelFile] = {}
        self._throttle_counters = _list_throttle_counters(files)
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
        """Close the files; later readings lack the values in them."""
        for file in (self._stat, self._meminfo, self._vmstat, *self._frequencies.values()):
            file.close()

    def read(self, now: float, arms: Mapping[Arm, int] = {}) -> Reading:
        """The state of the machine. `now` is the time on the clock of the race, `arms` the pid of each arm's
        supervisor.

        Loads and steal are shares of the time since the previous reading. In the first reading loads are 0 and steal
        is None.
        """
        if now >= self._slow_at:
            self._slow_at = now + SLOW_READ_INTERVAL_S
            self._read_slowly()
        steal = self._update_loads()
        memory_used, swap_used = self._read_memory()
        return Reading(
            at=now,
            cores=[
                CoreReading(busy=busy, mhz=self._read_mhz(core, place))
                for place, (core, busy) in enumerate(self._busy.items())
            ],
            steal=steal,
            celsius=self._celsius,
            throttled=self._throttled,
            memory_used=memory_used,
            swap_used=swap_used,
            swapped_in=_first_number(SWAPPED_IN, self._vmstat.read()),
            load=_read_load_average(),
            arm_memory=self._read_arm_memory(now, arms),
        )

    @property
    def cores(self) -> list[int]:
        """Ids of the logical processors, in the order of the latest reading."""
        return list(self._busy)

    def _update_loads(self) -> float | None:
        """Update the load of every logical processor. Returns the share of the time that the hypervisor took."""
        machine, cores = parse_stat(self._stat.read()) or _count_by_psutil()
        self._busy = {
            core: _busy_share(self._cores.get(core), times, self._busy.get(core, 0.0)) for core, times in cores.items()
        }
        before, self._machine, self._cores = self._machine, machine, cores
        if before is None or machine is None or machine.total <= before.total:
            return None
        return _clamp_share((machine.steal - before.steal) / (machine.total - before.total))

    def _read_mhz(self, core: int, place: int) -> float | None:
        """The frequency from cpufreq, or else from `/proc/cpuinfo`, where the processor is at position `place`."""
        if core not in self._frequencies:
            path = f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"
            self._frequencies[core] = self._files.open(path)
        khz = self._frequencies[core].read().strip()
        if khz.isdigit():
            return int(khz) / 1000
        return self._mhz[place] if place < len(self._mhz) else None

    def _read_slowly(self) -> None:
        self._mhz = []
        if not any(file.is_open for file in self._frequencies.values()):
            cpuinfo = self._files.read_bytes("proc/cpuinfo") or b""
            self._mhz = [float(mhz) for mhz in MHZ_LINES.findall(cpuinfo)]
        counts = [self._files.read_integer(path) for path in self._throttle_counters]
        known = [count for count in counts if count is not None]
        self._throttled = sum(known) if known else None
        if self._has_sensors:
            self._celsius = _read_processor_celsius()
            self._has_sensors = self._celsius is not None

    def _read_memory(self) -> tuple[int, int]:
        """Bytes of memory and of swap in use."""
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

    def _read_arm_memory(self, now: float, arms: Mapping[Arm, int]) -> dict[Arm, int]:
        if now >= self._rescan_at or not self._trees.keys() >= set(arms.values()):
            began = time.thread_time()
            self._trees = {pid: [pid, *list_descendants(pid, self._files)] for pid in arms.values()}
            self._rescan_at = now + max(MIN_RESCAN_INTERVAL_S, (time.thread_time() - began) / MAX_RESCAN_SHARE)
        return {arm: resident_bytes(self._trees[pid], self._files) for arm, pid in arms.items()}


def parse_stat(content: bytes) -> tuple[CpuTimes | None, dict[int, CpuTimes]] | None:
    """The times of the whole machine and of each logical processor in `/proc/stat`, in ticks; None if it has none."""
    machine: CpuTimes | None = None
    cores: dict[int, CpuTimes] = {}
    for line in content.splitlines():
        name, *counts = line.split()
        if not name.startswith(b"cpu"):
            break
        _user, _nice, _system, idle, iowait, _irq, _softirq, steal = map(int, counts[:8])
        total = sum(map(int, counts[:8]))
        times = CpuTimes(busy=total - idle - iowait - steal, steal=steal, total=total)
        if number := CORE_NUMBER.match(name):
            cores[int(number[1])] = times
        else:
            machine = times
    return (machine, cores) if cores else None


def _count_by_psutil() -> tuple[None, dict[int, CpuTimes]]:
    """The times of each logical processor in seconds, without steal; the times of the machine are unknown."""
    try:
        times = psutil.cpu_times(percpu=True)
    except OSError:
        return None, {}
    return None, {
        core: CpuTimes(busy=sum(core_times) - core_times.idle, steal=0, total=sum(core_times))
        for core, core_times in enumerate(times)
    }


def _busy_share(before: CpuTimes | None, now: CpuTimes, previous: float) -> float:
    """Busy share of the time between two readings; `previous` if no tick has passed, 0 for the first reading."""
    if before is None:
        return 0.0
    if now.total <= before.total:
        return previous
    return _clamp_share((now.busy - before.busy) / (now.total - before.total))


def _clamp_share(share: float) -> float:
    """Limit to 0 ... 1, because the kernel's counts of idle time may decrease slightly."""
    return min(1.0, max(0.0, share))


def _first_number(pattern: re.Pattern[bytes], content: bytes) -> int | None:
    match = pattern.search(content)
    return int(match[1]) if match else None


def _read_load_average() -> float | None:
    """The load average of the last minute; None if the system has none."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def _read_processor_celsius() -> float | None:
    """The highest temperature of the processor's sensors; None if there are none."""
    if not hasattr(psutil, "sensors_temperatures"):
        return None
    try:
        sensors = psutil.sensors_temperatures()
    except OSError:
        return None
    readings = next((sensors[name] for name in PROCESSOR_SENSORS if sensors.get(name)), [])
    return max((sensor.current for sensor in readings), default=None)


def _list_throttle_counters(files: KernelFiles) -> list[str]:
    """The files that count thermal throttling: one per core, and one per package."""
    cpu = "sys/devices/system/cpu"
    per_package: dict[str, str] = {}
    for path in files.list_matching(f"{cpu}/cpu[0-9]*/thermal_throttle/package_throttle_count"):
        core = path.removeprefix(f"{cpu}/").partition("/")[0]
        per_package.setdefault(files.read_text(f"{cpu}/{core}/topology/physical_package_id"), path)
    return [
        *files.list_matching(f"{cpu}/cpu[0-9]*/thermal_throttle/core_throttle_count"),
        *per_package.values(),
    ]
