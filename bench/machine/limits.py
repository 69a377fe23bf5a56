"""TODO: bench.machine.describe.limits."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from bench.machine.kernel_files import parse_core_list, parse_integer, read_kernel_text, read_online_cores
from bench.system.procfs import SYSTEM_ROOT
from bench.values import Value

UNLIMITED_MEMORY_BYTES = 1 << 60
"""The first version of cgroups says 'unlimited' with a number of pages near the largest there is."""


class Limits(Value):
    """What a container or a service manager lets this process have; None where it sets no limit."""

    cgroup: Literal[1, 2] | None = None
    """Version of the control groups that the processor time is counted in."""
    cpu_quota: float | None = None
    """Cores' worth of processor time."""
    cpuset: list[int] | None = None
    memory_bytes: int | None = None


def usable_cores(root: Path = SYSTEM_ROOT) -> list[int]:
    """The logical processors that this process may run on, in ascending order; never empty.

    Its affinity, without processors that are offline or outside the container's cpuset: some sandboxes and emulators
    answer with an affinity that knows of neither.
    """
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    allowed = os.sched_getaffinity(0)
    for limit in (read_online_cores(root), _read_cpuset(root)):
        if limit and allowed.intersection(limit):
            allowed = allowed.intersection(limit)
    return sorted(allowed)


def core_limit(root: Path = SYSTEM_ROOT) -> int:
    """Whole cores that a run may ask for: the usable ones, or as many as the container's quota is worth, rounded up."""
    return count_whole_cores(usable_cores(root), read_container_limits(root).cpu_quota)


def count_whole_cores(usable: list[int], quota: float | None) -> int:
    return max(1, len(usable) if quota is None else min(len(usable), math.ceil(quota)))


def read_container_limits(root: Path = SYSTEM_ROOT) -> Limits:
    """The control groups' limits on this process, the narrowest of its group and the groups above it."""
    version, folders = _find_group_folders(root, "cpu")
    quotas = [quota for folder in folders if (quota := _read_cpu_quota(folder)) is not None]
    memory = [
        limit for folder in _find_group_folders(root, "memory")[1] if (limit := _read_memory_limit(folder)) is not None
    ]
    cpuset = _read_cpuset(root)
    return Limits(
        cgroup=version,
        cpu_quota=min(quotas, default=None),
        cpuset=cpuset if cpuset and not set(read_online_cores(root)) <= set(cpuset) else None,
        memory_bytes=min(memory, default=None),
    )


def _read_cpu_quota(folder: Path) -> float | None:
    """Cores' worth of processor time, of either version's files."""
    words = read_kernel_text(folder, "cpu.max").split() or [
        read_kernel_text(folder, "cpu.cfs_quota_us").strip(),
        read_kernel_text(folder, "cpu.cfs_period_us").strip(),
    ]
    quota, period = (parse_integer(word) for word in [*words, ""][:2])
    return quota / period if quota and period and quota > 0 else None


def _read_memory_limit(folder: Path) -> int | None:
    limit = parse_integer(read_kernel_text(folder, "memory.max") or read_kernel_text(folder, "memory.limit_in_bytes"))
    return limit if limit is not None and 0 <= limit < UNLIMITED_MEMORY_BYTES else None


def _read_cpuset(root: Path) -> list[int]:
    """The cpuset of the nearest group that has one; empty where none has."""
    for folder in _find_group_folders(root, "cpuset")[1]:
        for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"):
            if cores := parse_core_list(read_kernel_text(folder, name)):
                return cores
    return []


def _find_group_folders(root: Path, controller: str) -> tuple[Literal[1, 2] | None, list[Path]]:
    """The version in charge of a controller, and the folders of its group here and those above it, inside first."""
    groups = _read_own_groups(root)
    mounts = _read_group_mounts(root)
    version: Literal[1, 2]
    for version, key in ((1, controller), (2, "")):
        if key in groups and key in mounts:
            inside, mounted_at = mounts[key]
            return version, list(_folders_upwards(root / mounted_at.lstrip("/"), _relative_path(groups[key], inside)))
    return None, []


def _read_own_groups(root: Path) -> dict[str, str]:
    """Controller to this process's group; the second version's only hierarchy is called ''."""
    groups = {}
    for line in read_kernel_text(root, "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


def _read_group_mounts(root: Path) -> dict[str, tuple[str, str]]:
    """Controller to which group is mounted where; the second version's only hierarchy is called ''."""
    mounts = {}
    for line in read_kernel_text(root, "proc/self/mountinfo").splitlines():
        place, _, kind = line.partition(" - ")
        place_words, kind_words = place.split(), kind.split()
        if len(place_words) < 5 or len(kind_words) < 3:
            continue
        at = place_words[3], place_words[4].replace("\\040", " ")
        if kind_words[0] == "cgroup2":
            mounts[""] = at
        elif kind_words[0] == "cgroup":
            mounts.update(dict.fromkeys(kind_words[2].split(","), at))
    return mounts


def _relative_path(group: str, mounted: str) -> list[str]:
    """The group's path below the group that is mounted; empty where it lies outside, as seen from in a container."""
    inside = mounted.rstrip("/") + "/"
    return [name for name in group[len(inside) :].split("/") if name] if group.startswith(inside) else []


def _folders_upwards(mounted_at: Path, names: list[str]) -> Iterator[Path]:
    for depth in range(len(names), -1, -1):
        yield mounted_at.joinpath(*names[:depth])
