"""Kernels that several measurements of this process share, compiled once for each number of threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workloads.memory_traffic.compiler import numba_compile, numba_runtime

_kernels: dict[tuple[str, int], numba_compile.Kernel] = {}


def compile_once(
    function: Callable[..., Any], arguments: tuple[Any, ...], threads: int, *, reorders: bool = True
) -> numba_compile.Kernel:
    """`function`, compiled for the types of `arguments`, which are the same in every call, and for `threads` threads.

    Kernels that are called next run on `threads` threads.
    """
    key = function.__name__, threads
    if key not in _kernels:
        _kernels[key] = numba_compile.compile_function(function, arguments, threads=threads, reorders=reorders)
    numba_runtime.set_thread_count(threads)
    return _kernels[key]
