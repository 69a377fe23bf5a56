"""How many cores and how much memory this process may use."""

from __future__ import annotations

import math
import os
from typing import Literal

from bench.machine.control_groups import ControlGroups
from bench.system.kernel_files import KERNEL_FILES, KernelFiles, parse_integer
from bench.values import Value

UNLIMITED_MEMORY_BYTES = 1 << 60
"""Version 1 of cgroups reports "unlimited" as a number near 2**63."""


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


def core_limit(files: KernelFiles = KERNEL_FILES) -> int:
    """The largest number of cores that a plan may ask for: the usable cores, or the container's quota rounded up."""
    return count_whole_cores(usable_cores(files), read_container_limits(files).cpu_quota)


def count_whole_cores(usable: list[int], quota: float | None) -> int:
    return max(1, len(usable) if quota is None else min(len(usable), math.ceil(quota)))


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
