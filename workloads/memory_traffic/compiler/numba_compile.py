"""Compiles the kernels with Numba: with or without threads, and with or without permission to reorder additions.

Numba's cache on disk is not used, because Numba has no machine code to show for functions that it loads from there.
Compilation takes seconds, happens outside every clock, and is reported separately.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workloads.memory_traffic.catalogue import Transformation, Version
from workloads.memory_traffic.compiler import assembly, llvm_ir, numba_adapter, numba_runtime
from workloads.memory_traffic.compiler.assembly import Loops

FASTMATH_FUSE = {"contract"}
"""What LLVM may always do: fuse a product and an addition into one instruction."""
FASTMATH_REORDER = FASTMATH_FUSE | {"reassoc", "nsz"}
"""What LLVM may do in addition: reorder additions and ignore the sign of zero. NaN and infinity are kept."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that is ready to run."""

    call: Callable[..., Any]
    repeated: Callable[..., Any]
    """`repeated(count, *arguments)` calls the kernel `count` times and returns the result of the last call.

    The loop is compiled, because one call from Python takes longer than a loop over data in the nearest cache.
    """
    compile_s: float
    """0 for a library function."""
    loops: Loops | None
    """The innermost loops in the machine code; None for a library function."""


def load_function(transformation: Transformation, version: Version, fields: int = 1) -> Callable[..., Any]:
    """The Python function of a version, not compiled. `fields` is the number of particle fields that it uses."""
    module = importlib.import_module(f"workloads.memory_traffic.kernels.{transformation.module}")
    return getattr(module, version.function.format(fields=fields))


def build_kernel(
    transformation: Transformation, version: Version, arguments: tuple[Any, ...], *, cores: int, fields: int = 1
) -> Kernel:
    """A version of a transformation, ready to run with `arguments` on at most `cores` cores."""
    function = load_function(transformation, version, fields)
    if not version.compiled:
        return Kernel(function, _repeat_in_python(function), compile_s=0.0, loops=None)
    return compile_function(function, arguments, threads=version.threads(cores), reorders=version.reorders)


def compile_function(
    function: Callable[..., Any], arguments: tuple[Any, ...], *, threads: int, reorders: bool = True
) -> Kernel:
    """Compile `function` for the types of `arguments`, to run on `threads` threads.

    `reorders` permits LLVM to reorder additions.
    """
    import numba

    numba_runtime.set_thread_count(min(threads, numba_runtime.max_thread_count()))
    started = time.perf_counter()
    types = tuple(numba.typeof(argument) for argument in arguments)
    fastmath = FASTMATH_REORDER if reorders else FASTMATH_FUSE
    dispatcher = numba.njit(types, parallel=threads > 1, fastmath=fastmath)(function)
    repeated = _compile_repeat(dispatcher, types)
    compile_s = time.perf_counter() - started
    return Kernel(dispatcher, repeated, compile_s, _read_loops(dispatcher, function.__name__, arguments))


def _read_loops(dispatcher: Any, name: str, arguments: Sequence[Any]) -> Loops:
    """The innermost loops of a compiled kernel that can run with these arguments."""
    import numpy as np

    (machine_code,) = dispatcher.inspect_asm().values()
    loops = assembly.read_loops(machine_code, name)
    (ir,) = dispatcher.inspect_llvm().values()
    wide_ir = llvm_ir.remove_one_column_checks(ir)
    one_column = any(1 in argument.shape for argument in arguments if isinstance(argument, np.ndarray))
    if wide_ir == ir or one_column:
        return loops
    machine = numba_adapter.get_target_machine(dispatcher)
    wide_loops = assembly.read_loops(llvm_ir.emit_assembly(wide_ir, machine), name)
    return replace(wide_loops, one_column_loops=0 if wide_loops.vectorized else loops.vector_loops)


def _compile_repeat(dispatcher: Any, types: Sequence[Any]) -> Callable[..., Any]:
    """A compiled loop around calls of a kernel.

    The result of each call is stored in memory that the compiler cannot tell apart from the arguments, so it may not
    drop any of the calls.
    """
    import numba
    import numpy as np

    has_result = numba_adapter.get_return_type(dispatcher) is not numba.none
    names = ", ".join(f"argument_{number}" for number in range(len(types)))
    source = (
        f"def loop(result, count, {names}):\n"
        "    for _ in range(count):\n"
        f"        {'result[0] = ' if has_result else ''}kernel({names})\n"
    )
    namespace: dict[str, Any] = {"kernel": dispatcher}
    exec(source, namespace)
    result = np.zeros(1)
    loop = numba.njit((numba.typeof(result), numba.int64, *types))(namespace["loop"])

    def repeated(count: int, *arguments: Any) -> float | None:
        loop(result, count, *arguments)
        return result[0] if has_result else None

    return repeated


def _repeat_in_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loop around calls of a library function."""

    def repeated(count: int, *arguments: Any) -> Any:
        result = None
        for _ in range(count):
            result = function(*arguments)
        return result

    return repeated
