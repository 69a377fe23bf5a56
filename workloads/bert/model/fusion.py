"""Fusions that neither Neural Compressor nor TensorFlow's own optimizer does for these graphs.

TensorFlow fuses GELU into an FP32 product, but not into the INT8 product that Neural Compressor puts in its place:
there GELU stays five operators of its own, each over the widest tensor of the layer, and is more than a quarter of a
pass. A LayerNorm it fuses only in the form in which Keras writes it, and attention's scores with their mask only where
all shapes are known. oneDNN has kernels for all of these.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from workloads.bert.model.graphdef import input_node_name

INT8_PRODUCT = "QuantizedMatMulWithBiasAndDequantize"
FLOAT, INT8, UINT8 = (kind.as_datatype_enum for kind in (tf.float32, tf.qint8, tf.quint8))


@dataclass(frozen=True, slots=True)
class _GraphView:
    """Nodes by name, and who reads them."""

    nodes: dict[str, Any]
    readers: dict[str, list[str]]

    @classmethod
    def of(cls, graph: Any) -> _GraphView:
        readers = defaultdict(list)
        for node in graph.node:
            for read in node.input:
                readers[input_node_name(read)].append(node.name)
        return cls({node.name: node for node in graph.node}, readers)

    def input(self, node: Any, place: int) -> Any:
        return self.nodes[input_node_name(node.input[place])]

    def inputs(self, node: Any, *operators: str) -> list[Any] | None:
        """The inputs of a commutative `node` in the order of `operators`; None where they are others."""
        found = [self.nodes[input_node_name(read)] for read in node.input]
        if [one.op for one in found] == list(operators):
            return found
        found.reverse()
        return found if [one.op for one in found] == list(operators) else None


def fuse_graph(graph: Any) -> Any:
    """A copy of a GraphDef with every GELU or sum that follows an INT8 product in that product, every float32 LayerNorm
    as one operator, and so attention's scores. A fused operator has the name of the last one that it stands for.

    For sessions with oneDNN alone: without it TensorFlow has no kernel for what is put in. INT8's results change by the
    rounding of one intermediate result: it is rounded to 8 bits from another last bit of float32.
    """
    view = _GraphView.of(graph)
    instead: dict[str, Any] = {}
    gone: set[str] = set()
    for node in graph.node:
        found = (
            _fuse_gelu(view, node)
            or _fuse_layer_norm(view, node)
            or _fuse_scores(view, node)
            or _fuse_residual(view, node)
        )
        if found is not None:
            made, inside = found
            # What somebody else reads must stay.
            if all(set(view.readers[name]) <= inside | {node.name} for name in inside):
                instead[node.name] = made
                gone |= inside
    new = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.name not in gone:
            new.node.add().CopyFrom(instead.get(node.name, node))
    return new


def _fuse_gelu(view: _GraphView, last: Any) -> tuple[Any, set[str]] | None:
    """The product with GELU for the last node of x / 2 * erfc(-x / sqrt(2)), where x is an INT8 product."""
    if last.op != "Mul" or (sides := view.inputs(last, "Mul", "Erfc")) is None:
        return None
    half, erfc = sides
    scaled = view.input(erfc, 0)
    if scaled.op != "Mul" or (negated := view.inputs(scaled, "Neg", "Const")) is None:
        return None
    product = view.input(negated[0], 0)
    if product.op != INT8_PRODUCT or view.inputs(half, "Const", INT8_PRODUCT) is None:
        return None
    if input_node_name(half.input[0]) != product.name and input_node_name(half.input[1]) != product.name:
        return None
    made = _extend_product(last, product, b"GeluExact")
    return made, {product.name, half.name, erfc.name, scaled.name, negated[0].name}


def _fuse_residual(view: _GraphView, last: Any) -> tuple[Any, set[str]] | None:
    """The product with the sum for a sum of an INT8 product and something else."""
    if last.op != "AddV2" or last.attr["T"].type != FLOAT:
        return None
    for place in (0, 1):
        product = view.input(last, place)
        # Of two products one is enough: the other is read.
        if product.op == INT8_PRODUCT and len(view.readers[product.name]) == 1:
            return _extend_product(last, product, b"Add", last.input[1 - place]), {product.name}
    return None


def _extend_product(last: Any, product: Any, fused_operator: bytes, *more: str) -> Any:
    """The INT8 product with one more operator in it, which reads `more`; named as `last`."""
    made = tf.compat.v1.NodeDef(name=last.name, op="_QuantizedMatMul", device=product.device)
    made.input.extend([*product.input[:3], *more, *product.input[3:7]])
    bias = product.attr["Tbias"].type
    made.attr["Tdevice_inputs"].list.type.extend([UINT8, INT8, bias, *[FLOAT] * len(more)])
    made.attr["Thost_inputs"].list.type.extend([FLOAT] * 4)
    made.attr["Tdevice_outputs"].list.type.append(FLOAT)
    made.attr["Thost_outputs"].list.SetInParent()
    for name, kind in {"T1": UINT8, "T2": INT8, "Tbias": bias, "U": FLOAT, "Tout": FLOAT}.items():
        made.attr[name].type = kind
    made.attr["fused_ops"].list.s.extend([b"BiasAdd", fused_operator, b"Dequantize"])
    for name in ("transpose_a", "transpose_b", "input_quant_mode"):
        made.attr[name].CopyFrom(product.attr[name])
    return made


def _fuse_scores(view: _GraphView, last: Any) -> tuple[Any, set[str]] | None:
    """The batched product with both for the last node of a product * constant + mask: attention's scores."""
    if last.op != "AddV2" or last.attr["T"].type != FLOAT:
        return None
    for place in (0, 1):
        scaled = view.input(last, place)
        parts = view.inputs(scaled, "BatchMatMulV2", "Const") if scaled.op == "Mul" else None
        if parts is None or parts[1].attr["value"].tensor.tensor_shape.dim:
            continue
        product, factor = parts
        made = tf.compat.v1.NodeDef(name=last.name, op="_MklFusedBatchMatMulV2", device=product.device)
        made.input.extend([*product.input, factor.name, last.input[1 - place]])
        for name in ("T", "adj_x", "adj_y"):
            made.attr[name].CopyFrom(product.attr[name])
        made.attr["num_args"].i = 2
        made.attr["fused_ops"].list.s.extend([b"Mul", b"Add"])
        return made, {product.name, scaled.name}
    return None


def _fuse_layer_norm(view: _GraphView, last: Any) -> tuple[Any, set[str]] | None:
    """oneDNN's operator for the last node of x * s + (beta - mean * s), s = gamma / sqrt(variance + epsilon)."""
    if last.op != "AddV2" or last.attr["T"].type != FLOAT or (sides := view.inputs(last, "Mul", "Sub")) is None:
        return None
    scaled, offset = sides
    beta, shift = (view.input(offset, place) for place in (0, 1))
    if shift.op != "Mul" or (parts := view.inputs(shift, "Mean", "Mul")) is None:
        return None
    mean, scale = parts
    if scale.name not in [input_node_name(read) for read in scaled.input]:
        return None
    if (root := view.inputs(scale, "Rsqrt", "Const")) is None:
        return None
    rsqrt, gamma = root
    variance = view.input(rsqrt, 0)
    if variance.op != "AddV2" or (terms := view.inputs(variance, "Mean", "Const")) is None:
        return None
    spread, epsilon = terms
    squared = view.input(spread, 0)
    x = mean.input[0]
    if squared.op != "SquaredDifference" or list(squared.input) != [x, mean.name]:
        return None
    if sorted(scaled.input) != sorted([x, scale.name]) or beta.op != "Const":
        return None
    made = tf.compat.v1.NodeDef(name=last.name, op="_MklLayerNorm", device=last.device)
    made.input.extend([x, gamma.name, beta.name])
    made.attr["T"].type = FLOAT
    made.attr["epsilon"].f = float(tf.make_ndarray(epsilon.attr["value"].tensor))
    return made, {one.name for one in (scaled, offset, shift, mean, scale, rsqrt, variance, spread, squared)}
