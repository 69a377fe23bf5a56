"""Compiling the kernels by Numba: with threads or without, and with or without leave to reorder additions.

Nothing is kept from one process to the next: Numba shows no machine code of what it takes from its cache, and the code
is what this workload tells of. Compiling lasts seconds, is outside every clock, and is told apart.
"""

from __future__ import annotations

import importlib
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bench.workload.interface import BadInput
from workloads.memory_traffic.catalogue import Transformation, Version
from workloads.memory_traffic.compiler import assembly, llvm_ir
from workloads.memory_traffic.compiler.assembly import Loops

THREAD_ENVIRONMENT = {
    # A thread that sleeps between two calls is woken in some 20 µs, in a virtual machine in 100, and the kernel then
    # likes to put it on the core of the one that woke it: two threads are slower than one. So each keeps its core, and
    # looks for work for a moment before it sleeps: under a millisecond, which is over before the clock of the other
    # arm starts, since that keeps its core busy for longer before.
    "OMP_PROC_BIND": "TRUE",
    "GOMP_SPINCOUNT": "5000",
    "KMP_BLOCKTIME": "1",
}
"""How threads wait and where they stay; read by the OpenMP library when Numba loads it."""
ALLOWED_CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
"""Processors that this process may use, where the system tells; asked for before Numba starts its threads, which ties
the main one to the first of them, and with it all that it starts."""
FASTMATH_FUSE = {"contract"}
"""What LLVM may do in any case: fuse a product and an addition into one instruction."""
FASTMATH_REORDER = FASTMATH_FUSE | {"reassoc", "nsz"}
"""What it may do besides: reorder additions, forget the sign of zero. NaN and infinity hold."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that is ready to run."""

    call: Callable[..., Any]
    repeated: Callable[..., Any]
    """`repeated(times, *arguments)` calls it so often, and returns what the last call did: from compiled code, since a
    call from Python lasts longer than a loop over what fits into the nearest cache."""
    compile_s: float
    """0 for what a library does."""
    loops: Loops | None
    """None for what a library does."""


def configure_numba(vectors: str) -> None:
    """Choose Numba's vectors and threads; must stand before its first import. Raises BadInput."""
    if platform.system() == "Linux":
        os.environ.setdefault("NUMBA_THREADING_LAYER", "omp")
        os.environ.update(THREAD_ENVIRONMENT)
    if vectors == "512":
        from llvmlite import binding

        features = binding.get_host_cpu_features()
        if not features.get("avx512f"):
            raise BadInput("this processor has no vectors of 512 bits", "Let the compiler choose the vectors.")
        os.environ["NUMBA_CPU_FEATURES"] = f"{features.flatten()},-prefer-256-bit"


def load_function(transformation: Transformation, version: Version, fields: int = 1) -> Callable[..., Any]:
    """The plain function of a version."""
    module = importlib.import_module(f"workloads.memory_traffic.kernels.{transformation.module}")
    return getattr(module, version.function.format(fields=fields))


def compile_function(
    plain: Callable[..., Any], arguments: tuple[Any, ...], *, threads: int, reorders: bool = True
) -> Kernel:
    """`plain` compiled for these arguments."""
    import numba

    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    kernel = numba.njit(parallel=threads > 1, fastmath=FASTMATH_REORDER if reorders else FASTMATH_FUSE)(plain)
    began = time.perf_counter()
    types = tuple(numba.typeof(argument) for argument in arguments)
    kernel.compile(types)
    repeated = _compile_repeat(kernel, types)
    seconds = time.perf_counter() - began
    return Kernel(kernel, repeated, seconds, _read_compiled_loops(kernel, plain.__name__, arguments))


def _read_compiled_loops(kernel: Any, name: str, arguments: Sequence[Any]) -> Loops:
    """The innermost loops of the compiled `kernel` that can run on these arguments."""
    import numpy as np

    loops = assembly.read_loops(next(iter(kernel.inspect_asm().values())), name)
    code = next(iter(kernel.inspect_llvm().values()))
    wide = llvm_ir.remove_one_column_checks(code)
    if wide == code or any(1 in argument.shape for argument in arguments if isinstance(argument, np.ndarray)):
        return loops
    # The target machine, with which Numba emitted the kernel, has no public name.
    machine = next(iter(kernel.overloads.values())).library.codegen._tm
    left = assembly.read_loops(llvm_ir.emit_assembly(wide, machine), name)
    return replace(left, narrow=loops.vector_loops if not left.vectorized else 0)


def _compile_repeat(kernel: Any, types: Sequence[Any]) -> Callable[..., Any]:
    """A compiled loop around calls of `kernel`. What it returns is written to memory every time: a compiler that may
    not assume that this memory is none of the arguments' must make every call."""
    import numba
    import numpy as np

    returned = kernel.overloads[tuple(types)].signature.return_type
    arguments = ", ".join(f"argument_{place}" for place in range(len(types)))
    keep = "kept[0] = " if returned is not numba.none else ""
    lines = f"def loop(kept, times, {arguments}):\n    for _ in range(times):\n        {keep}kernel({arguments})\n"
    names: dict[str, Any] = {"kernel": kernel}
    exec(lines, names)
    kept = np.zeros(1)
    loop = numba.njit((numba.typeof(kept), numba.int64, *types))(names["loop"])

    def repeated(times: int, *given: Any) -> float | None:
        loop(kept, times, *given)
        return kept[0] if keep else None

    return repeated


def build_kernel(
    transformation: Transformation, version: Version, arguments: tuple[Any, ...], *, cores: int, fields: int = 1
) -> Kernel:
    """A version, compiled for as many threads as it may use, where it is to be compiled."""
    plain = load_function(transformation, version, fields)
    if not version.compiled:
        return Kernel(plain, lambda times, *given: [plain(*given) for _ in range(times)][-1], 0.0, None)
    threads = version.threads(cores)
    return compile_function(plain, arguments, threads=threads, reorders=version.reorders)


@contextmanager
def allow_all_cores() -> Iterator[None]:
    """Let the calling thread run on all CORES meanwhile: a library's threads would find it on one that Numba tied it
    to, and wait for it where two meet."""
    if not ALLOWED_CORES:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, ALLOWED_CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def set_thread_count(threads: int) -> None:
    """Have the kernels that are called next run on so many threads."""
    import numba

    numba.set_num_threads(threads)


def describe_threads(threads: int) -> str:
    """What Numba says of its threads; after a kernel has run."""
    import numba

    if threads == 1:
        return "one thread"
    return f"{numba.get_num_threads()} threads of {numba.threading_layer()}"
