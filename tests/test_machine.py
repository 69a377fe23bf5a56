"""What `bench.machine.describe` makes of the files of different machines, and of this one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest

from bench.machine import describe
from bench.machine.describe import Cache, Limits, Machine, NumaNode

ARM_CPUINFO = """\
processor	: 0
BogoMIPS	: 243.75
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm sve i8mm bf16 dgh rng
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x1
CPU part	: 0xd40
CPU revision	: 1

processor	: 1
BogoMIPS	: 243.75
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm sve i8mm bf16 dgh rng
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x1
CPU part	: 0xd40
CPU revision	: 1
"""

OLD_ARM_CPUINFO = """\
processor	: 0
model name	: ARMv7 Processor rev 4 (v7l)
Features	: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm crc32
CPU implementer	: 0x77
CPU part	: 0x123

Hardware	: BCM2835
"""

XEON_BLOCK = """\
processor	: {processor}
vendor_id	: GenuineIntel
cpu family	: 6
model		: 143
model name	: Intel(R) Xeon(R) Platinum 8480+
cpu MHz		: 2000.000
physical id	: {socket}
siblings	: 4
core id		: {core}
cpu cores	: 2
flags		: fpu vme fma avx2 avx512f avx_vnni avx512_bf16 avx512_vnni amx_bf16 avx512_fp16 amx_tile amx_int8
"""

# Threads are numbered as on a real one: first each core's first thread, then each core's second.
XEON_CPUINFO = "\n".join(
    XEON_BLOCK.format(processor=thread * 4 + socket * 2 + core, socket=socket, core=core)
    for thread in range(2)
    for socket in range(2)
    for core in range(2)
)

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


def lay(root: Path, files: Mapping[str, str]) -> Path:
    """Write a part of a machine's `/proc`, `/sys` and `/etc`."""
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def v2_root(root: Path, more: Mapping[str, str]) -> Path:
    here = {"proc/self/cgroup": "0::/kubepods.slice/pod7/box\n", "proc/self/mountinfo": V2_MOUNT}
    return lay(root, {**here, **more})


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)


def test_arm_cores_are_named_by_their_numbers() -> None:
    cpu = describe.parse_cpuinfo(ARM_CPUINFO)
    assert (cpu.name, cpu.vendor, cpu.threads) == ("Arm Neoverse V1", "Arm", 2)
    assert list(cpu.isa.items()) == [("neon", True), ("sve", True), ("i8mm", True), ("bf16", True)]
    assert cpu.virtual is None


def test_an_arm_core_that_nobody_knows_keeps_its_number() -> None:
    cpu = describe.parse_cpuinfo(OLD_ARM_CPUINFO)
    assert (cpu.name, cpu.vendor, cpu.threads) == ("Arm processor, part 0x123", None, 1)
    assert cpu.isa == {"neon": True, "sve": False, "i8mm": False, "bf16": False}


def test_arm_sockets_and_cores_are_counted_in_sys(tmp_path: Path) -> None:
    lay(tmp_path, {"proc/cpuinfo": ARM_CPUINFO, "sys/devices/system/cpu/online": "0-1\n"})
    for core in range(2):
        topology = f"sys/devices/system/cpu/cpu{core}/topology"
        lay(tmp_path, {f"{topology}/core_siblings_list": "0-1\n", f"{topology}/thread_siblings_list": f"{core}\n"})
    seen = describe.describe(tmp_path)
    assert (seen.sockets, seen.physical_cores, seen.logical_threads) == (1, 2, 2)


def test_two_sockets_of_xeon_with_amx(tmp_path: Path) -> None:
    seen = describe.describe(lay(tmp_path, {"proc/cpuinfo": XEON_CPUINFO}))
    assert (seen.processor, seen.vendor) == ("Intel(R) Xeon(R) Platinum 8480+", "Intel")
    assert (seen.sockets, seen.physical_cores, seen.logical_threads) == (2, 4, 8)
    assert list(seen.isa) == list(describe.X86_FLAGS)
    assert all(seen.isa.values())
    assert seen.hypervisor is None


def test_flags_are_whole_words() -> None:
    isa = describe.parse_cpuinfo(XEON_BLOCK.format(processor=0, socket=0, core=0).replace("avx512_vnni ", "")).isa
    assert isa["avx_vnni"] and not isa["avx512_vnni"]


@pytest.mark.parametrize("text", ["", "\n\n", "no colon here", "processor\t: 0\n", "flags\t: avx2\n"])
def test_a_cpuinfo_that_says_nothing(text: str) -> None:
    cpu = describe.parse_cpuinfo(text)
    assert (cpu.name, cpu.vendor, cpu.isa, cpu.sockets, cpu.cores) == (None, None, {}, 0, 0)


