"""What this machine is: processor, memory, what it is allowed to use of them, and the versions of what is measured.

Sizes are bytes, frequencies MHz, lists of cores are numbers of logical processors. Nothing here runs a program or
imports a measured library. Linux's `/proc` and `/sys` are read below a `root` folder that tests may lay somewhere else;
what they do not tell is asked of psutil (and, on macOS, of sysctl), and is None or empty where nobody knows.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil

from bench.machine.identity import read_identity
from bench.machine.kernel_files import read_kernel_text
from bench.machine.limits import count_whole_cores, read_container_limits, usable_cores
from bench.machine.memory import read_caches, read_memory_sizes, read_numa_nodes, read_transparent_hugepages
from bench.machine.model import Machine
from bench.machine.processor import count_sibling_groups, read_governor, read_processor, read_turbo
from bench.machine.virtualization import detect_hypervisor
from bench.system.procfs import SYSTEM_ROOT

MEASURED_LIBRARIES = (
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


def describe_machine(root: Path = SYSTEM_ROOT) -> Machine:
    """This machine now, in some tens of milliseconds."""
    cpu = read_processor(root)
    limits = read_container_limits(root)
    usable = usable_cores(root)
    total, available, swap = read_memory_sizes(root)
    return Machine(
        identity=read_identity(root),
        processor=cpu.name or platform.machine() or "unknown",
        vendor=cpu.vendor,
        architecture=platform.machine(),
        sockets=cpu.sockets or count_sibling_groups(root, "core_siblings_list") or None,
        physical_cores=cpu.cores
        or count_sibling_groups(root, "thread_siblings_list")
        or psutil.cpu_count(logical=False),
        logical_threads=cpu.threads or os.cpu_count() or 1,
        usable_cores=usable,
        core_limit=count_whole_cores(usable, limits.cpu_quota),
        isa=cpu.isa,
        caches=read_caches(root, usable[0]),
        memory_bytes=total,
        memory_available_bytes=available,
        swap_bytes=swap,
        governor=read_governor(root, usable),
        turbo=read_turbo(root),
        numa_nodes=read_numa_nodes(root),
        hypervisor=detect_hypervisor(root, cpu.virtual),
        transparent_hugepages=read_transparent_hugepages(root),
        limits=limits,
        system=platform.system(),
        operating_system=_operating_system(root),
        kernel=platform.release(),
        python=platform.python_version(),
        c_library=_c_library(root),
        booted_at=_booted_at(root),
        versions=read_library_versions(),
    )


def _operating_system(root: Path) -> str:
    named = re.search(r'^PRETTY_NAME="?([^"\n]+)"?$', read_kernel_text(root, "etc/os-release"), re.MULTILINE)
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
    since = re.search(r"^btime (\d+)$", read_kernel_text(root, "proc/stat"), re.MULTILINE)
    try:
        seconds = float(since[1]) if since else psutil.boot_time()
    except (OSError, RuntimeError):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def read_library_versions() -> dict[str, str]:
    """Version of each measured library that is installed, from its metadata: none is imported."""
    versions = {}
    for name in MEASURED_LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
