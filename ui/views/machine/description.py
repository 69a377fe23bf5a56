"""TODO: ui.views.machine.description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from bench.formatting import format_bytes
from bench.machine.model import Cache, Machine

INSTRUCTION_SET_NAMES = {
    "avx2": ("AVX2", "256-bit vectors"),
    "fma": ("FMA", "multiply and add in one instruction"),
    "avx512f": ("AVX-512", "512-bit vectors"),
    "avx512_vnni": ("AVX-512 VNNI", "int8 dot products, 512 bits wide"),
    "avx512_bf16": ("AVX-512 BF16", "bfloat16 dot products, 512 bits wide"),
    "avx512_fp16": ("AVX-512 FP16", "half-precision arithmetic, 512 bits wide"),
    "avx_vnni": ("AVX-VNNI", "int8 dot products, 256 bits wide"),
    "amx_tile": ("AMX tile", "the registers that AMX's matrix products work on"),
    "amx_int8": ("AMX INT8", "matrix products of int8"),
    "amx_bf16": ("AMX BF16", "matrix products of bfloat16"),
    "neon": ("NEON", "128-bit vectors"),
    "sve": ("SVE", "vectors of the processor's own length"),
    "i8mm": ("I8MM", "matrix products of int8"),
    "bf16": ("BF16", "bfloat16 dot and matrix products"),
}


def describe_processor(machine: Machine) -> dict[str, str]:
    threads = f"{machine.logical_threads} logical processors"
    return {
        "Name": machine.processor,
        "Vendor": machine.vendor or _unknown_text(),
        "Architecture": machine.architecture,
        "Sockets": _format_count(machine.sockets),
        "Cores": f"{_format_count(machine.physical_cores)} ({threads})",
        "Usable": f"{machine.core_limit} (numbers {_format_ranges(machine.usable_cores)})",
        "Governor": machine.governor or _unknown_text("set by the host or the firmware"),
        "Turbo": {True: "on", False: "off", None: _unknown_text()}[machine.turbo],
        "Hypervisor": {None: "none", "unknown": "a virtual machine of an unknown maker"}.get(
            machine.hypervisor, machine.hypervisor
        ),
    }


def describe_memory(machine: Machine) -> dict[str, str]:
    lines = {
        "Memory": f"{format_bytes(machine.memory_bytes)}, {format_bytes(machine.memory_available_bytes)} available",
        "Swap": format_bytes(machine.swap_bytes) if machine.swap_bytes else "none",
        "Transparent huge pages": machine.transparent_hugepages or _unknown_text(),
    }
    for cache in machine.caches:
        lines[_cache_name(cache)] = f"{format_bytes(cache.bytes)}, {_describe_sharing(cache)}"
    for node in machine.numa_nodes:
        lines[f"NUMA node {node.node}"] = f"processors {_format_ranges(node.cores)}"
    return lines


def _cache_name(cache: Cache) -> str:
    kind = "" if cache.kind == "Unified" else f" {cache.kind.lower()}"
    return f"L{cache.level}{kind} cache"


def _describe_sharing(cache: Cache) -> str:
    return "each processor its own" if cache.shared_by == 1 else f"shared by {cache.shared_by} processors"


def describe_system(machine: Machine) -> dict[str, str]:
    return {
        "Operating system": machine.operating_system,
        "Kernel": f"{machine.system} {machine.kernel}",
        "C library": machine.c_library or _unknown_text(),
        "Python": machine.python,
        "Up since": (machine.booted_at or _unknown_text()).replace("T", " ").replace("+00:00", " UTC"),
    }


def describe_limits(machine: Machine) -> dict[str, str]:
    limits = machine.limits
    none = "no limit"
    return {
        "Control groups": f"version {limits.cgroup}" if limits.cgroup else _unknown_text("none"),
        "Processor time": none if limits.cpu_quota is None else f"{limits.cpu_quota:g} cores' worth",
        "Processors": none if limits.cpuset is None else _format_ranges(limits.cpuset),
        "Memory": none if limits.memory_bytes is None else format_bytes(limits.memory_bytes),
    }


def draw_instruction_sets(isa: Mapping[str, bool]) -> None:
    st.markdown("**:material/developer_board: Instructions that matter here**")
    if not isa:
        st.caption("This system does not tell which it has.")
        return
    with st.container(horizontal=True, gap="xsmall"):
        for flag, present in isa.items():
            name, meaning = INSTRUCTION_SET_NAMES.get(flag, (flag, ""))
            st.badge(
                name,
                icon=":material/check:" if present else ":material/close:",
                color="green" if present else "gray",
                help=f"`{flag}`: {meaning}. This processor {'has it' if present else 'does not have it, or hides it'}.",
            )


def draw_versions(versions: Mapping[str, str]) -> None:
    st.markdown("**:material/deployed_code: Versions of what is measured, and of what measures**")
    grid = st.grid(5, min_column_width=150, gap="small")
    for name, version in versions.items():
        with grid.container(gap=None):
            st.caption(name)
            st.markdown(version)


def _unknown_text(why: str = "") -> str:
    return f"not told{': ' + why if why else ''}"


def _format_count(count: int | None) -> str:
    return _unknown_text() if count is None else str(count)


def _format_ranges(numbers: Sequence[int]) -> str:
    """'0-3, 8', for many processors in little room."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
