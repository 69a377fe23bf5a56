"""Describes this machine: its processor, memory, limits and operating system, and the versions of the libraries.

Sizes are in bytes, frequencies in MHz, cores are ids of logical processors. Nothing here starts a program or imports a
measured library. On Linux the values come from `KernelFiles`; what these do not contain is asked of psutil, and on
macOS of sysctl. Unknown values are None or empty.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from datetime import UTC, datetime
from importlib import metadata

import psutil

from bench.machine.identity import read_identity
from bench.machine.memory import read_caches, read_memory_sizes, read_numa_nodes, read_transparent_hugepages
from bench.machine.model import Machine
from bench.machine.processor import count_sibling_groups, read_governor, read_processor, read_turbo
from bench.machine.virtualization import detect_hypervisor
from bench.system.kernel_files import KERNEL_FILES, KernelFiles
from bench.system.limits import (
    available_memory_bytes,
    core_kinds,
    core_limit,
    read_container_limits,
    usable_cores,
)

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
    "openvino",
    "nncf",
    "numba",
    "psutil",
)
"""Names of the distributions whose versions are stored with each run."""


def describe_machine(files: KernelFiles = KERNEL_FILES) -> Machine:
    """This machine as it is now. Takes some tens of milliseconds."""
    cpu = read_processor(files)
    usable = usable_cores(files)
    total, swap = read_memory_sizes(files)
    return Machine(
        identity=read_identity(files),
        processor=cpu.name or platform.machine() or "unknown",
        vendor=cpu.vendor,
        architecture=platform.machine(),
        sockets=cpu.sockets or count_sibling_groups(files, "core_siblings_list") or None,
        physical_cores=cpu.cores
        or count_sibling_groups(files, "thread_siblings_list")
        or psutil.cpu_count(logical=False),
        logical_threads=cpu.threads or os.cpu_count() or 1,
        usable_cores=usable,
        core_kinds=core_kinds(files),
        core_limit=core_limit(files),
        isa=cpu.isa,
        caches=read_caches(files, usable[0]),
        memory_bytes=total,
        memory_available_bytes=available_memory_bytes(files),
        swap_bytes=swap,
        governor=read_governor(files, usable),
        turbo=read_turbo(files),
        numa_nodes=read_numa_nodes(files),
        hypervisor=detect_hypervisor(files, cpu.virtual),
        transparent_hugepages=read_transparent_hugepages(files),
        limits=read_container_limits(files),
        system=platform.system(),
        operating_system=_operating_system(files),
        kernel=platform.release(),
        python=platform.python_version(),
        c_library=_c_library(files),
        booted_at=_booted_at(files),
        versions=read_library_versions(),
    )


def _operating_system(files: KernelFiles) -> str:
    name = re.search(r'^PRETTY_NAME="?([^"\n]+)"?$', files.read_text("etc/os-release"), re.MULTILINE)
    if name:
        return name[1]
    if sys.platform == "darwin":
        return f"macOS {platform.mac_ver()[0]}"
    return f"{platform.system()} {platform.release()}"


def _c_library(files: KernelFiles) -> str | None:
    if sys.platform == "darwin":
        return "libSystem"
    # platform.libc_ver() would read the whole executable of Python.
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or None
    except (AttributeError, ValueError, OSError):
        return "musl" if files.list_matching("lib/ld-musl-*") else None


def _booted_at(files: KernelFiles) -> str | None:
    boot_time = re.search(r"^btime (\d+)$", files.read_text("proc/stat"), re.MULTILINE)
    try:
        seconds = float(boot_time[1]) if boot_time else psutil.boot_time()
    except (OSError, RuntimeError):
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def read_library_versions() -> dict[str, str]:
    """The version of each of `MEASURED_LIBRARIES` that is installed, by name. Imports none of them."""
    versions: dict[str, str] = {}
    for name in MEASURED_LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions
