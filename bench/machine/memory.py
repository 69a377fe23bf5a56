"""TODO: bench.machine.describe.memory."""

from __future__ import annotations

import re
from pathlib import Path

import psutil

from bench.machine.kernel_files import parse_core_list, parse_integer, read_kernel_text
from bench.machine.model import Cache, NumaNode


def read_caches(root: Path, core: int) -> list[Cache]:
    """The caches that one core sees, the nearest first."""
    caches = []
    for folder in sorted((root / f"sys/devices/system/cpu/cpu{core}/cache").glob("index*")):
        level, size = (
            parse_integer(read_kernel_text(folder, "level")),
            _parse_size_bytes(read_kernel_text(folder, "size")),
        )
        if level is not None and size is not None:
            shared = len(parse_core_list(read_kernel_text(folder, "shared_cpu_list")))
            caches.append(
                Cache(level=level, kind=read_kernel_text(folder, "type").strip(), bytes=size, shared_by=max(1, shared))
            )
    return sorted(caches, key=lambda cache: cache.level)


def _parse_size_bytes(text: str) -> int | None:
    """'1024K' in bytes."""
    found = re.fullmatch(r"(\d+)([KMG]?)", text.strip())
    return int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[found[2]] if found else None


def read_memory_sizes(root: Path) -> tuple[int, int, int]:
    """Total, available, swap."""
    if (sizes := parse_meminfo(read_kernel_text(root, "proc/meminfo"))).get("MemTotal"):
        return sizes["MemTotal"], sizes.get("MemAvailable", 0), sizes.get("SwapTotal", 0)
    try:
        memory = psutil.virtual_memory()
        return memory.total, memory.available, psutil.swap_memory().total
    except OSError:
        return 0, 0, 0


def parse_meminfo(text: str) -> dict[str, int]:
    """`/proc/meminfo` in bytes."""
    return {name: int(number) << 10 for name, number in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def read_numa_nodes(root: Path) -> list[NumaNode]:
    nodes = "sys/devices/system/node"
    return [
        NumaNode(node=node, cores=parse_core_list(read_kernel_text(root, f"{nodes}/node{node}/cpulist")))
        for node in parse_core_list(read_kernel_text(root, f"{nodes}/online"))
    ]


def read_transparent_hugepages(root: Path) -> str | None:
    chosen = re.search(r"\[(\w+)\]", read_kernel_text(root, "sys/kernel/mm/transparent_hugepage/enabled"))
    return chosen[1] if chosen else None
