"""Adapter of Numba: the only module that uses names and formats that Numba does not document.

These are the compiled overloads behind a dispatcher, and how Numba names functions and array arguments in the code that
it generates. Numba itself is imported only inside functions, because `numba_runtime.configure_numba` must set its
environment before the first import.
"""

from __future__ import annotations

import re
from typing import Any

from bench.workload.library_guard import LibraryGuard, UnsupportedLibrary

GUARD = LibraryGuard("numba", "==0.68.*", "read the LLVM and machine code of compiled kernels")

ARRAY_EXTENT = re.compile(r'%"?arg\.[^\s",)]+\.5\.\d+"?')
"""In LLVM code: an argument that is an extent of an array. Numba passes an array in parts; part 5 holds its extents."""
THREAD_ARRAY_EXTENTS = r"getelementptr [\w ]*\bi8, ptr %dims, i64 \d+"
"""In LLVM code, as a regular expression: the address of an extent in a function that threads run. There the extents of
all arrays follow the iteration count in one list, `dims`."""

_COMPILED_SYMBOL = "_ZN"
_PYTHON_WRAPPER_SYMBOL = "_ZN7cpython"
_THREAD_FUNCTION = "parfor_gufunc"


def is_thread_function(symbol: str) -> bool:
    """Whether `symbol` is the body of a parallel loop, which the threads run.

    LLVM may have inlined the body into its wrapper, whose symbol contains the name of the body.
    """
    return _THREAD_FUNCTION in symbol


def is_compiled_function(symbol: str, name: str) -> bool:
    """Whether `symbol` is the compiled Python function `name`, and not the wrapper by which Python calls it."""
    mangled_name = f"{len(name)}{name}"
    return (
        symbol.startswith(_COMPILED_SYMBOL) and not symbol.startswith(_PYTHON_WRAPPER_SYMBOL) and mangled_name in symbol
    )


def get_return_type(dispatcher: Any) -> Any:
    """The Numba type that the only compiled signature of `dispatcher` returns. Raises UnsupportedLibrary."""
    return _read(_get_only_overload(dispatcher), "signature", "return_type")


def get_target_machine(dispatcher: Any) -> Any:
    """The llvmlite TargetMachine that emitted the machine code of `dispatcher`. Raises UnsupportedLibrary."""
    return _read(_get_only_overload(dispatcher), "library", "codegen", "_tm")


def _get_only_overload(dispatcher: Any) -> Any:
    GUARD.require_version()
    (overload,) = _read(dispatcher, "overloads").values()
    return overload


def _read(value: Any, *names: str) -> Any:
    """The attribute `names[0]` of `value`, of that the attribute `names[1]`, and so on. Raises UnsupportedLibrary."""
    for name in names:
        try:
            value = getattr(value, name)
        except AttributeError as error:
            raise UnsupportedLibrary(
                f"{GUARD.distribution} {GUARD.require_version()}: {type(value).__name__} has no attribute {name}",
                f"Install a version that works: pip install '{GUARD.distribution}{GUARD.tested}'.",
            ) from error
    return value
