"""Layers in branches: the same logits from the same weights, at every precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

import tensorflow as tf

from tests.support import tiny_bert
from workloads.bert.inference.batches import slice_inputs
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward, fusion, head_split
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import convert
from workloads.bert.quantization.config import QuantizationConfig

LAYERS = 2


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Checkpoint:
    return tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def windows(checkpoint) -> Windows:
    return tiny_bert.make_windows(checkpoint)


def compute_logits(graph: Any, windows: Windows, count: int) -> np.ndarray:
    session = InferenceSession(graph, 2)
    try:
        return np.stack(session.run(*slice_inputs(windows, 0, count)))
    finally:
        session.close()


def sum_weight_bytes(graph: Any) -> int:
    return sum(len(node.attr["value"].tensor.tensor_content) for node in graph.node)


@pytest.mark.parametrize(
    ("kind", "is_fused", "limit"), [(tf.float32, True, 1e-4), (tf.float32, False, 1e-4), (tf.bfloat16, True, 0.2)]
)
@pytest.mark.parametrize("count", [1, 3])
def test_floating_point_branches_compute_the_same(checkpoint, windows, kind, is_fused, limit, count):
    graph = forward.build_frozen_graph(checkpoint, kind)
    if is_fused:
        graph = fusion.fuse_graph(graph)
    split = head_split.split_heads(graph, 2)
    assert head_split.count_branches(graph) == 1 and head_split.count_branches(split) == 2
    difference = compute_logits(split, windows, count) - compute_logits(graph, windows, count)
    assert np.abs(difference).max() < limit


def test_int8_branches_compute_the_same_up_to_rounding_and_every_product_stays_int8(checkpoint, windows):
    fp32 = forward.build_frozen_graph(checkpoint)
    config = QuantizationConfig()
    int8 = fusion.fuse_graph(convert.quantize_graph(checkpoint, config, windows, tiny_bert.ProgressRecorder()))
    split = head_split.split_heads(int8, 2)
    products = [node.op for node in split.node if "MatMul" in node.op and "Batch" not in node.op]
    assert all("Quantized" in operator for operator in products) and len(products) == 2 * 6 * LAYERS + 1
    true, before, after = (compute_logits(graph, windows, len(windows)) for graph in (fp32, int8, split))
    # Partial sums may round a value to the next of 256 steps. The error does not grow.
    assert np.sqrt(np.mean((after - true) ** 2)) < 1.5 * np.sqrt(np.mean((before - true) ** 2))
    assert np.sqrt(np.mean((after - before) ** 2)) < np.sqrt(np.mean((before - true) ** 2))


def test_each_weight_is_stored_once(checkpoint):
    graph = fusion.fuse_graph(forward.build_frozen_graph(checkpoint))
    config = checkpoint.config
    split = head_split.split_heads(graph, 2)
    assert sum_weight_bytes(graph) <= sum_weight_bytes(split)
    # The branches that add no bias have zeros in its place: 2 in a layer.
    assert sum_weight_bytes(split) - sum_weight_bytes(graph) < 2 * LAYERS * 4 * config.hidden_size + 1_000
    assert sum(node.name.startswith("encoder.layer.0.intermediate.dense.weight") for node in split.node) == 2


def test_a_graph_of_another_form_is_refused(checkpoint):
    graph = fusion.fuse_graph(forward.build_frozen_graph(checkpoint))
    product = next(node for node in graph.node if node.name == "encoder/layer/1/output/add")
    product.name = "renamed"
    with pytest.raises(ValueError, match="layer 1 of the graph"):
        head_split.split_heads(graph, 2)


@pytest.mark.parametrize(("branches", "is_possible"), [(1, True), (2, True), (3, False), (4, False)])
def test_heads_and_columns_must_be_divisible(branches, is_possible):
    assert head_split.can_split_heads(tiny_bert.make_config(), branches) is is_possible
