"""What this machine is: processor, memory, what it is allowed to use of them, and the versions of what is measured.

Sizes are bytes, frequencies MHz, lists of cores are numbers of logical processors. Nothing here runs a program or
imports a measured library. Linux's `/proc` and `/sys` are read below a `root` folder that tests may lay somewhere else;
what they do not tell is asked of psutil (and, on macOS, of sysctl), and is None or empty where nobody knows.
"""

from __future__ import annotations

import math
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil
from pydantic import Field

from bench.system.process_tree import ROOT, read_bytes
from bench.values import Value

MEASURED = (
    "streamlit",
    "plotly",
    "pandas",
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-learn-intelex",
    "daal",
    "modin",
    "ray",
    "tensorflow",
    "keras",
    "neural-compressor",
    "numba",
    "psutil",
)
"""Distributions whose versions belong to a run."""

X86_FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "avx_vnni",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
)
ARM_FLAGS = ("neon", "sve", "i8mm", "bf16")

BEST_FLAGS = {
    "amx_int8": "AMX",
    "amx_bf16": "AMX",
    "avx512_vnni": "AVX-512 VNNI",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx2": "AVX2",
    "sve": "SVE",
    "neon": "NEON",
}
"""What to call a machine by: the first of these that it has."""

VENDORS = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel", "HygonGenuine": "Hygon", "CentaurHauls": "VIA"}
ARM_IMPLEMENTERS = {
    0x41: "Arm",
    0x42: "Broadcom",
    0x43: "Cavium",
    0x46: "Fujitsu",
    0x48: "HiSilicon",
    0x4E: "NVIDIA",
    0x51: "Qualcomm",
    0x61: "Apple",
    0x6D: "Microsoft",
    0xC0: "Ampere",
}
ARM_PARTS = {
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD08): "Cortex-A72",
    (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse N1",
    (0x41, 0xD40): "Neoverse V1",
    (0x41, 0xD49): "Neoverse N2",
    (0x41, 0xD4F): "Neoverse V2",
    (0x41, 0xD84): "Neoverse V3",
    (0x41, 0xD8E): "Neoverse N3",
    (0x6D, 0xD49): "Azure Cobalt 100",
    (0xC0, 0xAC3): "Ampere-1",
    (0xC0, 0xAC4): "Ampere-1a",
}
"""(implementer, part) to name; an Arm processor tells the kernel numbers only."""

CLOCK_HYPERVISORS = {
    "kvm-clock": "KVM",
    "hyperv_clocksource_tsc_page": "Hyper-V",
    "hyperv_clocksource_msr": "Hyper-V",
    "xen": "Xen",
}
TREE_HYPERVISORS = {"kvm": "KVM", "xen": "Xen", "vmware": "VMware"}
BOARD_HYPERVISORS = {
    "KVM": "KVM",
    "OpenStack": "KVM",
    "KubeVirt": "KVM",
    "Amazon EC2": "KVM",
    "Google Compute Engine": "KVM",
    "DigitalOcean": "KVM",
    "Alibaba Cloud": "KVM",
    "VMware": "VMware",
    "VMW": "VMware",
    "innotek GmbH": "VirtualBox",
    "VirtualBox": "VirtualBox",
    "Oracle Corporation VirtualBox": "VirtualBox",
    "Xen": "Xen",
    "Bochs": "Bochs",
    "Parallels": "Parallels",
    "BHYVE": "bhyve",
    "Apple Virtualization": "Apple Virtualization",
    "QEMU": "QEMU",
}
"""What a board's maker or product name begins with, to whose it is."""

NO_MEMORY_LIMIT = 1 << 60
"""The first version of cgroups says 'unlimited' with a number of pages near the largest there is."""


class Cache(Value):
    """One cache, as the first usable core sees it."""

    level: int
    kind: str
    """Data, Instruction or Unified."""
    bytes: int
    shared_by: int
    """Logical processors that share it."""


