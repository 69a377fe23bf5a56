"""The walls that import-linter cannot hold: `app.py`, which is no package, and what really is loaded."""

import ast
import json
import subprocess
import sys
import tomllib

import grimp
import pytest

from bench.paths import ROOT
from bench.workload.registry import load_workloads

LINTER_CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in LINTER_CONFIG["contracts"]}
MEASURED_PACKAGES = {name for name in CONTRACTS["server"]["forbidden_modules"] if "." not in name}

LOAD_ALL_SCRIPT = """
import importlib, json, pkgutil, sys
import bench, ui
for package in (bench, ui):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        # Alembic runs the scripts of migrations itself; they cannot be imported.
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
from bench.workload.registry import load_workloads
load_workloads()
print(json.dumps(sorted(sys.modules)))
"""


def list_imports(source: str) -> set[str]:
    """Dotted names that `source` imports, wherever in it; of `from a import b` both `a` and `a.b`."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*LINTER_CONFIG["root_packages"], include_external_packages=True, cache_dir=None)


def find_violations(graph: grimp.ImportGraph, source: str) -> list[tuple[str, ...]]:
    """Ways on which a script with this source reaches what is measured, or an arm."""
    forbidden = MEASURED_PACKAGES | graph.find_matching_modules("workloads.*.arm")
    found = [
        (name,) for name in list_imports(source) if name.partition(".")[0] in MEASURED_PACKAGES or name in forbidden
    ]
    for name in list_imports(source) & graph.modules:
        for target in forbidden & graph.modules - {name}:
            if chain := graph.find_shortest_chain(importer=name, imported=target):
                found.append(chain)
    return found


def test_app_reaches_nothing_that_is_measured(graph):
    assert find_violations(graph, (ROOT / "app.py").read_text()) == []


@pytest.mark.parametrize(
    "source", ["import sklearn.cluster", "def f():\n    from ray import init", "import keras as k"]
)
def test_a_script_that_does_is_found(graph, source):
    assert find_violations(graph, source)


def test_an_import_of_an_arm_is_found(graph):
    arms = graph.find_matching_modules("workloads.*.arm")
    assert arms
    for arm in arms:
        assert find_violations(graph, f"import {arm}")
        assert find_violations(graph, f"from {arm.removesuffix('.arm')} import arm")
        assert find_violations(graph, f"from {arm} import anything")


def test_what_pages_load_loads_nothing_that_is_measured():
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALL_SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded & MEASURED_PACKAGES == set()


def test_every_declaration_points_at_its_arm(graph):
    arms = graph.find_matching_modules("workloads.*.arm")
    for name in load_workloads().keys() - {"staged", "trial"}:
        assert load_workloads()[name].arm.partition(":")[0] in arms


def test_both_contracts_name_the_same():
    """TOML has no way of saying it once."""
    assert CONTRACTS["declarations"]["forbidden_modules"] == CONTRACTS["server"]["forbidden_modules"]


def test_declarations_load_no_library_that_is_measured():
    heavy = {
        "tensorflow",
        "sklearn",
        "sklearnex",
        "daal4py",
        "onedal",
        "modin",
        "ray",
        "neural_compressor",
        "nncf",
        "openvino",
        "keras",
        "numba",
        "tokenizers",
        "safetensors",
        "huggingface_hub",
        "optuna",
        "yaml",
    }
    import subprocess

    code = (
        "import sys; from bench.workload.registry import load_workloads; load_workloads(); "
        "import bench.scheduler.dispatcher; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not heavy & set(loaded)
    assert not {"scipy", "streamlit", "numpy"} & set(loaded)