def test_an_apple_processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = {
        "machdep.cpu.brand_string": b"Apple M2\0",
        "hw.packages": b"\1\0\0\0",
        "hw.physicalcpu": b"\10\0\0\0",
        "hw.logicalcpu": b"\10\0\0\0",
        "hw.optional.arm.AdvSIMD": b"\1\0\0\0",
        "hw.optional.arm.FEAT_BF16": b"\1\0\0\0",
    }
    monkeypatch.setattr(describe, "_sysctl", answers.get)
    cpu = describe.read_processor(tmp_path)
    assert (cpu.name, cpu.vendor, cpu.sockets, cpu.cores, cpu.threads) == ("Apple M2", "Apple", 1, 8, 8)
    assert cpu.isa == {"neon": True, "sve": False, "i8mm": False, "bf16": True}
    assert cpu.virtual is False


def test_an_intel_mac(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = {
        "machdep.cpu.brand_string": b"Intel(R) Core(TM) i7-1068NG7 CPU @ 2.30GHz\0",
        "machdep.cpu.vendor": b"GenuineIntel\0",
        "machdep.cpu.features": b"FPU SSE4.2 FMA AVX1.0\0",
        "machdep.cpu.leaf7_features": b"AVX2 AVX512F AVX512VNNI\0",
    }
    monkeypatch.setattr(describe, "_sysctl", answers.get)
    cpu = describe.read_processor(tmp_path)
    assert cpu.vendor == "Intel"
    assert [flag for flag, present in cpu.isa.items() if present] == ["avx2", "fma", "avx512f", "avx512_vnni"]


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0-3,8\n", [0, 1, 2, 3, 8]), ("5", [5]), ("", []), ("\n", []), ("max", []), ("1-,2", [2]), ("0,2-3", [0, 2, 3])],
)
def test_lists_of_cores(text: str, cores: list[int]) -> None:
    assert describe.parse_cores(text) == cores


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
    limits = describe.container_limits(v2_root(tmp_path, more))
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
    limits = describe.container_limits(lay(tmp_path, files))
    assert limits == Limits(cgroup=1, cpu_quota=2.5, cpuset=[2, 3], memory_bytes=None)


def test_a_group_outside_the_mounted_one_is_looked_for_at_the_mount(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/../../elsewhere\n",
        "proc/self/mountinfo": V2_MOUNT.replace(" / /sys", " /docker/abc /sys"),
        "sys/fs/cgroup/cpu.max": "50000 100000\n",
    }
    assert describe.container_limits(lay(tmp_path, files)).cpu_quota == 0.5


def test_no_limits(tmp_path: Path) -> None:
    more = {f"{POD}/box/cpuset.cpus.effective": "0-3\n", "sys/devices/system/cpu/online": "0-3\n"}
    assert describe.container_limits(v2_root(tmp_path / "all", more)) == Limits(cgroup=2)
    assert describe.container_limits(tmp_path / "none") == Limits()


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
    assert describe.core_limit(v2_root(tmp_path, {f"{POD}/cpu.max": quota})) == limit


@pytest.mark.usefixtures("four_cores")
def test_usable_cores_are_online_and_in_the_cpuset(tmp_path: Path) -> None:
    more = {f"{POD}/box/cpuset.cpus.effective": "1-9\n", "sys/devices/system/cpu/online": "0-2\n"}
    assert describe.usable_cores(v2_root(tmp_path / "narrow", more)) == [1, 2]
    assert describe.usable_cores(tmp_path / "none") == [0, 1, 2, 3]


@pytest.mark.usefixtures("four_cores")
def test_a_cpuset_that_contradicts_the_affinity_is_not_believed(tmp_path: Path) -> None:
    more = {f"{POD}/box/cpuset.cpus.effective": "8-9\n"}
    assert describe.usable_cores(v2_root(tmp_path, more)) == [0, 1, 2, 3]


def test_usable_cores_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert describe.usable_cores() == [0, 1, 2]
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert describe.usable_cores() == [0]


CLOCKS = "sys/devices/system/clocksource/clocksource0/available_clocksource"


