"""Private names of libraries: only adapters use them, and adapters refuse versions that were not tested."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.workload.library_guard import UnsupportedLibrary

PACKAGE = ROOT / "workloads" / "bert"
TF_ADAPTER, INC_ADAPTER = "workloads.bert.tf_adapter", "workloads.bert.quantization.inc_adapter"
OV_ADAPTER, NNCF_ADAPTER = "workloads.bert.ov_adapter", "workloads.bert.quantization.nncf_adapter"
ADAPTERS = {
    ROOT.joinpath(*name.split(".")).with_suffix(".py") for name in (TF_ADAPTER, INC_ADAPTER, OV_ADAPTER, NNCF_ADAPTER)
}
MODULES = sorted(set(PACKAGE.rglob("*.py")) - ADAPTERS)
PRIVATE_MODULE = re.compile(r"(tensorflow|tokenizers)\.|(neural_compressor|openvino|nncf)\b")
PRIVATE_STRING = re.compile(
    r"_(Mkl|Quantized|Fused)\w|(tensorflow\.(python|core)|neural_compressor\.|(nncf|openvino)[.:])[\w.:]+$"
)


def find_private_names(source: str) -> Iterator[str]:
    """Yield what a module uses of a library's internals: modules, attributes with an underscore, operator names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if PRIVATE_MODULE.match(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module and PRIVATE_MODULE.match(node.module):
            yield node.module
        elif isinstance(node, ast.Attribute) and re.match("_(?!_)", node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PRIVATE_STRING.match(node.value):
            yield node.value


@pytest.mark.parametrize(
    "source",
    [
        "from tensorflow.python.framework import tensor_util",
        "import tensorflow.core.framework.tensor_pb2",
        "from neural_compressor.tensorflow import quantize_model",
        "import neural_compressor",
        "import openvino",
        "from nncf import quantize",
        "module = guard.require('openvino.properties')",
        "name = guard.require('nncf:ModelType')",
        "from tokenizers.implementations import BaseTokenizer",
        "pieces = wrapper._tokenizer",
        "node = NodeDef(op='_MklLayerNorm')",
        "name = guard.require('tensorflow.python.framework.tensor_util:MakeNdarray')",
    ],
)
def test_private_names_are_recognized(source):
    assert list(find_private_names(source))


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_only_adapters_use_private_names(file: Path):
    assert list(find_private_names(file.read_text())) == []


def test_each_adapter_uses_private_names_of_its_own_library():
    assert all(file.is_file() and list(find_private_names(file.read_text())) for file in ADAPTERS)


@pytest.mark.parametrize(
    ("adapter", "library", "tested"),
    [
        (TF_ADAPTER, "tensorflow", "==2.21.*"),
        (INC_ADAPTER, "neural-compressor", "==3.10.*"),
        (OV_ADAPTER, "openvino", "==2026.4.*"),
        (NNCF_ADAPTER, "nncf", "==3.4.*"),
    ],
)
@pytest.mark.parametrize("version", ["1.15.5", "99.0"])
def test_an_adapter_refuses_an_untested_version(monkeypatch, adapter, library, tested, version):
    pytest.importorskip(library.replace("-", "_"), reason=f"{library} is not installed")
    installed = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version if name == library else installed(name))
    with pytest.raises(UnsupportedLibrary, match=f"{library} {version} is installed") as error:
        runpy.run_module(adapter)
    assert str(error.value).endswith(f"Versions known to work: {tested}")
    assert f"pip install '{library}{tested}'" in error.value.remedy


def test_the_tensorflow_adapter_refuses_a_build_without_the_operators(monkeypatch):
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    from tensorflow.python.framework import op_def_registry

    monkeypatch.setattr(op_def_registry, "get", lambda name: None)
    with pytest.raises(UnsupportedLibrary, match="has no operator _QuantizedMatMul with the attribute T1") as error:
        runpy.run_module(TF_ADAPTER)
    assert "pip install 'tensorflow==2.21.*'" in error.value.remedy


def test_the_neural_compressor_adapter_refuses_a_version_without_a_name_that_it_patches(monkeypatch):
    pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")
    from neural_compressor.tensorflow.quantization.utils import graph_converter

    monkeypatch.delattr(graph_converter, "CaptureOutputToFile")
    with pytest.raises(UnsupportedLibrary, match=r"has no .*graph_converter:CaptureOutputToFile"):
        runpy.run_module(INC_ADAPTER)
