"""Cores, CPU time and memory that this process may use, by affinity, control groups and kinds of cores."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.system.kernel_files import KernelFiles
from bench.system.limits import (
    Limits,
    Throttling,
    ThrottlingReader,
    available_memory_bytes,
    core_kinds,
    core_limit,
    explain_core_limit,
    read_container_limits,
    usable_cores,
)
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
        ("150000 100000", 1),
        ("20000 100000", 1),
        ("900000 100000", 4),
        ("200000 100000", 2),
        ("399999 100000", 3),
        ("x", 4),
    ],
)
def test_the_core_limit_is_the_quota_rounded_down(tmp_path: Path, quota: str, limit: int) -> None:
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


@pytest.mark.usefixtures("four_cores")
def test_cores_of_two_kinds_are_listed_by_kind_and_limit_a_plan_to_one(tmp_path: Path) -> None:
    hybrid = {"sys/devices/cpu_core/cpus": "0\n", "sys/devices/cpu_atom/cpus": "1-7\n"}
    files = write_files(tmp_path / "intel", hybrid)
    assert core_kinds(files) == {"performance": [0], "efficiency": [1, 2, 3]}
    assert core_limit(files) == 3
    capacities = dict(zip(range(4), (400, 400, 1024, 1024), strict=True))
    arm = {f"sys/devices/system/cpu/cpu{core}/cpu_capacity": f"{value}\n" for core, value in capacities.items()}
    files = write_files(tmp_path / "arm", arm)
    assert core_kinds(files) == {"capacity 1024": [2, 3], "capacity 400": [0, 1]}
    assert core_limit(files) == 2
    one_kind = write_files(tmp_path / "one", {"sys/devices/cpu_core/cpus": "0-3\n"})
    assert core_kinds(one_kind) == {}
    assert core_limit(one_kind) == 4


def test_the_core_limit_is_explained() -> None:
    kinds = {"performance": [0], "efficiency": [1, 2, 3]}
    assert explain_core_limit(1, 1.5, {}) == "the CPU quota of 1.5 cores, rounded down"
    assert explain_core_limit(1, 0.5, {}) == "the CPU quota of 0.5 cores, which is less than one core"
    assert explain_core_limit(2, 2.0, kinds) == "the CPU quota of 2 cores"
    assert explain_core_limit(3, None, kinds) == "cores of one kind, of 1 performance and 3 efficiency cores"
    assert explain_core_limit(4, None, {}) == ""


MEMINFO = "MemTotal: 16777216 kB\nMemFree: 1024 kB\nMemAvailable: 8388608 kB\n"


def test_available_memory_is_what_the_narrowest_group_has_left(tmp_path: Path) -> None:
    more = {
        "proc/meminfo": MEMINFO,
        f"{POD}/box/memory.max": "max\n",
        f"{POD}/memory.max": f"{2 << 30}\n",
        f"{POD}/memory.current": f"{1536 << 20}\n",
        f"{POD}/memory.stat": f"anon 5\ninactive_file {512 << 20}\nactive_file 7\n",
    }
    files = write_v2_cgroup(tmp_path, more)
    assert available_memory_bytes(files) == 1 << 30
    write_files(tmp_path, {f"{POD}/memory.current": f"{9 << 30}\n"})
    assert available_memory_bytes(files) == 0
    write_files(tmp_path, {f"{POD}/memory.max": f"{64 << 30}\n"})
    assert available_memory_bytes(files) == 8 << 30


def test_available_memory_of_version_1(tmp_path: Path) -> None:
    memory = "sys/fs/cgroup/memory"
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": V1_GROUPS,
        "proc/self/mountinfo": V1_MOUNTS,
        f"{memory}/memory.limit_in_bytes": f"{3 << 30}\n",
        f"{memory}/memory.usage_in_bytes": f"{2 << 30}\n",
        f"{memory}/memory.stat": f"inactive_file 1\ntotal_inactive_file {1 << 30}\n",
    }
    assert available_memory_bytes(write_files(tmp_path, files)) == 2 << 30


def test_throttling_of_version_2_is_that_of_all_groups_on_the_way_up(tmp_path: Path) -> None:
    more = {
        f"{POD}/box/cpu.stat": "usage_usec 9\nnr_periods 5\nnr_throttled 2\nthrottled_usec 30000\n",
        f"{POD}/cpu.stat": "nr_periods 5\nnr_throttled 1\nthrottled_usec 10000\n",
        "sys/fs/cgroup/cpu.stat": "usage_usec 9\nuser_usec 5\nsystem_usec 4\n",
    }
    reader = ThrottlingReader(write_v2_cgroup(tmp_path, more))
    before = reader.read()
    assert before == Throttling(periods=3, seconds=pytest.approx(0.04))
    write_files(tmp_path, {f"{POD}/box/cpu.stat": "nr_periods 9\nnr_throttled 6\nthrottled_usec 130000\n"})
    after = reader.read()
    assert before and after
    assert after.since(before) == Throttling(periods=4, seconds=pytest.approx(0.1))
    assert before.since(after) == Throttling(periods=0, seconds=0.0)


def test_throttling_of_version_1_and_of_none(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": V1_GROUPS,
        "proc/self/mountinfo": V1_MOUNTS,
        "sys/fs/cgroup/cpu,cpuacct/inner/cpu.stat": "nr_periods 7\nnr_throttled 3\nthrottled_time 250000000\n",
    }
    assert ThrottlingReader(write_files(tmp_path, files)).read() == Throttling(periods=3, seconds=0.25)
    assert ThrottlingReader(KernelFiles(tmp_path / "none")).read() is None