class NumaNode(Value):
    """Logical processors that are equally near to one part of the memory."""

    node: int
    cores: list[int]


class Limits(Value):
    """What a container or a service manager lets this process have; None where it sets no limit."""

    cgroup: Literal[1, 2] | None = None
    """Version of the control groups that the processor time is counted in."""
    cpu_quota: float | None = None
    """Cores' worth of processor time."""
    cpuset: list[int] | None = None
    memory_bytes: int | None = None


class Machine(Value):
    """This machine, at the moment of asking."""

    processor: str
    """As the processor calls itself."""
    vendor: str | None
    architecture: str
    sockets: int | None
    physical_cores: int | None
    logical_threads: int
    """Logical processors, two a core where threads are on."""
    usable_cores: list[int]
    core_limit: int = Field(ge=1)
    """Whole cores that may be asked for."""
    isa: dict[str, bool]
    """The instructions that matter here; empty where unknown."""
    caches: list[Cache]
    memory_bytes: int
    memory_available_bytes: int
    swap_bytes: int
    governor: str | None
    """Frequency governor of the usable cores, several where they differ; None without cpufreq."""
    turbo: bool | None
    numa_nodes: list[NumaNode]
    hypervisor: str | None
    """'unknown' for a virtual machine of an unknown maker, None for none."""
    transparent_hugepages: str | None
    """always, madvise or never."""
    limits: Limits
    system: str
    """Linux, Darwin or Windows."""
    operating_system: str
    """With its version."""
    kernel: str
    python: str
    c_library: str | None
    boot_id: str | None
    booted_at: str | None
    """ISO 8601, UTC."""
    versions: dict[str, str]
    """Of each measured library that is installed."""

    @property
    def short(self) -> str:
        """One line for the page: 'AMD EPYC, 2 cores, AVX-512 VNNI, Linux 6.1, virtual machine (KVM)'."""
        best = next((label for flag, label in BEST_FLAGS.items() if self.isa.get(flag)), None)
        virtual = "virtual machine" if self.hypervisor == "unknown" else f"virtual machine ({self.hypervisor})"
        parts = [_short_processor(self.processor), self._short_cores(), best, self._short_system()]
        return ", ".join([part for part in parts if part] + ([virtual] if self.hypervisor else []))

    def _short_cores(self) -> str:
        cores = self.physical_cores or self.logical_threads
        text = f"{cores} core{'' if cores == 1 else 's'}"
        if self.logical_threads != cores:
            text += f" / {self.logical_threads} threads"
        if self.core_limit < self.logical_threads:
            text += f" ({self.core_limit} usable)"
        return text

    def _short_system(self) -> str:
        if self.system == "Linux":
            return "Linux " + ".".join(self.kernel.split(".")[:2])
        return self.operating_system


def describe(root: Path = ROOT) -> Machine:
    """This machine now, in some tens of milliseconds."""
    cpu = read_processor(root)
    limits = container_limits(root)
    usable = usable_cores(root)
    total, available, swap = _memory(root)
    return Machine(
        processor=cpu.name or platform.machine() or "unknown",
        vendor=cpu.vendor,
        architecture=platform.machine(),
        sockets=cpu.sockets or _siblings(root, "core_siblings_list") or None,
        physical_cores=cpu.cores or _siblings(root, "thread_siblings_list") or psutil.cpu_count(logical=False),
        logical_threads=cpu.threads or os.cpu_count() or 1,
        usable_cores=usable,
        core_limit=_whole_cores(usable, limits.cpu_quota),
        isa=cpu.isa,
        caches=read_caches(root, usable[0]),
        memory_bytes=total,
        memory_available_bytes=available,
        swap_bytes=swap,
        governor=_governor(root, usable),
        turbo=_turbo(root),
        numa_nodes=_numa_nodes(root),
        hypervisor=hypervisor(root, cpu.virtual),
        transparent_hugepages=_hugepages(root),
        limits=limits,
        system=platform.system(),
        operating_system=_operating_system(root),
        kernel=platform.release(),
        python=platform.python_version(),
        c_library=_c_library(root),
        boot_id=_text(root, "proc/sys/kernel/random/boot_id").strip() or None,
        booted_at=_booted_at(root),
        versions=library_versions(),
    )


