"""The processor: its name, instructions, sockets and cores, and how its frequency is controlled."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bench.system.kernel_files import KERNEL_FILES, KernelFiles, parse_integer

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
"""Name by (implementer, part): Arm processors identify themselves by these two numbers only."""


@dataclass(frozen=True, slots=True)
class Processor:
    """What a processor reports about itself; None or 0 where it does not."""

    name: str | None = None
    vendor: str | None = None
    isa: dict[str, bool] = field(default_factory=dict)
    sockets: int = 0
    cores: int = 0
    threads: int = 0
    virtual: bool | None = None
    """Whether it reports a hypervisor; None if such processors have no way to report one."""


def read_processor(files: KernelFiles = KERNEL_FILES) -> Processor:
    """The processor, from `/proc/cpuinfo`, or on macOS from sysctl."""
    if text := files.read_text("proc/cpuinfo"):
        return parse_cpuinfo(text)
    return _read_mac_processor()


def parse_cpuinfo(text: str) -> Processor:
    """The processor that a `/proc/cpuinfo` of an x86 or Arm machine describes."""
    blocks = [dict(_parse_fields(block)) for block in text.strip().split("\n\n")]
    cores = [block for block in blocks if "processor" in block]
    first = cores[0] if cores else {}
    packages = {block["physical id"] for block in cores if "physical id" in block}
    physical = {(block.get("physical id"), block["core id"]) for block in cores if "core id" in block}
    flags = set(first.get("flags", "").split())
    if "CPU implementer" in first:
        name, vendor, isa = _parse_arm_core(first)
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


def _parse_fields(block: str) -> Iterator[tuple[str, str]]:
    for line in block.splitlines():
        key, _, value = line.partition(":")
        yield key.strip(), value.strip()


def _parse_arm_core(core: Mapping[str, str]) -> tuple[str, str | None, dict[str, bool]]:
    """Name, vendor and instructions from the numbers that an Arm core reports."""
    implementer, part = (parse_integer(core.get(key, ""), base=0) for key in ("CPU implementer", "CPU part"))
    vendor = ARM_IMPLEMENTERS.get(implementer or 0)
    model = ARM_PARTS.get((implementer or 0, part or 0), f"processor, part {core.get('CPU part', 'unknown')}")
    features = set(core.get("Features", "").split())
    isa = {flag: flag in features for flag in ARM_FLAGS} | {"neon": bool({"neon", "asimd"} & features)}
    name = model if vendor and model.startswith(vendor) else f"{vendor or 'Arm'} {model}"
    return name, vendor, isa if features else {}


def _read_mac_processor() -> Processor:
    name = _read_mac_text("machdep.cpu.brand_string")
    if not name:
        return Processor()
    words = f"{_read_mac_text('machdep.cpu.features')} {_read_mac_text('machdep.cpu.leaf7_features')}".lower().split()
    if words:
        isa = {flag: flag.replace("_", "") in words for flag in X86_FLAGS}
    else:
        features = {"neon": "AdvSIMD", "sve": "FEAT_SVE", "i8mm": "FEAT_I8MM", "bf16": "FEAT_BF16"}
        isa = {flag: bool(_read_mac_number(f"hw.optional.arm.{feature}")) for flag, feature in features.items()}
    vendor = _read_mac_text("machdep.cpu.vendor")
    return Processor(
        name=name,
        vendor=VENDORS.get(vendor, vendor) or name.split()[0],
        isa=isa,
        sockets=_read_mac_number("hw.packages"),
        cores=_read_mac_number("hw.physicalcpu"),
        threads=_read_mac_number("hw.logicalcpu"),
        virtual=bool(_read_mac_number("kern.hv_vmm_present")),
    )


def _read_mac_text(name: str) -> str:
    return (_read_sysctl(name) or b"").rstrip(b"\0").decode(errors="replace")


def _read_mac_number(name: str) -> int:
    return int.from_bytes(_read_sysctl(name) or b"", "little")


def _read_sysctl(name: str) -> bytes | None:
    """One value of the macOS kernel; None if it has no value of this name, and on other systems."""
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


def count_sibling_groups(files: KernelFiles, name: str) -> int:
    """The number of groups of sibling processors; `name` is a file such as `core_siblings_list` in their topology.

    For processors whose `/proc/cpuinfo` lacks socket and core numbers.
    """
    folders = (f"sys/devices/system/cpu/cpu{core}/topology" for core in files.read_online_cores())
    return len({files.read_text(f"{folder}/{name}") for folder in folders} - {""})


def read_governor(files: KernelFiles, cores: list[int]) -> str | None:
    """The frequency governor of these cores, several with commas if they differ; None without cpufreq."""
    folders = (f"sys/devices/system/cpu/cpu{core}/cpufreq" for core in cores)
    governors = {files.read_text(f"{folder}/scaling_governor") for folder in folders} - {""}
    return ", ".join(sorted(governors)) or None


def read_turbo(files: KernelFiles) -> bool | None:
    """Whether the processor may exceed its nominal frequency; None if unknown."""
    no_turbo = files.read_integer("sys/devices/system/cpu/intel_pstate/no_turbo")
    if no_turbo is not None:
        return not no_turbo
    boost = files.read_integer("sys/devices/system/cpu/cpufreq/boost")
    return None if boost is None else bool(boost)
