"""Memory, caches and NUMA nodes."""

from __future__ import annotations

import re

import psutil

from bench.machine.model import Cache, NumaNode
from bench.system.kernel_files import KernelFiles, parse_meminfo


def read_caches(files: KernelFiles, core: int) -> list[Cache]:
    """The caches that one core uses, level 1 first."""
    caches: list[Cache] = []
    for folder in files.list_matching(f"sys/devices/system/cpu/cpu{core}/cache/index*"):
        level = files.read_integer(f"{folder}/level")
        size_bytes = _parse_size_bytes(files.read_text(f"{folder}/size"))
        if level is not None and size_bytes is not None:
            shared_by = max(1, len(files.read_core_list(f"{folder}/shared_cpu_list")))
            kind = files.read_text(f"{folder}/type")
            caches.append(Cache(level=level, kind=kind, bytes=size_bytes, shared_by=shared_by))
    return sorted(caches, key=lambda cache: cache.level)


def _parse_size_bytes(text: str) -> int | None:
    """The number of bytes in a text such as `1024K`."""
    match = re.fullmatch(r"(\d+)([KMG]?)", text)
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2]] if match else None


def read_memory_sizes(files: KernelFiles) -> tuple[int, int]:
    """Bytes of memory and of swap that the machine has; zeros if they are unknown."""
    if (sizes := parse_meminfo(files.read_text("proc/meminfo"))).get("MemTotal"):
        return sizes["MemTotal"], sizes.get("SwapTotal", 0)
    try:
        return psutil.virtual_memory().total, psutil.swap_memory().total
    except OSError:
        return 0, 0


def read_numa_nodes(files: KernelFiles) -> list[NumaNode]:
    folder = "sys/devices/system/node"
    return [
        NumaNode(node=node, cores=files.read_core_list(f"{folder}/node{node}/cpulist"))
        for node in files.read_core_list(f"{folder}/online")
    ]


def read_transparent_hugepages(files: KernelFiles) -> str | None:
    """`always`, `madvise` or `never`; None if the kernel has no transparent huge pages."""
    selected = re.search(r"\[(\w+)\]", files.read_text("sys/kernel/mm/transparent_hugepage/enabled"))
    return selected[1] if selected else None