# What may be used


def usable_cores(root: Path = ROOT) -> list[int]:
    """The logical processors that this process may run on, in ascending order; never empty.

    Its affinity, without processors that are offline or outside the container's cpuset: some sandboxes and emulators
    answer with an affinity that knows of neither.
    """
    if not hasattr(os, "sched_getaffinity"):
        return list(range(os.cpu_count() or 1))
    allowed = os.sched_getaffinity(0)
    for limit in (_online(root), _cpuset(root)):
        if limit and allowed.intersection(limit):
            allowed = allowed.intersection(limit)
    return sorted(allowed)


def core_limit(root: Path = ROOT) -> int:
    """Whole cores that a run may ask for: the usable ones, or as many as the container's quota is worth, rounded up."""
    return _whole_cores(usable_cores(root), container_limits(root).cpu_quota)


def _whole_cores(usable: list[int], quota: float | None) -> int:
    return max(1, len(usable) if quota is None else min(len(usable), math.ceil(quota)))


def container_limits(root: Path = ROOT) -> Limits:
    """The control groups' limits on this process, the narrowest of its group and the groups above it."""
    version, folders = _group_folders(root, "cpu")
    quotas = [quota for folder in folders if (quota := _quota(folder)) is not None]
    memory = [limit for folder in _group_folders(root, "memory")[1] if (limit := _memory_limit(folder)) is not None]
    cpuset = _cpuset(root)
    return Limits(
        cgroup=version,
        cpu_quota=min(quotas, default=None),
        cpuset=cpuset if cpuset and not set(_online(root)) <= set(cpuset) else None,
        memory_bytes=min(memory, default=None),
    )


def _quota(folder: Path) -> float | None:
    """Cores' worth of processor time, of either version's files."""
    words = _text(folder, "cpu.max").split() or [
        _text(folder, "cpu.cfs_quota_us").strip(),
        _text(folder, "cpu.cfs_period_us").strip(),
    ]
    quota, period = (_number(word) for word in [*words, ""][:2])
    return quota / period if quota and period and quota > 0 else None


def _memory_limit(folder: Path) -> int | None:
    limit = _number(_text(folder, "memory.max") or _text(folder, "memory.limit_in_bytes"))
    return limit if limit is not None and 0 <= limit < NO_MEMORY_LIMIT else None


def _cpuset(root: Path) -> list[int]:
    """The cpuset of the nearest group that has one; empty where none has."""
    for folder in _group_folders(root, "cpuset")[1]:
        for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"):
            if cores := parse_cores(_text(folder, name)):
                return cores
    return []


def _group_folders(root: Path, controller: str) -> tuple[Literal[1, 2] | None, list[Path]]:
    """The version in charge of a controller, and the folders of its group here and those above it, inside first."""
    groups = _own_groups(root)
    mounts = _group_mounts(root)
    version: Literal[1, 2]
    for version, key in ((1, controller), (2, "")):
        if key in groups and key in mounts:
            inside, mounted_at = mounts[key]
            return version, list(_upwards(root / mounted_at.lstrip("/"), _relative(groups[key], inside)))
    return None, []


