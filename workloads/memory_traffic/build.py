"""Compiling the kernels by Numba: with threads or without, and with or without leave to reorder additions.

Nothing is kept from one process to the next: Numba shows no machine code of what it takes from its cache, and the code
is what this workload tells of. Compiling lasts seconds, is outside every clock, and is told apart.
"""

from __future__ import annotations

import importlib
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.workload import BadInput
from workloads.memory_traffic import assembly
from workloads.memory_traffic.assembly import Loops
from workloads.memory_traffic.catalogue import Transformation, Version

REORDER = {"reassoc", "contract", "nsz"}
"""What LLVM may then do: reorder additions, fuse them with products, forget the sign of zero. NaN and infinity hold."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that is ready to run."""

    call: Callable[..., Any]
    compile_s: float
    """0 for what a library does."""
    loops: Loops | None
    """None for what a library does."""


def set_up(vectors: str) -> None:
    """Choose Numba's vectors and threads; must stand before its first import. Raises BadInput."""
    if platform.system() == "Linux":
        os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
    if vectors == "512":
        from llvmlite import binding

        features = binding.get_host_cpu_features()
        if not features.get("avx512f"):
            raise BadInput("this processor has no vectors of 512 bits", "Let the compiler choose the vectors.")
        os.environ["NUMBA_CPU_FEATURES"] = f"{features.flatten()},-prefer-256-bit"


def function(transformation: Transformation, version: Version, fields: int = 1) -> Callable[..., Any]:
    """The plain function of a version."""
    module = importlib.import_module(f"workloads.memory_traffic.kernels.{transformation.module}")
    return getattr(module, version.function.format(fields=fields))


def compiled(plain: Callable[..., Any], arguments: tuple[Any, ...], *, threads: int, reorders: bool = True) -> Kernel:
    """`plain` compiled for these arguments."""
    import numba

    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    kernel = numba.njit(parallel=threads > 1, fastmath=REORDER if reorders else False)(plain)
    began = time.perf_counter()
    kernel.compile(tuple(numba.typeof(argument) for argument in arguments))
    seconds = time.perf_counter() - began
    text = next(iter(kernel.inspect_asm().values()))
    return Kernel(kernel, seconds, assembly.read(text, plain.__name__))


def kernel(
    transformation: Transformation, version: Version, arguments: tuple[Any, ...], *, cores: int, fields: int = 1
) -> Kernel:
    """A version, compiled for as many threads as it may use, where it is to be compiled."""
    plain = function(transformation, version, fields)
    if not version.compiled:
        return Kernel(plain, 0.0, None)
    threads = cores if version.threaded else 1
    return compiled(plain, arguments, threads=threads, reorders=version.reorders)


def threads_used(threads: int) -> str:
    """What Numba says of its threads; after a kernel has run."""
    import numba

    if threads == 1:
        return "one thread"
    return f"{numba.get_num_threads()} threads of {numba.threading_layer()}"
