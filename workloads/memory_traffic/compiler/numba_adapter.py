"""Adapter of Numba: the only module that uses names and formats that Numba does not document.

These are the compiled overloads behind a dispatcher, how Numba stores them in files, and how it names functions and
array arguments in the code that it generates. Numba itself is imported only inside functions, because
`numba_runtime.configure_numba` must set its environment before the first import.
"""

from __future__ import annotations

import hashlib
import pickle
import re
from dataclasses import dataclass
from typing import Any

from bench.workload.library_guard import LibraryGuard, UnsupportedLibrary

GUARD = LibraryGuard("numba", "==0.68.*", "read and store the machine code of compiled kernels")
_REMEDY = f"Install a version that works: pip install '{GUARD.distribution}{GUARD.tested}'."

ARRAY_EXTENT = re.compile(r'%"?arg\.[^\s",)]+\.5\.\d+"?')
"""In LLVM code: an argument that is an extent of an array. Numba passes an array in parts; part 5 holds its extents."""
THREAD_ARRAY_EXTENTS = r"getelementptr [\w ]*\bi8, ptr %dims, i64 \d+"
"""In LLVM code, as a regular expression: the address of an extent in a function that threads run. There the extents of
all arrays follow the iteration count in one list, `dims`."""

RUNTIME_SETTINGS = {
    "NUMBA_NUM_THREADS",
    "NUMBA_DEFAULT_NUM_THREADS",
    "THREADING_LAYER",
    "THREADING_LAYER_PRIORITY",
}
"""Settings of Numba that change nothing in the machine code: it asks for the number of threads when it runs."""

_COMPILED_SYMBOL = "_ZN"
_PYTHON_WRAPPER_SYMBOL = "_ZN7cpython"
_THREAD_FUNCTION = "parfor_gufunc"


@dataclass(frozen=True, slots=True)
class StoredOverload:
    """A compiled overload in a form that another process can load."""

    data: bytes
    object_code_sha256: str
    """Of the object code inside `data`, which LLVM links without compiling anything."""


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


def get_thread_count_intrinsic() -> Any:
    """A function for compiled code that calls Numba's get_num_threads by its symbol. Raises UnsupportedLibrary."""
    return GUARD.require("numba.np.ufunc.parallel:_iget_num_threads")


def describe_target() -> list[str]:
    """What LLVM compiles for: the system, the processor and its features. Raises UnsupportedLibrary."""
    codegen = GUARD.require("numba.core.registry:cpu_target.target_context.codegen")()
    return [str(part) for part in _read(codegen, "magic_tuple")()]


def describe_config() -> dict[str, str]:
    """Numba's settings by name, from its environment variables, its configuration file, or code, but not those in
    `RUNTIME_SETTINGS`. Raises UnsupportedLibrary."""
    config = vars(GUARD.require("numba.core.config"))
    names = sorted(name for name in config if name.isupper() and not name.startswith("_"))
    return {name: repr(config[name]) for name in names if name not in RUNTIME_SETTINGS}


def depends_on_process(dispatcher: Any) -> bool:
    """Whether the machine code of `dispatcher` contains addresses of this process, so that no other can load it."""
    return bool(_read(_get_only_overload(dispatcher), "library", "has_dynamic_globals"))


def store_overload(dispatcher: Any) -> StoredOverload:
    """The only overload of `dispatcher`, which this process has compiled. Raises UnsupportedLibrary."""
    reduced = _read(_get_only_overload(dispatcher), "_reduce")()
    data = GUARD.require("numba.core.serialize:dumps")(reduced)
    digest = _digest_object_code(reduced)
    if digest is None:
        raise UnsupportedLibrary(f"{GUARD.distribution} {GUARD.require_version()} stores no object code", _REMEDY)
    return StoredOverload(data, digest)


def unpack_overload(stored: StoredOverload) -> Any:
    """What `link_overload` needs of a stored overload.

    `stored.data` is unpickled: it must come from a trusted file. Raises ValueError if it has other object code than
    `stored` says, and whatever unpickling raises.
    """
    GUARD.require_version()
    reduced = pickle.loads(stored.data)
    digest = _digest_object_code(reduced)
    if digest != stored.object_code_sha256:
        raise ValueError(f"the object code has the SHA-256 {digest}, not {stored.object_code_sha256}")
    return reduced


def link_overload(dispatcher: Any, unpacked: Any) -> None:
    """Give `dispatcher`, which has compiled nothing, an overload of `unpack_overload`, and let it compile nothing else.

    Raises UnsupportedLibrary, also if LLVM compiled something instead of linking the object code.
    """
    rebuild = GUARD.require("numba.core.compiler:CompileResult._rebuild")
    target = _read(dispatcher, "targetctx")
    # As Numba does before it loads from its own cache: it registers the runtime that compiled code calls.
    target.refresh()
    overload = rebuild(target, *unpacked)
    # LLVM asks for object code before it compiles a module. Numba hands it out once, and records a compilation.
    library = _read(overload, "library")
    if _read(library, "_compiled") or _read(library, "_compiled_object") is not None:
        raise UnsupportedLibrary(
            f"{GUARD.distribution} {GUARD.require_version()}: LLVM did not link the stored object code", _REMEDY
        )
    _read(dispatcher, "add_overload")(overload)
    _read(dispatcher, "disable_compile")()


def _digest_object_code(reduced: Any) -> str | None:
    """SHA-256 of the object code in a reduced CompileResult; None if it has another form."""
    match reduced:
        case ((_, "object", (bytes() as object_code, _)), *_):
            return hashlib.sha256(object_code).hexdigest()
        case _:
            return None


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
                _REMEDY,
            ) from error
    return value
