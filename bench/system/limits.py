"""How many cores, how much CPU time and how much memory this process may use.

The only module that asks for limits: of the process's affinity, of the control groups (versions 1 and 2) that a
container or a service manager puts it in, of the kinds of cores, and of the memory that is available.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from typing import Literal

import psutil

from bench.system.control_groups import ControlGroups
from bench.system.kernel_files import KERNEL_FILES, KernelFiles, parse_integer, parse_meminfo
from bench.values.base import Value

UNLIMITED_MEMORY_BYTES = 1 << 60
"""Version 1 of cgroups reports "unlimited" as a number near 2**63."""
CORE_KINDS = {"performance": "cpu_core", "efficiency": "cpu_atom", "low-power": "cpu_lowpower"}
"""Kinds of cores of a hybrid Intel processor, fastest first, with the devices that list them."""


class Limits(Value):
    """The limits that a container or a service manager sets for this process; None where it sets no limit."""

    cgroup: Literal[1, 2] | None = None
    """Version of the control groups that limit the CPU time."""
    cpu_quota: float | None = None
    """CPU time per wall time, in cores."""
    cpuset: list[int] | None = None
    """Ids of the logical processors, if they are not all that are online."""
    memory_bytes: int | None = None


def usable_cores(files: KernelFiles = KERNEL_FILES) -> list[int]:
    """The ids of the logical processors that this process may run on, ascending; never empty.

    This is the process's affinity without processors that are offline or outside the container's cpuset, because some
    sandboxes and emulators report an affinity that ignores both.
    """
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    allowed = os.sched_getaffinity(0)
    for limit in (files.read_online_cores(), _read_cpuset(files)):
        if allowed.intersection(limit):
            allowed = allowed.intersection(limit)
    return sorted(allowed)


def core_kinds(files: KernelFiles = KERNEL_FILES) -> dict[str, list[int]]:
    """The usable cores by kind, fastest kind first, if they are of several kinds; otherwise empty.

    Intel's hybrid processors list their kinds as devices. Arm's report a capacity for each core.
    """
    usable = usable_cores(files)
    by_kind = {kind: files.read_core_list(f"sys/devices/{device}/cpus") for kind, device in CORE_KINDS.items()}
    if not any(by_kind.values()):
        capacities = {core: files.read_integer(f"sys/devices/system/cpu/cpu{core}/cpu_capacity") for core in usable}
        known = sorted({capacity for capacity in capacities.values() if capacity is not None}, reverse=True)
        by_kind = {
            f"capacity {capacity}": [core for core in usable if capacities[core] == capacity] for capacity in known
        }
    kinds = {kind: [core for core in usable if core in cores] for kind, cores in by_kind.items()}
    kinds = {kind: cores for kind, cores in kinds.items() if cores}
    return kinds if len(kinds) > 1 else {}


def core_limit(files: KernelFiles = KERNEL_FILES) -> int:
    """The largest number of cores that a plan may ask for; at least 1.

    That is the number of usable cores of one kind, or the container's CPU quota rounded down: with a quota of 1.5 cores
    two threads would be stopped for a quarter of the time.
    """
    cores = max(core_kinds(files).values(), key=len, default=usable_cores(files))
    return count_whole_cores(cores, read_container_limits(files).cpu_quota)


def count_whole_cores(cores: list[int], quota: float | None) -> int:
    """The number of `cores`, or the quota rounded down if that is less; at least 1."""
    return max(1, len(cores) if quota is None else min(len(cores), math.floor(quota)))


def explain_core_limit(limit: int, quota: float | None, kinds: dict[str, list[int]]) -> str:
    """Why a plan may ask for at most `limit` cores, as text; empty if neither quota nor kinds of cores limit it."""
    if quota is not None and limit == max(1, math.floor(quota)):
        rounding = ", rounded down" if quota > limit else ", which is less than one core" if quota < limit else ""
        return f"the CPU quota of {quota:g} cores{rounding}"
    if kinds:
        counts = " and ".join(f"{len(cores)} {kind}" for kind, cores in kinds.items())
        return f"cores of one kind, of {counts} cores"
    return ""


def explain_own_core_limit(limit: int, files: KernelFiles = KERNEL_FILES) -> str:
    """Why a plan of this process may ask for at most `limit` cores, see `explain_core_limit`."""
    return explain_core_limit(limit, read_container_limits(files).cpu_quota, core_kinds(files))


def read_container_limits(files: KernelFiles = KERNEL_FILES) -> Limits:
    """The limits of this process's control groups: the lowest of its own group and all groups above it."""
    groups = ControlGroups(files)
    version, cpu_folders = groups.find_folders("cpu")
    _, memory_folders = groups.find_folders("memory")
    quotas = [_read_cpu_quota(files, folder) for folder in cpu_folders]
    memory_limits = [_read_memory_limit(files, folder) for folder in memory_folders]
    cpuset = _read_cpuset(files)
    return Limits(
        cgroup=version,
        cpu_quota=min((quota for quota in quotas if quota is not None), default=None),
        cpuset=cpuset if cpuset and not set(files.read_online_cores()) <= set(cpuset) else None,
        memory_bytes=min((limit for limit in memory_limits if limit is not None), default=None),
    )


