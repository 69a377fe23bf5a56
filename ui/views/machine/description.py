"""What this machine is: processor, memory, system, limits, instruction sets, versions of libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from bench.formatting import format_bytes
from bench.machine.model import Cache, Machine
from ui.design.markdown import escape_markdown

INSTRUCTION_SET_NAMES = {
    "avx2": ("AVX2", "256-bit vectors"),
    "fma": ("FMA", "multiply and add in one instruction"),
    "avx512f": ("AVX-512", "512-bit vectors"),
    "avx512_vnni": ("AVX-512 VNNI", "int8 dot products, 512 bits wide"),
    "avx512_bf16": ("AVX-512 BF16", "bfloat16 dot products, 512 bits wide"),
    "avx512_fp16": ("AVX-512 FP16", "half-precision arithmetic, 512 bits wide"),
    "avx_vnni": ("AVX-VNNI", "int8 dot products, 256 bits wide"),
    "amx_tile": ("AMX tile", "the registers of AMX's matrix products"),
    "amx_int8": ("AMX INT8", "matrix products of int8"),
    "amx_bf16": ("AMX BF16", "matrix products of bfloat16"),
    "neon": ("NEON", "128-bit vectors"),
    "sve": ("SVE", "vectors of a length that depends on the processor"),
    "i8mm": ("I8MM", "matrix products of int8"),
    "bf16": ("BF16", "bfloat16 dot and matrix products"),
}
"""Name and meaning of each instruction set, by its flag."""
UNKNOWN = "unknown"


def describe_processor(machine: Machine) -> dict[str, str]:
    return {
        "Name": machine.processor,
        "Vendor": machine.vendor or UNKNOWN,
        "Architecture": machine.architecture,
        "Sockets": _format_count(machine.sockets),
        "Cores": f"{_format_count(machine.physical_cores)} ({machine.logical_threads} logical processors)",
        "Usable": _describe_usable_cores(machine),
        "Governor": machine.governor or f"{UNKNOWN}, set by the host or the firmware",
        "Turbo": {True: "on", False: "off", None: UNKNOWN}[machine.turbo],
        "Hypervisor": _describe_hypervisor(machine.hypervisor),
    }


def _describe_usable_cores(machine: Machine) -> str:
    """Such as `1 (numbers 0-3; the CPU quota of 1.5 cores, rounded down)`."""
    reason = f"; {machine.core_limit_reason}" if machine.core_limit_reason else ""
    return f"{machine.core_limit} (numbers {_format_ranges(machine.usable_cores)}{reason})"


def _describe_hypervisor(name: str | None) -> str:
    if name is None:
        return "none"
    return "a virtual machine of unknown type" if name == "unknown" else name


def describe_memory(machine: Machine) -> dict[str, str]:
    facts = {
        "Memory": f"{format_bytes(machine.memory_bytes)}, {format_bytes(machine.memory_available_bytes)} available",
        "Swap": format_bytes(machine.swap_bytes) if machine.swap_bytes else "none",
        "Transparent huge pages": machine.transparent_hugepages or UNKNOWN,
    }
    for cache in machine.caches:
        facts[_cache_name(cache)] = f"{format_bytes(cache.bytes)}, {_describe_sharing(cache)}"
    for node in machine.numa_nodes:
        facts[f"NUMA node {node.node}"] = f"processors {_format_ranges(node.cores)}"
    return facts


def _cache_name(cache: Cache) -> str:
    kind = "" if cache.kind == "Unified" else f" {cache.kind.lower()}"
    return f"L{cache.level}{kind} cache"


def _describe_sharing(cache: Cache) -> str:
    return "one per processor" if cache.shared_by == 1 else f"shared by {cache.shared_by} processors"


def describe_system(machine: Machine) -> dict[str, str]:
    return {
        "Operating system": machine.operating_system,
        "Kernel": f"{machine.system} {machine.kernel}",
        "C library": machine.c_library or UNKNOWN,
        "Python": machine.python,
        "Running since": (machine.booted_at or UNKNOWN).replace("T", " ").replace("+00:00", " UTC"),
    }


def describe_limits(machine: Machine) -> dict[str, str]:
    limits = machine.limits
    no_limit = "no limit"
    return {
        "Control groups": f"version {limits.cgroup}" if limits.cgroup else "none",
        "CPU time": no_limit if limits.cpu_quota is None else f"as much as {limits.cpu_quota:g} cores",
        "Processors": no_limit if limits.cpuset is None else _format_ranges(limits.cpuset),
        "Memory": no_limit if limits.memory_bytes is None else format_bytes(limits.memory_bytes),
    }


def draw_instruction_sets(flags: Mapping[str, bool]) -> None:
    """A badge for each instruction set that the workloads can use. `flags` says which ones the processor has."""
    st.markdown("**:material/developer_board: Instruction sets**")
    if not flags:
        st.caption("This system does not report the instruction sets of its processor.")
        return
    with st.container(horizontal=True, gap="xsmall"):
        for flag, present in flags.items():
            name, meaning = INSTRUCTION_SET_NAMES.get(flag, (flag, ""))
            status = "This processor has it." if present else "This processor does not have it, or does not report it."
            st.badge(
                name,
                icon=":material/check:" if present else ":material/close:",
                color="green" if present else "gray",
                help=f"`{flag}`: {meaning}. {status}",
            )


def draw_versions(versions: Mapping[str, str]) -> None:
    st.markdown("**:material/deployed_code: Library versions**")
    grid = st.grid(5, min_column_width=150, gap="small")
    for name, version in versions.items():
        with grid.container(gap=None):
            st.caption(escape_markdown(name))
            st.markdown(escape_markdown(version))


def _format_count(count: int | None) -> str:
    return UNKNOWN if count is None else str(count)


def _format_ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers in brief: '0 to 3, 8'."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    return ", ".join(f"{part[0]}" if len(part) == 1 else f"{part[0]} to {part[-1]}" for part in ranges)