def _own_groups(root: Path) -> dict[str, str]:
    """Controller to this process's group; the second version's only hierarchy is called ''."""
    groups = {}
    for line in _text(root, "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        groups.update(dict.fromkeys(controllers.split(","), group))
    return groups


def _group_mounts(root: Path) -> dict[str, tuple[str, str]]:
    """Controller to which group is mounted where; the second version's only hierarchy is called ''."""
    mounts = {}
    for line in _text(root, "proc/self/mountinfo").splitlines():
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


def _relative(group: str, mounted: str) -> list[str]:
    """The group's path below the group that is mounted; empty where it lies outside, as seen from in a container."""
    inside = mounted.rstrip("/") + "/"
    return [name for name in group[len(inside) :].split("/") if name] if group.startswith(inside) else []


def _upwards(mounted_at: Path, names: list[str]) -> Iterator[Path]:
    for depth in range(len(names), -1, -1):
        yield mounted_at.joinpath(*names[:depth])


def parse_cores(text: str) -> list[int]:
    """The numbers in a kernel's list such as '0-3,8'."""
    cores: list[int] = []
    for part in text.strip().split(","):
        first, dash, last = part.partition("-")
        if first.strip().isdecimal() and (not dash or last.strip().isdecimal()):
            cores.extend(range(int(first), int(last if dash else first) + 1))
    return cores


def _online(root: Path) -> list[int]:
    return parse_cores(_text(root, "sys/devices/system/cpu/online"))


# The processor


@dataclass(frozen=True, slots=True)
class Processor:
    """What a processor says of itself; None or 0 where it does not."""

    name: str | None = None
    vendor: str | None = None
    isa: dict[str, bool] = field(default_factory=dict)
    sockets: int = 0
    cores: int = 0
    threads: int = 0
    virtual: bool | None = None
    """Whether it says that it runs under a hypervisor; None where it would not say."""


def read_processor(root: Path = ROOT) -> Processor:
    """The processor, from `/proc/cpuinfo` or else from macOS."""
    if text := _text(root, "proc/cpuinfo"):
        return parse_cpuinfo(text)
    return _mac_processor()


def parse_cpuinfo(text: str) -> Processor:
    """Read `/proc/cpuinfo`, of an x86 or an Arm machine."""
    blocks = [dict(_fields(block)) for block in text.strip().split("\n\n")]
    cores = [block for block in blocks if "processor" in block]
    first = cores[0] if cores else {}
    packages = {block["physical id"] for block in cores if "physical id" in block}
    physical = {(block.get("physical id"), block["core id"]) for block in cores if "core id" in block}
    flags = set(first.get("flags", "").split())
    if "CPU implementer" in first:
        name, vendor, isa = _arm(first)
    else:
        name, vendor = first.get("model name"), first.get("vendor_id")
        isa = {flag: flag in flags for flag in X86_FLAGS} if flags else {}
    return Processor(
        name=name,
        vendor=VENDORS.get(vendor, vendor) if vendor else None,
        isa=isa,
        sockets=len(packages),
        cores=len(physical),
        threads=len(cores),
        virtual="hypervisor" in flags if flags else None,
    )


def _fields(block: str) -> Iterator[tuple[str, str]]:
    for line in block.splitlines():
        key, _, value = line.partition(":")
        yield key.strip(), value.strip()


def _arm(core: Mapping[str, str]) -> tuple[str, str | None, dict[str, bool]]:
    """Name, maker and instructions from the numbers that an Arm core tells."""
    implementer, part = (_number(core.get(key, ""), base=0) for key in ("CPU implementer", "CPU part"))
    vendor = ARM_IMPLEMENTERS.get(implementer or 0)
    model = ARM_PARTS.get((implementer or 0, part or 0), f"processor, part {core.get('CPU part', 'unknown')}")
    features = set(core.get("Features", "").split())
    isa = {flag: flag in features for flag in ARM_FLAGS} | {"neon": bool({"neon", "asimd"} & features)}
    name = model if vendor and model.startswith(vendor) else f"{vendor or 'Arm'} {model}"
    return name, vendor, isa if features else {}


def _mac_processor() -> Processor:
    name = _mac_text("machdep.cpu.brand_string")
    if not name:
        return Processor()
    words = f"{_mac_text('machdep.cpu.features')} {_mac_text('machdep.cpu.leaf7_features')}".lower().split()
    if words:
        isa = {flag: flag.replace("_", "") in words for flag in X86_FLAGS}
    else:
        features = {"neon": "AdvSIMD", "sve": "FEAT_SVE", "i8mm": "FEAT_I8MM", "bf16": "FEAT_BF16"}
        isa = {flag: bool(_mac_number(f"hw.optional.arm.{feature}")) for flag, feature in features.items()}
    vendor = _mac_text("machdep.cpu.vendor")
    return Processor(
        name=name,
        vendor=VENDORS.get(vendor, vendor) or name.split()[0],
        isa=isa,
        sockets=_mac_number("hw.packages"),
        cores=_mac_number("hw.physicalcpu"),
        threads=_mac_number("hw.logicalcpu"),
        virtual=bool(_mac_number("kern.hv_vmm_present")),
    )


def _mac_text(name: str) -> str:
    return (_sysctl(name) or b"").rstrip(b"\0").decode(errors="replace")


def _mac_number(name: str) -> int:
    return int.from_bytes(_sysctl(name) or b"", "little")


def _sysctl(name: str) -> bytes | None:
    """One value of macOS's kernel; None where it has no such name, and on other systems."""
    if sys.platform != "darwin":
        return None
    import ctypes

    libc = ctypes.CDLL(None)
    size = ctypes.c_size_t()
    if libc.sysctlbyname(name.encode(), None, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return None
    value = ctypes.create_string_buffer(size.value)
    if libc.sysctlbyname(name.encode(), value, ctypes.byref(size), None, ctypes.c_size_t(0)):
        return None
    return value.raw[: size.value]


def _siblings(root: Path, name: str) -> int:
    """How many different groups of siblings there are, for processors whose cpuinfo does not count them."""
    folders = (f"sys/devices/system/cpu/cpu{core}/topology" for core in _online(root))
    return len({_text(root, f"{folder}/{name}") for folder in folders} - {""})


def read_caches(root: Path, core: int) -> list[Cache]:
    """The caches that one core sees, the nearest first."""
    caches = []
    for folder in sorted((root / f"sys/devices/system/cpu/cpu{core}/cache").glob("index*")):
        level, size = _number(_text(folder, "level")), _size(_text(folder, "size"))
        if level is not None and size is not None:
            shared = len(parse_cores(_text(folder, "shared_cpu_list")))
            caches.append(Cache(level=level, kind=_text(folder, "type").strip(), bytes=size, shared_by=max(1, shared)))
    return sorted(caches, key=lambda cache: cache.level)


def _size(text: str) -> int | None:
    """'1024K' in bytes."""
    found = re.fullmatch(r"(\d+)([KMG]?)", text.strip())
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2]] if found else None


