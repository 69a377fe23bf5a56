"""Compiled kernels on disk, each with the description of its machine code.

Compiling a kernel takes seconds, loading it some hundredths of a second. Numba cannot show the machine code of a kernel
that was loaded, so an entry has the description that was read when the kernel was compiled. An entry is used only if
the object code that LLVM links in this process has the SHA-256 of the object code that was described.

The name of an entry is a digest of everything that the machine code and its description depend on: the kernel's source,
the types of its arguments, how it is compiled, this package, the versions of the libraries, and the processor.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import pickle
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bench.system.cache_entry import CacheEntry, load_or_make
from bench.workload.library_guard import UnsupportedLibrary
from workloads.memory_traffic.compiler import numba_adapter
from workloads.memory_traffic.compiler.assembly import Loops

KERNEL_FILE, LOOP_FILE = "kernel.numba", "loop.numba"
"""Files of an entry: the kernel, and the compiled loop that calls it."""
LIBRARIES = ("numba", "llvmlite", "numpy")
"""Packages that take part in the compilation."""

UNPACK_ERRORS = (
    OSError,
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)
"""What reading a file of another kind raises; most are those in the documentation of pickle."""

Identity = Mapping[str, Any]
"""What the machine code of a kernel depends on, as values that JSON can express."""


class NotStorableError(Exception):
    """A kernel cannot be stored."""


@dataclass(frozen=True, slots=True)
class StoredKernel:
    """What an entry says about its kernel."""

    identity: Identity
    loops: Loops
    compile_s: float
    compiled_on: date
    """Day of the compilation, UTC."""
    object_code: Mapping[str, str]
    """SHA-256 of the object code in each file."""

    @property
    def description(self) -> str:
        """Where the kernel comes from, and why its description holds. The timed loop has its own copy of the kernel."""
        return (
            f"cached: compiled, and its loops counted, on {self.compiled_on:%Y-%m-%d}; this process linked the same "
            f"object code, SHA-256 {self.object_code[KERNEL_FILE][:12]} (kernel) and "
            f"{self.object_code[LOOP_FILE][:12]} (timed loop that contains it)"
        )


@dataclass(frozen=True, slots=True)
class PackedKernel:
    """A kernel that was compiled in this process, ready to be stored."""

    loops: Loops
    compile_s: float
    files: Mapping[str, numba_adapter.StoredOverload]
    """By name of the file."""


_stored_adapter: TypeAdapter[StoredKernel] = TypeAdapter(StoredKernel)


def identify_kernel(
    function: Callable[..., Any], types: Sequence[Any], options: Mapping[str, Any], *, has_one_column: bool
) -> Identity:
    """What the machine code and its description depend on.

    `types` are Numba's types of the arguments, `options` those of `numba.njit`. `has_one_column` says whether an array
    has an extent of one, which changes the description. Raises OSError if the source of `function` cannot be read,
    NotStorableError if `function` uses variables of a function around it, and UnsupportedLibrary.
    """
    if function.__closure__:
        raise NotStorableError(f"{function.__qualname__} uses variables of a function around it")
    code = function.__code__
    identity = {
        "function": f"{function.__module__}.{function.__qualname__}",
        "code": _describe_code(code),
        # Constants of the module are compiled into the kernel.
        "module": digest_source(function),
        "types": [str(kind) for kind in types],
        "options": {name: sorted(value) if isinstance(value, set) else value for name, value in options.items()},
        "one column": has_one_column,
        "compiler": _COMPILER_SHA256,
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "target": numba_adapter.describe_target(),
        "config": numba_adapter.describe_config(),
    }
    # As it is read back, so that both can be compared.
    return json.loads(json.dumps(identity))


@cache
def digest_source(function: Callable[..., Any]) -> str:
    """SHA-256 of the source file of `function`, from the first call: call it right after the module is imported,
    because the file may change later. Raises OSError."""
    return hashlib.sha256(Path(function.__code__.co_filename).read_bytes()).hexdigest()


def digest_identity(identity: Identity) -> str:
    """SHA-256 of an identity, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def pack_kernel(dispatcher: Any, loop: Any, compile_s: float, loops: Loops) -> PackedKernel:
    """A compiled kernel and its loop, ready to be stored. Raises NotStorableError if they contain addresses."""
    if numba_adapter.depends_on_process(dispatcher) or numba_adapter.depends_on_process(loop):
        raise NotStorableError("the machine code contains addresses of this process")
    files = {KERNEL_FILE: numba_adapter.store_overload(dispatcher), LOOP_FILE: numba_adapter.store_overload(loop)}
    return PackedKernel(loops, compile_s, files)


def load_or_store(
    folder: Path,
    identity: Identity,
    compile_and_pack: Callable[[], PackedKernel],
    link: Callable[[StoredKernel, Any, Any], None],
) -> None:
    """Load the kernel with this identity from the cache `folder`, or compile and store it.

    `link` gets the description in the entry, and what `numba_adapter.link_overload` needs of kernel and loop. An entry
    that is damaged, or has another identity or object code, is replaced; nothing of it is linked. An entry is also
    replaced if `link` raises UnsupportedLibrary. If several processes need the same kernel, one of them compiles it.
    Raises NotStorableError, and OSError: the latter also after `link` or `compile_and_pack` has succeeded.
    """

    def accept(entry: CacheEntry) -> bool:
        try:
            stored = _stored_adapter.validate_python(entry.facts)
            if stored.identity != identity:
                return False
            kernel, loop = (_unpack_file(entry, stored, name) for name in (KERNEL_FILE, LOOP_FILE))
        except (ValidationError, *UNPACK_ERRORS):
            return False
        try:
            link(stored, kernel, loop)
        except UnsupportedLibrary:
            # The object code is that of this kernel, so symbols that were linked already are those of the kernel that
            # is compiled now.
            return False
        return True

    def store(draft: Path) -> Mapping[str, Any]:
        packed = compile_and_pack()
        for name, overload in packed.files.items():
            (draft / name).write_bytes(overload.data)
        digests = {name: overload.object_code_sha256 for name, overload in packed.files.items()}
        stored = StoredKernel(identity, packed.loops, packed.compile_s, datetime.now(UTC).date(), digests)
        return _stored_adapter.dump_python(stored, mode="json")

    load_or_make(folder / f"kernel-{digest_identity(identity)}", store, accept=accept)


def _unpack_file(entry: CacheEntry, stored: StoredKernel, name: str) -> Any:
    """Raises UNPACK_ERRORS."""
    data = (entry.folder / name).read_bytes()
    return numba_adapter.unpack_overload(numba_adapter.StoredOverload(data, stored.object_code[name]))


def _describe_code(code: CodeType) -> list[Any]:
    """Everything that a code object computes, without its position in the file, and of functions inside it."""
    constants = [
        _describe_code(constant) if isinstance(constant, CodeType) else repr(constant) for constant in code.co_consts
    ]
    names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    return [code.co_code.hex(), constants, [list(group) for group in names]]


def _digest_compiler() -> str:
    """SHA-256 of the source of this package, which decides how kernels are compiled and their loops are read."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


_COMPILER_SHA256 = _digest_compiler()
"""Computed now, because a file may change after its module was imported."""