@pytest.mark.parametrize(
    ("files", "virtual", "expected"),
    [
        ({CLOCKS: "tsc kvm-clock \n"}, True, "KVM"),
        ({CLOCKS: "tsc hyperv_clocksource_tsc_page acpi_pm\n"}, True, "Hyper-V"),
        ({CLOCKS: "tsc hpet acpi_pm\n"}, True, "unknown"),
        ({CLOCKS: "tsc kvm-clock \n"}, False, None),
        ({"sys/class/dmi/id/sys_vendor": "QEMU\n"}, True, "QEMU"),
        ({"sys/class/dmi/id/sys_vendor": "VMware, Inc.\n"}, True, "VMware"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "sys/class/dmi/id/product_name": "m7g.large\n"}, None, "KVM"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "sys/class/dmi/id/product_name": "m7g.metal\n"}, None, None),
        (
            {
                "sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
                "sys/class/dmi/id/product_name": "Virtual Machine\n",
            },
            None,
            "Hyper-V",
        ),
        (
            {"sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n", "sys/class/dmi/id/product_name": "Surface\n"},
            None,
            None,
        ),
        ({"proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, None, "KVM"),
        ({"sys/hypervisor/type": "xen\n"}, False, "Xen"),
        ({}, None, None),
    ],
)
def test_hypervisors(tmp_path: Path, files: Mapping[str, str], virtual: bool | None, expected: str | None) -> None:
    assert describe.hypervisor(lay(tmp_path, files), virtual) == expected


@pytest.mark.usefixtures("four_cores")
def test_what_sys_tells(tmp_path: Path) -> None:
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
    seen = describe.describe(lay(tmp_path, files))
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
    assert seen.boot_id == "1ce6d32a-4ea0-45e7-b788-a5d42ffbb3a1"
    assert seen.operating_system == "Debian GNU/Linux 12 (bookworm)"


@pytest.mark.parametrize(("boost", "turbo"), [("1\n", True), ("0\n", False), ("", None)])
def test_turbo_by_cpufreq(tmp_path: Path, boost: str, turbo: bool | None) -> None:
    root = lay(tmp_path, {"sys/devices/system/cpu/cpufreq/boost": boost})
    assert describe.describe(root).turbo is turbo


def test_nothing_to_read_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "_sysctl", lambda name: None)
    seen = describe.describe(tmp_path)
    assert (seen.isa, seen.caches, seen.numa_nodes, seen.limits) == ({}, [], [], Limits())
    assert (seen.vendor, seen.sockets, seen.governor, seen.turbo) == (None, None, None, None)
    assert (seen.hypervisor, seen.transparent_hugepages, seen.boot_id) == (None, None, None)
    assert seen.memory_bytes == psutil.virtual_memory().total
    assert seen.logical_threads == os.cpu_count()
    assert seen.short.startswith(f"{seen.architecture}, ")


@pytest.fixture(scope="module")
def here() -> Machine:
    return describe.describe()


def test_the_short_line(here: Machine) -> None:
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


def test_this_machine(here: Machine) -> None:
    assert here.core_limit == describe.core_limit() <= len(here.usable_cores)
    assert here.usable_cores == describe.usable_cores()
    assert set(here.usable_cores) <= set(range(os.cpu_count() or 1))
    assert 0 < here.memory_available_bytes <= here.memory_bytes
    assert here.versions["psutil"] == psutil.__version__
    assert list(here.versions) == [name for name in describe.MEASURED if name in here.versions]
    assert Machine.model_validate_json(here.model_dump_json()) == here


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/cpuinfo is Linux's")
def test_this_machine_agrees_with_its_own_flags(here: Machine) -> None:
    words = Path("/proc/cpuinfo").read_text().split()
    for flag in set(here.isa) - {"neon"}:
        assert here.isa[flag] == (flag in words)


def test_describing_imports_no_measured_library() -> None:
    code = "import sys, json, bench.machine.describe as m; m.describe(); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    measured = {name.replace("-", "_") for name in describe.MEASURED} - {"psutil", "scikit_learn"} | {
        "sklearn",
        "sklearnex",
    }
    assert measured.isdisjoint(json.loads(done.stdout))


def test_the_package_needs_no_proc_to_be_imported(tmp_path: Path) -> None:
    """As on another system, which has no such files and lacks functions of Linux's."""
    code = (
        "import os, time, pathlib, sys\n"
        "for name in ('sched_getaffinity', 'sched_setaffinity', 'confstr', 'getsid', 'pidfd_open', 'getloadavg'):\n"
        "    if hasattr(os, name): delattr(os, name)\n"
        "import bench.machine.describe, bench.system.process_tree, bench.machine.telemetry, bench.machine.noise\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "bench.machine.describe.describe(root)\n"
        "with bench.machine.telemetry.Telemetry(root) as telemetry:\n"
        "    telemetry.read(0.0)\n"
        "    print(telemetry.read(1.0).load)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "None"), done.stderr