def _governor(root: Path, cores: list[int]) -> str | None:
    folders = (f"sys/devices/system/cpu/cpu{core}/cpufreq" for core in cores)
    governors = {_text(root, f"{folder}/scaling_governor").strip() for folder in folders} - {""}
    return ", ".join(sorted(governors)) or None


def _turbo(root: Path) -> bool | None:
    no_turbo = _number(_text(root, "sys/devices/system/cpu/intel_pstate/no_turbo"))
    if no_turbo is not None:
        return not no_turbo
    boost = _number(_text(root, "sys/devices/system/cpu/cpufreq/boost"))
    return None if boost is None else bool(boost)


def _short_processor(name: str) -> str:
    """Without trade marks, nominal frequency and the words that every processor has."""
    name = re.sub(r"\((R|TM|C)\)|\bCPU\b|@.*|\b\d+-Core\b|\bProcessor\b", " ", name, flags=re.IGNORECASE)
    return " ".join(name.split())


# Memory


def _memory(root: Path) -> tuple[int, int, int]:
    """Total, available, swap."""
    if (sizes := parse_meminfo(_text(root, "proc/meminfo"))).get("MemTotal"):
        return sizes["MemTotal"], sizes.get("MemAvailable", 0), sizes.get("SwapTotal", 0)
    try:
        memory = psutil.virtual_memory()
        return memory.total, memory.available, psutil.swap_memory().total
    except OSError:
        return 0, 0, 0


