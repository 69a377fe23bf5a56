"""Compiles the kernels with Numba: with or without threads, and with or without permission to reorder additions.

Compilation takes seconds, happens outside every clock, and is reported separately. Compiled kernels are stored, see
`kernel_cache`, because Numba has no machine code to show for functions that it loads from its own cache on disk.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workloads.memory_traffic.catalogue import Transformation, Version
from workloads.memory_traffic.compiler import assembly, kernel_cache, llvm_ir, numba_adapter, numba_runtime
from workloads.memory_traffic.compiler.assembly import Loops
from workloads.memory_traffic.compiler.kernel_cache import PackedKernel, StoredKernel

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
    origin: StoredKernel | None = None
    """What is known of the stored kernel, if it was not compiled in this process."""
    cache_error: str = ""
    """Why the kernel could not be stored."""


_kernels: dict[str, Kernel] = {}
"""Kernels of this process that are in the cache, by name of the entry. Loading one twice would define its symbols
twice."""


def load_function(transformation: Transformation, version: Version, fields: int = 1) -> Callable[..., Any]:
    """The Python function of a version, not compiled. `fields` is the number of particle fields that it uses."""
    module = importlib.import_module(f"workloads.memory_traffic.kernels.{transformation.module}")
    function = getattr(module, version.function.format(fields=fields))
    # If the source cannot be read, `compile_function` says why the kernel is not stored.
    with suppress(OSError):
        kernel_cache.digest_source(function)
    return function


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
    types = tuple(numba.typeof(argument) for argument in arguments)
    options = {"parallel": threads > 1, "fastmath": FASTMATH_REORDER if reorders else FASTMATH_FUSE}
    compilation = _Compilation(function, types, arguments, options)
    cache = numba_runtime.get_kernel_cache()
    if cache is None:
        return compilation.compile("loop").kernel
    has_one_column = _has_one_column(arguments)
    try:
        identity = kernel_cache.identify_kernel(function, types, options, has_one_column=has_one_column)
    except (OSError, kernel_cache.NotStorableError) as error:
        return replace(compilation.compile("loop").kernel, cache_error=str(error))
    key = f"{cache / kernel_cache.digest_identity(identity)}"
    if key not in _kernels:
        _kernels[key] = compilation.load_or_compile(cache, identity)
    return _kernels[key]


@dataclass(frozen=True, slots=True)
class _CompiledKernel:
    """A kernel that was compiled in this process, with its two dispatchers."""

    kernel: Kernel
    loops: Loops
    dispatcher: Any
    loop: Any


@dataclass(frozen=True, slots=True)
class _Compilation:
    """What is compiled, and how."""

    function: Callable[..., Any]
    types: tuple[Any, ...]
    arguments: tuple[Any, ...]
    options: Mapping[str, Any]
    """Of `numba.njit`."""

    def compile(self, loop_name: str) -> _CompiledKernel:
        """Compile the function, and a loop around it with the name `loop_name`."""
        import numba

        started = time.perf_counter()
        dispatcher = numba.njit(self.types, **self.options)(self.function)
        loop_types = (numba.typeof(np.zeros(1)), numba.int64, *self.types)
        loop = numba.njit(loop_types)(self._write_loop(loop_name, dispatcher))
        compile_s = time.perf_counter() - started
        loops = _read_loops(dispatcher, self.function.__name__, self.arguments)
        kernel = Kernel(dispatcher, _repeat_compiled(loop, dispatcher), compile_s, loops)
        return _CompiledKernel(kernel, loops, dispatcher, loop)

    def load_or_compile(self, cache: Path, identity: kernel_cache.Identity) -> Kernel:
        """The kernel in the folder `cache` if it is there and intact; else it is compiled, and stored if possible."""
        import numba

        # The name is part of the symbols, which must be unique among all loops that this process loads or compiles.
        loop_name = f"loop_{kernel_cache.digest_identity(identity)[:16]}"
        compiled: list[Kernel] = []
        linked: list[Kernel] = []

        def compile_and_pack() -> PackedKernel:
            result = self.compile(loop_name)
            compiled.append(result.kernel)
            return kernel_cache.pack_kernel(result.dispatcher, result.loop, result.kernel.compile_s, result.loops)

        def link(stored: StoredKernel, kernel: Any, loop: Any) -> None:
            dispatcher = numba.njit(**self.options)(self.function)
            numba_adapter.link_overload(dispatcher, kernel)
            loop_dispatcher = numba.njit(self._write_loop(loop_name, dispatcher))
            numba_adapter.link_overload(loop_dispatcher, loop)
            repeated = _repeat_compiled(loop_dispatcher, dispatcher)
            linked.append(Kernel(dispatcher, repeated, stored.compile_s, stored.loops, origin=stored))

        try:
            kernel_cache.load_or_store(cache, identity, compile_and_pack, link)
        except (OSError, kernel_cache.NotStorableError) as error:
            if linked:
                return linked[0]
            # A full disk, for example, must not end a race.
            kernel = compiled[0] if compiled else self.compile(loop_name).kernel
            return replace(kernel, cache_error=str(error))
        return (linked or compiled)[0]

    def _write_loop(self, name: str, dispatcher: Any) -> Callable[..., None]:
        """A Python function with the name `name` that calls a kernel in a loop.

        The result of each call is stored in memory that the compiler cannot tell apart from the arguments, so it may
        not drop any of the calls.
        """
        names = ", ".join(f"argument_{number}" for number in range(len(self.types)))
        source = (
            f"def {name}(result, count, {names}):\n"
            "    for _ in range(count):\n"
            f"        {'result[0] = ' if _returns_number(dispatcher) else ''}kernel({names})\n"
        )
        # Numba looks up the module of a function that it loads.
        namespace: dict[str, Any] = {"kernel": dispatcher, "__name__": __name__}
        exec(source, namespace)
        return namespace[name]


def _repeat_compiled(loop: Callable[..., None], dispatcher: Any) -> Callable[..., float | None]:
    """`Kernel.repeated`, with a compiled loop around the kernel `dispatcher`."""
    result, has_result = np.zeros(1), _returns_number(dispatcher)

    def repeated(count: int, *arguments: Any) -> float | None:
        loop(result, count, *arguments)
        return result[0] if has_result else None

    return repeated


def _returns_number(dispatcher: Any) -> bool:
    import numba

    return numba_adapter.get_return_type(dispatcher) != numba.none


def _has_one_column(arguments: Sequence[Any]) -> bool:
    return any(1 in argument.shape for argument in arguments if isinstance(argument, np.ndarray))


def _read_loops(dispatcher: Any, name: str, arguments: Sequence[Any]) -> Loops:
    """The innermost loops of a compiled kernel that can run with these arguments."""
    (machine_code,) = dispatcher.inspect_asm().values()
    loops = assembly.read_loops(machine_code, name)
    (ir,) = dispatcher.inspect_llvm().values()
    wide_ir = llvm_ir.remove_one_column_checks(ir)
    if wide_ir == ir or _has_one_column(arguments):
        return loops
    machine = numba_adapter.get_target_machine(dispatcher)
    wide_loops = assembly.read_loops(llvm_ir.emit_assembly(wide_ir, machine), name)
    return replace(wide_loops, one_column_loops=0 if wide_loops.vectorized else loops.vector_loops)


def _repeat_in_python(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loop around calls of a library function."""

    def repeated(count: int, *arguments: Any) -> Any:
        result = None
        for _ in range(count):
            result = function(*arguments)
        return result

    return repeated
