"""What `bench.machine.describe` makes of the files of different machines, and of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.cli.commands.machine import _describe_rows
from bench.machine import describe, processor
from bench.machine.model import Cache, Machine, NumaNode
from bench.system import limits
from bench.system.kernel_files import KernelFiles
from bench.system.limits import Limits
from tests.support.machine_files import write_files
from ui.views.machine.description import describe_processor


@pytest.mark.usefixtures("four_cores")
def test_describe_reads_sys_and_proc(tmp_path: Path) -> None:
    cpu = "sys/devices/system/cpu"
    files = {
        f"{cpu}/online": "0-3\n",
        f"{cpu}/cpu0/cache/index0/level": "1\n",
        f"{cpu}/cpu0/cache/index0/type": "Data\n",
        f"{cpu}/cpu0/cache/index0/size": "48K\n",
        f"{cpu}/cpu0/cache/index0/shared_cpu_list": "0,2\n",
        f"{cpu}/cpu0/cache/index3/level": "3\n",
        f"{cpu}/cpu0/cache/index3/type": "Unified\n",
        f"{cpu}/cpu0/cache/index3/size": "32M\n",
        f"{cpu}/cpu0/cache/index3/shared_cpu_list": "0-3\n",
        f"{cpu}/cpu0/cache/index9/level": "not a number\n",
        f"{cpu}/cpu0/cpufreq/scaling_governor": "powersave\n",
        f"{cpu}/cpu3/cpufreq/scaling_governor": "performance\n",
        f"{cpu}/intel_pstate/no_turbo": "1\n",
        "sys/devices/system/node/online": "0-1\n",
        "sys/devices/system/node/node0/cpulist": "0-1\n",
        "sys/devices/system/node/node1/cpulist": "2-3\n",
        "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
        "proc/meminfo": "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    600 kB\nSwapTotal:      20 kB\n",
        "proc/stat": "cpu  1 2 3 4 5 6 7 8 0 0\nbtime 1700000000\n",
        "proc/sys/kernel/random/boot_id": "1ce6d32a-4ea0-45e7-b788-a5d42ffbb3a1\n",
        "etc/os-release": 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    }
    seen = describe.describe_machine(write_files(tmp_path, files))
    assert seen.caches == [
        Cache(level=1, kind="Data", bytes=48 << 10, shared_by=2),
        Cache(level=3, kind="Unified", bytes=32 << 20, shared_by=4),
    ]
    assert seen.governor == "performance, powersave"
    assert seen.turbo is False
    assert seen.numa_nodes == [NumaNode(node=0, cores=[0, 1]), NumaNode(node=1, cores=[2, 3])]
    assert seen.transparent_hugepages == "madvise"
    assert (seen.memory_bytes, seen.memory_available_bytes, seen.swap_bytes) == (1000 << 10, 600 << 10, 20 << 10)
    assert seen.booted_at == "2023-11-14T22:13:20+00:00"
    assert seen.identity.boot_id == "1ce6d32a-4ea0-45e7-b788-a5d42ffbb3a1"
    assert seen.operating_system == "Debian GNU/Linux 12 (bookworm)"


@pytest.mark.parametrize(("boost", "turbo"), [("1\n", True), ("0\n", False), ("", None)])
def test_turbo_by_cpufreq(tmp_path: Path, boost: str, turbo: bool | None) -> None:
    files = write_files(tmp_path, {"sys/devices/system/cpu/cpufreq/boost": boost})
    assert describe.describe_machine(files).turbo is turbo


def test_nothing_to_read_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "_read_sysctl", lambda name: None)
    seen = describe.describe_machine(KernelFiles(tmp_path))
    assert (seen.isa, seen.caches, seen.numa_nodes, seen.limits) == ({}, [], [], Limits())
    assert (seen.vendor, seen.sockets, seen.governor, seen.turbo) == (None, None, None, None)
    assert (seen.hypervisor, seen.transparent_hugepages, seen.identity.boot_id) == (None, None, None)
    assert seen.memory_bytes == psutil.virtual_memory().total
    assert seen.logical_threads == os.cpu_count()
    assert seen.short.startswith(f"{seen.architecture}, ")


def test_the_one_line_summary(here: Machine) -> None:
    amd = here.model_copy(
        update={
            "processor": "AMD EPYC 7763 64-Core Processor",
            "physical_cores": 2,
            "logical_threads": 2,
            "core_limit": 2,
            "isa": {"avx2": True, "avx512f": True, "avx512_vnni": True},
            "system": "Linux",
            "kernel": "6.1.0-28-amd64",
            "hypervisor": "KVM",
        }
    )
    assert amd.short == "AMD EPYC 7763, 2 cores, AVX-512 VNNI, Linux 6.1, virtual machine (KVM)"
    xeon = {
        "processor": "Intel(R) Xeon(R) CPU @ 2.20GHz",
        "physical_cores": 1,
        "core_limit": 1,
        "hypervisor": "unknown",
    }
    assert amd.model_copy(update=xeon | {"isa": {"avx2": True, "amx_int8": True}}).short == (
        "Intel Xeon, 1 core / 2 threads (1 usable), AMX, Linux 6.1, virtual machine"
    )
    mac = {"processor": "Apple M2", "isa": {}, "system": "Darwin", "operating_system": "macOS 14.5", "hypervisor": None}
    assert amd.model_copy(update=mac).short == "Apple M2, 2 cores, macOS 14.5"


@pytest.mark.usefixtures("four_cores")
def test_a_quota_and_kinds_of_cores_limit_a_plan_and_say_so(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/\n",
        "proc/self/mountinfo": "29 22 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n",
        "sys/devices/cpu_core/cpus": "0-2\n",
        "sys/devices/cpu_atom/cpus": "3\n",
    }
    hybrid = describe.describe_machine(write_files(tmp_path, files))
    assert (hybrid.core_limit, hybrid.core_kinds) == (3, {"performance": [0, 1, 2], "efficiency": [3]})
    assert dict(_describe_rows(hybrid))["usable cores"] == (
        "0, 1, 2, 3; at most 3 cores (cores of one kind, of 3 performance and 1 efficiency cores)"
    )
    limited = describe.describe_machine(write_files(tmp_path, {"sys/fs/cgroup/cpu.max": "150000 100000\n"}))
    assert limited.core_limit == 1
    assert describe_processor(limited)["Usable"] == "1 (numbers 0 to 3; the CPU quota of 1.5 cores, rounded down)"


def test_this_machine(here: Machine) -> None:
    assert here.core_limit == limits.core_limit() <= len(here.usable_cores)
    assert here.usable_cores == limits.usable_cores()
    assert set(here.usable_cores) <= set(range(os.cpu_count() or 1))
    assert 0 < here.memory_available_bytes <= here.memory_bytes
    assert here.versions["psutil"] == psutil.__version__
    assert list(here.versions) == [name for name in describe.MEASURED_LIBRARIES if name in here.versions]
    assert Machine.model_validate_json(here.model_dump_json()) == here


def test_describing_imports_no_measured_library() -> None:
    code = "import sys, json, bench.machine.describe as m; m.describe_machine(); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    measured = {name.replace("-", "_") for name in describe.MEASURED_LIBRARIES} - {"psutil", "scikit_learn"} | {
        "sklearn",
        "sklearnex",
    }
    assert measured.isdisjoint(json.loads(done.stdout))


def test_the_package_needs_no_proc_to_be_imported(tmp_path: Path) -> None:
    """As on another system, which has no such files and lacks functions of Linux's."""
    code = (
        "import os, sys\n"
        "for name in ('sched_getaffinity', 'sched_setaffinity', 'confstr', 'getsid', 'pidfd_open', 'getloadavg'):\n"
        "    if hasattr(os, name): delattr(os, name)\n"
        "import bench.machine.describe, bench.system.process_tree, bench.machine.telemetry, bench.machine.noise\n"
        "files = bench.system.kernel_files.KernelFiles(sys.argv[1])\n"
        "bench.machine.describe.describe_machine(files)\n"
        "with bench.machine.telemetry.Telemetry(files) as telemetry:\n"
        "    telemetry.read(0.0)\n"
        "    print(telemetry.read(1.0).load)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr
