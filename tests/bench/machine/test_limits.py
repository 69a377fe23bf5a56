"""Cores and memory that this process may use, by affinity and control groups."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.machine.limits import Limits, core_limit, read_container_limits, usable_cores
from bench.system.kernel_files import KernelFiles
from tests.support.machine_files import write_files

V2_MOUNT = "29 22 0:26 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


POD = "sys/fs/cgroup/kubepods.slice/pod7"


V1_MOUNTS = """\
22 1 0:21 / /proc rw - proc proc rw
32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 /docker/abc /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset
35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


V1_GROUPS = """\
5:memory:/docker/abc
4:cpuset:/docker/abc
3:cpu,cpuacct:/docker/abc/inner
1:name=systemd:/docker/abc
0::/
"""


def write_v2_cgroup(root: Path, more: Mapping[str, str]) -> KernelFiles:
    here = {"proc/self/cgroup": "0::/kubepods.slice/pod7/box\n", "proc/self/mountinfo": V2_MOUNT}
    return write_files(root, {**here, **more})


def test_version_2_limits_are_the_narrowest_on_the_way_up(tmp_path: Path) -> None:
    more = {
        f"{POD}/box/cpu.max": "max 100000\n",
        f"{POD}/cpu.max": "150000 100000\n",
        "sys/fs/cgroup/kubepods.slice/cpu.max": "400000 100000\n",
        f"{POD}/box/memory.max": "2147483648\n",
        f"{POD}/memory.max": "max\n",
        f"{POD}/box/cpuset.cpus.effective": "0-1,4\n",
        "sys/devices/system/cpu/online": "0-7\n",
    }
    limits = read_container_limits(write_v2_cgroup(tmp_path, more))
    assert limits == Limits(cgroup=2, cpu_quota=1.5, cpuset=[0, 1, 4], memory_bytes=2 << 30)


def test_version_1_limits(tmp_path: Path) -> None:
    cpu, memory = "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup/memory"
    files = {
        "proc/self/cgroup": V1_GROUPS,
        "proc/self/mountinfo": V1_MOUNTS,
        f"{cpu}/cpu.cfs_quota_us": "250000\n",
        f"{cpu}/cpu.cfs_period_us": "100000\n",
        f"{cpu}/inner/cpu.cfs_quota_us": "-1\n",
        f"{cpu}/inner/cpu.cfs_period_us": "100000\n",
        f"{memory}/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/cpuset/cpuset.cpus": "2-3\n",
        "sys/devices/system/cpu/online": "0-3\n",
    }
    limits = read_container_limits(write_files(tmp_path, files))
    assert limits == Limits(cgroup=1, cpu_quota=2.5, cpuset=[2, 3], memory_bytes=None)


def test_a_group_outside_the_mounted_group_uses_the_mount(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/../../elsewhere\n",
        "proc/self/mountinfo": V2_MOUNT.replace(" / /sys", " /docker/abc /sys"),
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
    }
    assert read_container_limits(write_files(tmp_path, files)).cpu_quota == 0.5


def test_no_limits(tmp_path: Path) -> None:
    more = {f"{POD}/box/cpuset.cpus.effective": "0-3\n", "sys/devices/system/cpu/online": "0-3\n"}
    assert read_container_limits(write_v2_cgroup(tmp_path / "all", more)) == Limits(cgroup=2)
    assert read_container_limits(KernelFiles(tmp_path / "none")) == Limits()


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize(
    ("quota", "limit"),
    [
        ("max 100000", 4),
        ("150000 100000", 2),
        ("20000 100000", 1),
        ("900000 100000", 4),
        ("200000 100000", 2),
        ("x", 4),
    ],
)
def test_the_core_limit_is_the_quota_rounded_up(tmp_path: Path, quota: str, limit: int) -> None:
    assert core_limit(write_v2_cgroup(tmp_path, {f"{POD}/cpu.max": quota})) == limit


@pytest.mark.usefixtures("four_cores")
def test_usable_cores_are_online_and_in_the_cpuset(tmp_path: Path) -> None:
    more = {f"{POD}/box/cpuset.cpus.effective": "1-9\n", "sys/devices/system/cpu/online": "0-2\n"}
    assert usable_cores(write_v2_cgroup(tmp_path / "narrow", more)) == [1, 2]
    assert usable_cores(KernelFiles(tmp_path / "none")) == [0, 1, 2, 3]


@pytest.mark.usefixtures("four_cores")
def test_a_cpuset_that_contradicts_the_affinity_is_ignored(tmp_path: Path) -> None:
    more = {f"{POD}/box/cpuset.cpus.effective": "8-9\n"}
    assert usable_cores(write_v2_cgroup(tmp_path, more)) == [0, 1, 2, 3]


def test_usable_cores_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert usable_cores() == [0, 1, 2]
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert usable_cores() == [0]
