"""The environment and the threads of Numba in this process."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.workload.interface import BadInput
from workloads.memory_traffic.compiler import numba_adapter

THREAD_ENVIRONMENT = {
    # Linux tends to move a thread that sleeps between two calls to the core of the thread that wakes it, so that two
    # threads are slower than one. How long threads spin before they sleep is left to the OpenMP library and the user.
    "OMP_PROC_BIND": "TRUE",
}
"""The affinity of threads. The OpenMP library reads it when Numba loads it."""
ALLOWED_CORES: set[int] = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
"""Ids of the cores that this process may use; empty if the system does not report them. Read when this module is
imported, because Numba later binds the main thread to the first of them, and child processes inherit that affinity."""


_kernel_cache: Path | None = None


def configure_numba(vectors: str, kernel_cache: Path | None = None) -> None:
    """Set Numba's vector width and threads, and the folder of compiled kernels. Must run before the first import of
    Numba.

    `vectors` is `preferred` for the width that LLVM prefers, or `512`. Without `kernel_cache`, every kernel is compiled
    in this process. Raises BadInput if this processor has no 512-bit vectors, and UnsupportedLibrary if the installed
    Numba is not a tested version.
    """
    global _kernel_cache
    numba_adapter.GUARD.require_version()
    _kernel_cache = kernel_cache
    if platform.system() == "Linux":
        os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
        os.environ.update(THREAD_ENVIRONMENT)
    if vectors == "512":
        from llvmlite import binding

        features = binding.get_host_cpu_features()
        if not features.get("avx512f"):
            raise BadInput("this processor has no 512-bit vectors", "Set Vectors to: chosen by the compiler.")
        os.environ["NUMBA_CPU_FEATURES"] = f"{features.flatten()},-prefer-256-bit"


def get_kernel_cache() -> Path | None:
    """The folder of compiled kernels; None if kernels are not stored."""
    return _kernel_cache


@contextmanager
def allow_all_cores() -> Iterator[None]:
    """Let the calling thread run on all of ALLOWED_CORES inside the block.

    Otherwise the threads of a library would share the core to which Numba has bound the calling thread, and wait for
    it.
    """
    if not ALLOWED_CORES:
        yield
        return
    affinity = os.sched_getaffinity(0)
    os.sched_setaffinity(0, ALLOWED_CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, affinity)


def max_thread_count() -> int:
    """The most threads that Numba can use in this process: NUMBA_NUM_THREADS."""
    # Not an import statement, because Numba does not export config to type checkers.
    return importlib.import_module("numba").config.NUMBA_NUM_THREADS


def set_thread_count(threads: int) -> None:
    """Run the kernels that are called next on `threads` threads. Raises ValueError above `max_thread_count()`."""
    import numba

    numba.set_num_threads(threads)


def describe_threads(threads: int) -> str:
    """The number of threads, Numba's threading layer, and whether threads are bound to cores.

    Call it after a kernel has run: the layer is chosen then.
    """
    if threads == 1:
        return "one thread"
    # Not an import statement, because Numba does not export threading_layer to type checkers.
    numba = importlib.import_module("numba")
    binding = ", bound to cores (OMP_PROC_BIND)" if os.environ.get("OMP_PROC_BIND") == "TRUE" else ""
    return f"{numba.get_num_threads()} threads of {numba.threading_layer()}{binding}"