def parse_meminfo(text: str) -> dict[str, int]:
    """`/proc/meminfo` in bytes."""
    return {name: int(number) << 10 for name, number in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def _numa_nodes(root: Path) -> list[NumaNode]:
    nodes = "sys/devices/system/node"
    return [
        NumaNode(node=node, cores=parse_cores(_text(root, f"{nodes}/node{node}/cpulist")))
        for node in parse_cores(_text(root, f"{nodes}/online"))
    ]


def _hugepages(root: Path) -> str | None:
    chosen = re.search(r"\[(\w+)\]", _text(root, "sys/kernel/mm/transparent_hugepage/enabled"))
    return chosen[1] if chosen else None


# The system


def hypervisor(root: Path, virtual: bool | None) -> str | None:
    """Whose virtual machine this is: 'unknown' if nobody tells, None on bare metal.

    `virtual` is the processor's own word, which decides where there is one. The clock that a hypervisor offers is the
    surest sign of whose it is; what the board calls itself comes next, since clouds put their own name there.
    """
    kind = _text(root, "sys/hypervisor/type").strip()
    if kind == "xen":
        return "Xen"
    if virtual is False:
        return None
    clocks = _text(root, "sys/devices/system/clocksource/clocksource0/available_clocksource").split()
    tree = _text(root, "proc/device-tree/hypervisor/compatible")
    named = (
        next((CLOCK_HYPERVISORS[clock] for clock in clocks if clock in CLOCK_HYPERVISORS), None)
        or next((maker for word, maker in TREE_HYPERVISORS.items() if word in tree), None)
        or _board_hypervisor(root)
    )
    return named or ("unknown" if virtual else None)


def _board_hypervisor(root: Path) -> str | None:
    words = {
        name: _text(root, f"sys/class/dmi/id/{name}").strip()
        for name in ("product_name", "sys_vendor", "board_vendor", "bios_vendor")
    }
    if words["product_name"].endswith(".metal"):
        return None
    if words["sys_vendor"] == "Microsoft Corporation":
        return "Hyper-V" if words["product_name"] == "Virtual Machine" else None
    for word in words.values():
        for begins, maker in BOARD_HYPERVISORS.items():
            if word.startswith(begins):
                return maker
    return None


def _operating_system(root: Path) -> str:
    named = re.search(r'^PRETTY_NAME="?([^"\n]+)"?$', _text(root, "etc/os-release"), re.MULTILINE)
    if named:
        return named[1]
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return f"{platform.system()} {platform.release()}"


def _c_library(root: Path) -> str | None:
    if sys.platform == "darwin":
        return "libSystem"
    # platform.libc_ver() would read through Python's whole executable.
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or None
    except (AttributeError, ValueError, OSError):
        return "musl" if any((root / "lib").glob("ld-musl-*")) else None


def _booted_at(root: Path) -> str | None:
    since = re.search(r"^btime (\d+)$", _text(root, "proc/stat"), re.MULTILINE)
    try:
        seconds = float(since[1]) if since else psutil.boot_time()
    except (OSError, RuntimeError):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def library_versions() -> dict[str, str]:
    """Version of each measured library that is installed, from its metadata: none is imported."""
    versions = {}
    for name in MEASURED:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _text(root: Path, path: str) -> str:
    """A small file of the kernel's below `root`; empty where it cannot be read."""
    return (read_bytes(f"{root}/{path}") or b"").decode(errors="replace")


def _number(text: str, base: int = 10) -> int | None:
    try:
        return int(text, base)
    except ValueError:
        return None