def _read_cpu_quota(files: KernelFiles, folder: str) -> float | None:
    """The quota of one group in cores, from the files of either version; None if it sets none."""
    words = files.read_text(f"{folder}/cpu.max").split() or [
        files.read_text(f"{folder}/cpu.cfs_quota_us"),
        files.read_text(f"{folder}/cpu.cfs_period_us"),
    ]
    quota_us, period_us = (parse_integer(word) for word in [*words, ""][:2])
    return quota_us / period_us if quota_us and period_us and quota_us > 0 else None


def _read_memory_limit(files: KernelFiles, folder: str) -> int | None:
    text = files.read_text(f"{folder}/memory.max") or files.read_text(f"{folder}/memory.limit_in_bytes")
    limit = parse_integer(text)
    return limit if limit is not None and 0 <= limit < UNLIMITED_MEMORY_BYTES else None


def _read_cpuset(files: KernelFiles) -> list[int]:
    """The cpuset of the innermost group that has one; empty if none has."""
    _, folders = ControlGroups(files).find_folders("cpuset")
    for folder in folders:
        for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"):
            if cores := files.read_core_list(f"{folder}/{name}"):
                return cores
    return []


def available_memory_bytes(files: KernelFiles = KERNEL_FILES) -> int:
    """Bytes of memory that this process can still allocate without swapping; 0 if unknown.

    The least of what the machine has available and of what each control group has left below its limit.
    """
    sizes = parse_meminfo(files.read_text("proc/meminfo"))
    if sizes.get("MemTotal"):
        available = sizes.get("MemAvailable", sizes.get("MemFree", 0))
    else:
        try:
            available = psutil.virtual_memory().available
        except OSError:
            return 0
    _, folders = ControlGroups(files).find_folders("memory")
    left = [_read_memory_left(files, folder) for folder in folders]
    return min([available, *(size for size in left if size is not None)])


def _read_memory_left(files: KernelFiles, folder: str) -> int | None:
    """Bytes that the processes of one group may still allocate; None without a limit.

    The group's usage includes pages of files that the kernel gives up first. They count as available.
    """
    limit = _read_memory_limit(files, folder)
    if limit is None:
        return None
    used = files.read_integer(f"{folder}/memory.current")
    if used is None:
        used = files.read_integer(f"{folder}/memory.usage_in_bytes") or 0
    counts = dict(line.split()[:2] for line in files.read_text(f"{folder}/memory.stat").splitlines() if " " in line)
    # In version 1 the counts without "total_" leave out the groups below, whose pages the usage includes.
    reclaimable = parse_integer(counts.get("total_inactive_file", counts.get("inactive_file", ""))) or 0
    return max(0, limit - max(0, used - reclaimable))


@dataclass(frozen=True, slots=True)
class Throttling:
    """How often and for how long CPU quotas have kept processors from this process's control groups."""

    periods: int
    """Number of periods in which a group used up its quota."""
    seconds: float
    """Summed over processors and groups."""

    def since(self, before: Throttling) -> Throttling:
        """What has been added since an earlier reading."""
        return Throttling(max(0, self.periods - before.periods), max(0.0, self.seconds - before.seconds))


class ThrottlingReader:
    """Reads `cpu.stat` of this process's control group and of all groups above it. The files stay open."""

    def __init__(self, files: KernelFiles = KERNEL_FILES) -> None:
        _, folders = ControlGroups(files).find_folders("cpu")
        self._files = [files.open(f"{folder}/cpu.stat") for folder in folders]

    def read(self) -> Throttling | None:
        """The sums over all groups; None if no group reports them."""
        readings = [_parse_throttling(file.read().decode(errors="replace")) for file in self._files]
        known = [reading for reading in readings if reading is not None]
        if not known:
            return None
        return Throttling(sum(reading.periods for reading in known), sum(reading.seconds for reading in known))


def _parse_throttling(cpu_stat: str) -> Throttling | None:
    """The counters of one `cpu.stat`; None if it has none, as that of the topmost group of version 2."""
    counters = {name: int(count) for name, count in re.findall(r"^(\w+) (\d+)$", cpu_stat, re.MULTILINE)}
    if "nr_throttled" not in counters:
        return None
    # Version 2 counts microseconds, version 1 nanoseconds under another name.
    seconds = counters.get("throttled_usec", 0) / 1e6 + counters.get("throttled_time", 0) / 1e9
    return Throttling(counters["nr_throttled"], seconds)
