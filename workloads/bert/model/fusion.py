"""Operator fusions, the same at every precision.

Neural Compressor does not fuse GELU into the INT8 products that it makes: there it remains five separate operators,
each over the widest tensor of the layer, and takes more than a quarter of a pass. TensorFlow's own optimizer (Grappler)
fuses a LayerNorm only if it has the form that Keras writes, and attention's scores with their mask only if all shapes
are known. It fuses bias, GELU and some residual sums into the floating-point products of a small model, but left those
of a BERT-base unfused, so that FP32 lacked what INT8 had; and it takes seconds for each model. oneDNN has kernels for
all of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workloads.bert import bf16_support, tf_adapter
from workloads.bert.light_tensorflow import tf
from workloads.bert.model.graphdef import input_node_name

UNFUSED_BF16 = (
    "the matrix products are not fused with bias, GELU and residual sums, because this processor has no instructions "
    "for BF16; FP32 and INT8 products are fused, so a ratio to them includes this difference"
)
"""The fact of a BF16 arm whose products `fuse_graph` leaves as they are."""

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
            if [self._operator(operand) for operand in ordered] == list(operators):
                return ordered
        return None

    def _operator(self, node: Any) -> str:
        """Return the operator of `node`. A constant that is cast, as GELU's are in BF16, is a constant."""
        is_cast_constant = node.op == "Cast" and self.input(node, 0).op == "Const"
        return "Const" if is_cast_constant else node.op


def fuses_products(precision: str) -> bool:
    """Whether `fuse_graph` fuses the matrix products of a model at `precision`, a value of the lever."""
    return precision != "bf16" or bf16_support.has_bf16_kernels()


def describe_handicap(precision: str) -> str:
    """Why a model at `precision` is not a fair baseline on this processor; empty if it is."""
    if precision != "bf16" or bf16_support.has_bf16_instructions():
        return ""
    unfused = "" if fuses_products(precision) else ", and not fused with GELU and residual sums, as other products are"
    return f"without instructions for BF16 in this processor, its products are emulated{unfused}"


def fuse_graph(graph: Any) -> Any:
    """Return a copy of a GraphDef with these groups of nodes fused into one operator each:

    - the bias of a floating-point product, into that product;
    - a GELU or a sum that follows a product with a bias, into that product (in BF16 only on a processor that has
      instructions for it, see `fuses_products`);
    - a float32 LayerNorm;
    - the product, scaling and mask of attention's scores.

    A fused operator has the name of the last node of its group. The copy runs only in sessions with oneDNN: without it
    TensorFlow has no kernels for the fused operators. Results change slightly: fused operators may round differently in
    the last bit of float32, and with it the value that is rounded to 8 bits.
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
            or _fuse_bias(view, node)
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


@dataclass(frozen=True, slots=True)
class _Product:
    """A matrix product with a bias: one node in INT8, a MatMul and its BiasAdd in floating point."""

    matmul: Any
    end: Any
    """The node whose output is the sum of product and bias."""

    @classmethod
    def ending_in(cls, view: _GraphView, node: Any) -> _Product | None:
        if node.op == tf_adapter.CONVERTED_PRODUCT:
            return cls(node, node)
        if node.op != "BiasAdd" or (matmul := view.input(node, 0)).op != "MatMul":
            return None
        precision = "bf16" if matmul.attr["T"].type == tf_adapter.BF16 else "fp32"
        return cls(matmul, node) if fuses_products(precision) else None

    @property
    def names(self) -> set[str]:
        return {self.matmul.name, self.end.name}

    def fuse(self, name: str, operator: str, extra_inputs: Sequence[str] = ()) -> Any:
        """Return the node called `name` that also computes `operator`, which reads `extra_inputs` as well."""
        if self.matmul.op == tf_adapter.CONVERTED_PRODUCT:
            return tf_adapter.make_int8_product(name, self.matmul, operator, extra_inputs)
        arguments = [self.end.input[1], *extra_inputs]
        return tf_adapter.make_float_product(name, self.matmul, arguments, ["BiasAdd", operator])


def _fuse_bias(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` adds a bias to a floating-point product: fuse it into the product."""
    product = _Product.ending_in(view, last)
    if product is None or product.matmul is last:
        return None
    fused = tf_adapter.make_float_product(last.name, product.matmul, [last.input[1]], ["BiasAdd"])
    return fused, {product.matmul.name}


def _fuse_gelu(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` ends x / 2 * erfc(-x / sqrt(2)), where x is a product: fuse all of it into the product."""
    if last.op != "Mul" or (factors := view.inputs(last, "Mul", "Erfc")) is None:
        return None
    half, erfc = factors
    scaled = view.input(erfc, 0)
    if scaled.op != "Mul" or (negated := view.inputs(scaled, "Neg", "Const")) is None:
        return None
    end = view.input(negated[0], 0)
    product = _Product.ending_in(view, end)
    if product is None or (terms := view.inputs(half, "Const", end.op)) is None or terms[1] is not end:
        return None
    fused = product.fuse(last.name, "GeluExact")
    return fused, {*product.names, half.name, erfc.name, scaled.name, negated[0].name}


def _fuse_residual(view: _GraphView, last: Any) -> _Fusion | None:
    """`last` adds a product to another tensor: fuse the sum into the product."""
    if last.op != "AddV2":
        return None
    for index in (0, 1):
        product = _Product.ending_in(view, view.input(last, index))
        # Of the sum of two products only one can contain the sum; the other is read by it.
        if product is not None and len(view.readers[product.end.name]) == 1:
            return product.fuse(last.name, "Add", [last.input[1 - index]]), product.names
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
