"""Operator fusions that neither Neural Compressor nor TensorFlow's own optimizer makes in these graphs.

TensorFlow fuses GELU into an FP32 product, but not into the INT8 product with which Neural Compressor replaces it:
there GELU remains five separate operators, each over the widest tensor of the layer, and takes more than a quarter of
a pass. TensorFlow fuses a LayerNorm only if it has the form that Keras writes, and attention's scores with their mask
only if all shapes are known. oneDNN has kernels for all of these.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from workloads.bert import tf_adapter
from workloads.bert.model.graphdef import input_node_name

INT8_PRODUCT = "QuantizedMatMulWithBiasAndDequantize"
"""The operator that Neural Compressor puts in place of a MatMul and its BiasAdd."""

_Fusion = tuple[Any, set[str]]
"""The node that replaces a group of nodes, and the names of the nodes that it makes superfluous."""


@dataclass(frozen=True, slots=True)
class _GraphView:
    """The nodes of a GraphDef by name, and the names of the nodes that read each one."""

    nodes: dict[str, Any]
    readers: dict[str, list[str]]

    @classmethod
    def of(cls, graph: Any) -> _GraphView:
        readers = defaultdict(list)
        for node in graph.node:
            for reference in node.input:
                readers[input_node_name(reference)].append(node.name)
        return cls({node.name: node for node in graph.node}, readers)

    def input(self, node: Any, index: int) -> Any:
        return self.nodes[input_node_name(node.input[index])]

    def inputs(self, node: Any, *operators: str) -> list[Any] | None:
        """Return the inputs of the commutative `node` in the order of `operators`, or None if its inputs differ."""
        nodes = [self.nodes[input_node_name(reference)] for reference in node.input]
        for ordered in (nodes, nodes[::-1]):
            if [operand.op for operand in ordered] == list(operators):
                return ordered
        return None


def fuse_graph(graph: Any) -> Any:
    """Return a copy of a GraphDef with these groups of nodes fused into one operator each:

    - a GELU or a sum that follows an INT8 product, into that product;
    - a float32 LayerNorm;
    - the product, scaling and mask of attention's scores.

    A fused operator has the name of the last node of its group. The copy runs only in sessions with oneDNN: without it
    TensorFlow has no kernels for the fused operators. INT8 results change slightly, because the intermediate result
    that is rounded to 8 bits may differ in the last bit of float32.
    """
    view = _GraphView.of(graph)
    replacements: dict[str, Any] = {}
    removed: set[str] = set()
    for node in graph.node:
        fusion = (
            _fuse_gelu(view, node)
            or _fuse_layer_norm(view, node)
            or _fuse_scores(view, node)
            or _fuse_residual(view, node)
        )
        if fusion is not None:
            fused, inside = fusion
            # A node that others read as well must remain.
            if all(set(view.readers[name]) <= inside | {node.name} for name in inside):
                replacements[node.name] = fused
                removed |= inside
    copy = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.name not in removed:
            copy.node.add().CopyFrom(replacements.get(node.name, node))
    return copy


def _fuse_gelu(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` ends x / 2 * erfc(-x / sqrt(2)), where x is an INT8 product: fuse all of it into the product."""
    if last.op != "Mul" or (factors := view.inputs(last, "Mul", "Erfc")) is None:
        return None
    half, erfc = factors
    scaled = view.input(erfc, 0)
    if scaled.op != "Mul" or (negated := view.inputs(scaled, "Neg", "Const")) is None:
        return None
    product = view.input(negated[0], 0)
    if product.op != INT8_PRODUCT or view.inputs(half, "Const", INT8_PRODUCT) is None:
        return None
    if product.name not in [input_node_name(reference) for reference in half.input]:
        return None
    fused = tf_adapter.make_int8_product(last.name, product, "GeluExact")
    return fused, {product.name, half.name, erfc.name, scaled.name, negated[0].name}


def _fuse_residual(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` adds an INT8 product to another tensor: fuse the sum into the product."""
    if not _is_float_sum(last):
        return None
    for index in (0, 1):
        product = view.input(last, index)
        # Of the sum of two products only one can contain the sum; the other is read by it.
        if product.op == INT8_PRODUCT and len(view.readers[product.name]) == 1:
            fused = tf_adapter.make_int8_product(last.name, product, "Add", [last.input[1 - index]])
            return fused, {product.name}
    return None


def _fuse_scores(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` ends product * constant + mask, attention's scores: fuse both into the batched product."""
    if not _is_float_sum(last):
        return None
    for index in (0, 1):
        scaled = view.input(last, index)
        factors = view.inputs(scaled, "BatchMatMulV2", "Const") if scaled.op == "Mul" else None
        if factors is None or factors[1].attr["value"].tensor.tensor_shape.dim:
            continue
        product, scale = factors
        fused = tf_adapter.make_scaled_masked_product(last.name, product, scale.name, last.input[1 - index])
        return fused, {product.name, scaled.name}
    return None


def _fuse_layer_norm(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` ends x * s + (beta - mean * s) with s = gamma / sqrt(variance + epsilon): use oneDNN's LayerNorm."""
    if not _is_float_sum(last) or (terms := view.inputs(last, "Mul", "Sub")) is None:
        return None
    scaled, offset = terms
    beta, shift = (view.input(offset, index) for index in (0, 1))
    if shift.op != "Mul" or (factors := view.inputs(shift, "Mean", "Mul")) is None:
        return None
    mean, scale = factors
    if scale.name not in [input_node_name(reference) for reference in scaled.input]:
        return None
    if (factors := view.inputs(scale, "Rsqrt", "Const")) is None:
        return None
    rsqrt, gamma = factors
    variance = view.input(rsqrt, 0)
    if variance.op != "AddV2" or (terms := view.inputs(variance, "Mean", "Const")) is None:
        return None
    mean_square, epsilon = terms
    squared = view.input(mean_square, 0)
    x = mean.input[0]
    if squared.op != "SquaredDifference" or list(squared.input) != [x, mean.name]:
        return None
    if sorted(scaled.input) != sorted([x, scale.name]) or beta.op != "Const":
        return None
    epsilon_value = float(tf.make_ndarray(epsilon.attr["value"].tensor))
    fused = tf_adapter.make_layer_norm(last.name, last.device, x, gamma.name, beta.name, epsilon_value)
    inside = (scaled, offset, shift, mean, scale, rsqrt, variance, mean_square, squared)
    return fused, {node.name for node in inside}


def _is_float_sum(node: Any) -> bool:
    return node.op == "AddV2" and node.attr["T"].type == tf_adapter.FLOAT
