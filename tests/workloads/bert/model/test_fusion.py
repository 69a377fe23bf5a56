"""Fusions: the same results from fewer operators, at every precision."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

import tensorflow as tf

from tests.support import tiny_bert
from workloads.bert import bf16_support, tf_adapter
from workloads.bert.inference.batches import slice_inputs
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows, WindowTokenizer
from workloads.bert.model import forward, fusion
from workloads.bert.quantization import convert
from workloads.bert.quantization.config import QuantizationConfig

LAYERS = 2


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Any, Any, Windows]:
    """The FP32 graph of a small model, its INT8 graph, and windows."""
    checkpoint = tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model"))
    tokenizer = WindowTokenizer(checkpoint)
    passages = [f"the old mill number {place} was built near the river." for place in range(12)]
    windows = tokenizer.make_windows(["what was built"] * len(passages), passages, 48)
    return (
        forward.build_frozen_graph(checkpoint),
        convert.quantize_graph(checkpoint, QuantizationConfig(), windows, tiny_bert.ProgressRecorder()),
        windows,
    )


def compute_logits(graph: Any, windows: Windows) -> np.ndarray:
    engine = InferenceSession(graph, 1)
    try:
        return np.stack(engine.run(*slice_inputs(windows, 0, len(windows))))
    finally:
        engine.close()


def count_types(graph: Any) -> Counter[str]:
    return Counter(node.op for node in graph.node)


def test_layer_norms_become_one_operator_with_the_same_results(made):
    fp32, _, windows = made
    fused = fusion.fuse_graph(fp32)
    assert count_types(fused)["_MklLayerNorm"] == 1 + 2 * LAYERS
    assert not count_types(fused)["Rsqrt"]
    assert np.abs(compute_logits(fused, windows) - compute_logits(fp32, windows)).max() < 1e-4
    assert "_MklLayerNorm" not in count_types(fp32), "the given graph is not changed"


def list_fusions(graph: Any, operator: str) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(part.decode() for part in node.attr["fused_ops"].list.s) for node in graph.node if node.op == operator
    )


needs_bf16 = pytest.mark.skipif(not bf16_support.has_bf16_kernels(), reason="oneDNN has no BF16 on this processor")


@pytest.mark.parametrize("kind", [tf.float32, pytest.param(tf.bfloat16, marks=needs_bf16)])
def test_bias_gelu_and_sums_are_fused_into_floating_point_products(tmp_path, kind):
    checkpoint = tiny_bert.make_checkpoint(tmp_path)
    windows = tiny_bert.make_windows(checkpoint)
    graph = forward.build_frozen_graph(checkpoint, kind)
    fused = fusion.fuse_graph(graph)
    assert list_fusions(fused, "_FusedMatMul") == {
        ("BiasAdd",): 3 * LAYERS + 1,
        ("BiasAdd", "GeluExact"): LAYERS,
        ("BiasAdd", "Add"): 2 * LAYERS,
    }
    assert not {"MatMul", "BiasAdd", "Erfc"} & count_types(fused).keys()
    limit = 1e-4 if kind == tf.float32 else 0.2
    assert np.abs(compute_logits(fused, windows) - compute_logits(graph, windows)).max() < limit


def test_without_kernels_for_bf16_its_products_remain_as_they_are(tmp_path, monkeypatch):
    """As on a processor with AVX2 alone: TensorFlow's own kernels compute BF16, but no fused product."""
    monkeypatch.setattr(bf16_support, "has_bf16_kernels", lambda: False)
    checkpoint = tiny_bert.make_checkpoint(tmp_path)
    windows = tiny_bert.make_windows(checkpoint)
    graph = forward.build_frozen_graph(checkpoint, tf.bfloat16)
    fused = fusion.fuse_graph(graph)
    assert not list_fusions(fused, "_FusedMatMul")
    assert count_types(fused)["_MklLayerNorm"], "what does not depend on the processor is fused"
    assert np.abs(compute_logits(fused, windows) - compute_logits(graph, windows)).max() < 0.2
    assert list_fusions(fusion.fuse_graph(forward.build_frozen_graph(checkpoint)), "_FusedMatMul")


def test_fused_products_run_as_onednn_operators_without_the_graph_optimizer(made):
    fp32, _, windows = made
    metadata = tf.compat.v1.RunMetadata()
    session = InferenceSession(fusion.fuse_graph(fp32), 1)
    feed = {f"{name}:0": array for name, array in windows.feed().items()}
    options = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
    session.tf_session.run(["start_logits:0", "end_logits:0"], feed, options, metadata)
    session.close()
    ran = Counter(operator for operator, _, _ in tf_adapter.read_trace(metadata))
    assert ran["_MklNativeFusedMatMul"] == 6 * LAYERS + 1
    assert not {"MatMul", "BiasAdd", "Erfc"} & ran.keys()


def test_gelu_and_sums_are_fused_into_the_int8_products(made):
    fp32, int8, windows = made
    fused = fusion.fuse_graph(int8)
    assert list_fusions(fused, "_QuantizedMatMul") == {
        ("BiasAdd", "GeluExact", "Dequantize"): LAYERS,
        ("BiasAdd", "Add", "Dequantize"): 2 * LAYERS,
    }
    assert not count_types(fused)["Erfc"]
    products = sum(count for name, count in count_types(fused).items() if "QuantizedMatMul" in name)
    assert products == count_types(int8)["QuantizedMatMulWithBiasAndDequantize"] == 6 * LAYERS + 1
    true, before, after = (compute_logits(graph, windows) for graph in (fp32, int8, fused))
    # GELU is rounded to 8 bits: a different last bit of float32 may round the other way. The error does not grow.
    assert np.sqrt(np.mean((after - true) ** 2)) < 1.5 * np.sqrt(np.mean((before - true) ** 2))
    assert np.sqrt(np.mean((after - before) ** 2)) < np.sqrt(np.mean((before - true) ** 2))


def test_a_node_that_others_read_is_not_removed(made):
    _, int8, _ = made
    read = tf.compat.v1.GraphDef()
    read.CopyFrom(int8)
    erfc = next(node.name for node in read.node if node.op == "Erfc")
    read.node.add(name="reader", op="Identity", input=[erfc]).attr["T"].type = tf.float32.as_datatype_enum
    assert count_types(fusion.fuse_graph(read))["Erfc"] == 1


def test_sums_of_other_tensors_are_not_changed():
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.bfloat16, (None, 8), name="x")
        tf.identity(x + x, name="sum")
    assert list(fusion.fuse_graph(graph.as_graph_def()).node) == list(graph.as_graph_def().node)
