"""Private and undocumented names of a library are used only in its adapter, which checks the library's version."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.paths import ROOT

PACKAGES = ("memory_traffic", "modin", "colour_quantization", "estimators", "documents", "selftest")
UNDOCUMENTED_NAMES = {
    "numba": ("overloads", "codegen", "parfor_gufunc", "__gufunc__", "_ZN", "dims"),
    "modin": ("list_of_blocks", "efaulting to pandas", "__MODIN_AUTOIMPORT_PANDAS__"),
    "ray": (
        "get_local_object_locations",
        "did_spill",
        "NodeID",
        "NodeManagerAddress",
        "NodeManagerHostname",
        "object_store_memory",
        "register_pickle_by_value",
        "session_name",
        "cumulative_created_bytes",
        "gcs_address",
        "gcs_server",
        "raylet",
        "ray::",
        "--node_id",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO",
    ),
    "dask": ("nanny", "SchedulerPlugin", "add_plugin"),
    "sklearnex": ("BackendFunction", "get_patch_map", "daal4py"),
}
"""By library: names that its documentation does not mention, and that do not look private."""
ADAPTERS = {
    "numba": "memory_traffic/compiler/numba_adapter.py",
    "modin": "modin/engines/modin_adapter.py",
    "ray": "modin/engines/ray_adapter.py",
    "dask": "modin/engines/dask_adapter.py",
    "sklearnex": "estimators/sklearnex_adapter.py",
}
MODULES = sorted(file for package in PACKAGES for file in (ROOT / "workloads" / package).rglob("*.py"))


def find_foreign_private_names(source: str) -> Iterator[str]:
    """Private names in `source` that are not its own: attributes of other objects, parameters of calls, modules."""
    tree = ast.parse(source)
    own_names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    own_names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_self(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and node.attr not in own_names:
            yield node.attr
        elif isinstance(node, ast.keyword) and node.arg and _is_private(node.arg):
            yield node.arg
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if _has_private_part(alias.name))
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in names if _has_private_part(name))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _has_private_part(node.value):
            yield node.value


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _is_private(name: str) -> bool:
    return name.startswith("_") and bool(name.strip("_")) and not (name.startswith("__") and name.endswith("__"))


def _has_private_part(path: str) -> bool:
    """Whether `path` is a dotted path, with or without a colon, of which a part is private."""
    parts = path.replace(":", ".").split(".")
    return all(part.isidentifier() for part in parts) and any(map(_is_private, parts))


def list_words(source: str) -> set[str]:
    """Every name and string constant in `source`, except docstrings."""
    tree = ast.parse(source)
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    words: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=word) | ast.Name(id=word) | ast.arg(arg=word):
                words.add(word)
            case ast.keyword(arg=str(word)):
                words.add(word)
            case ast.Constant(value=str(word)) if id(node) not in docstrings:
                words.add(word)
    return words


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT / "workloads")))
def test_only_an_adapter_uses_private_names_of_a_library(module: Path):
    path, source = str(module.relative_to(ROOT / "workloads")), module.read_text()
    if path not in ADAPTERS.values():
        assert list(find_foreign_private_names(source)) == []
    words = list_words(source)
    for library, names in UNDOCUMENTED_NAMES.items():
        if path != ADAPTERS[library]:
            found = {name for name in names if any(name in word for word in words)}
            assert not found, f"{path} uses names that {library} does not document"


@pytest.mark.parametrize("library", ADAPTERS)
def test_an_adapter_has_a_version_guard(library):
    source = (ROOT / "workloads" / ADAPTERS[library]).read_text()
    assert "GUARD = LibraryGuard(" in source
    assert "GUARD.require" in source


@pytest.mark.parametrize(
    "source",
    [
        "frame._query_compiler",
        "ray.init(_temp_dir='x')",
        "import ray._private.worker",
        "from ray import _raylet",
        "importlib.import_module('ray._private.internal_api')",
        "hasattr(frame, '_to_pandas')",
        "GUARD.require('ray._private.worker:global_worker')",
    ],
)
def test_a_foreign_private_name_is_found(source):
    assert list(find_foreign_private_names(source))


@pytest.mark.parametrize(
    "source",
    [
        "self._loops",
        "class A:\n    def _b(self): ...\n    def c(self, other): return other._b()",
        "__name__",
        "x = '_ '",
    ],
)
def test_a_private_name_of_the_module_itself_is_allowed(source):
    assert not list(find_foreign_private_names(source))
