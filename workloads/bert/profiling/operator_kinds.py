"""What a node of a BERT graph is: its kind, its precision, and where in the model it belongs.

Read from the node itself, so it shows what a conversion really left, and not what it was asked for. Neural Compressor
renames the nodes that it converts, but their names still begin with the layer that they belong to.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from workloads.bert import tf_adapter
from workloads.bert.light_tensorflow import tf
from workloads.bert.model.graphdef import input_node_name

ElementType = Literal["fp32", "bf16", "fp16", "int8", "int32", "other"]
"""`int8` may be signed or unsigned. `int32` is the type of the biases of INT8 products, of indices and of shapes."""
OperatorKind = Literal[
    "MatMul",
    "BatchMatMul",
    "Softmax",
    "Gelu",
    "LayerNorm",
    "Quantize",
    "Dequantize",
    "Requantize",
    "Scale",
    "Cast",
    "BiasAdd",
    "Embedding",
    "Transpose",
    "other",
]
"""`MatMul` is a projection: a product with weights. `BatchMatMul` is a product of activations: attention's scores and
context. `Scale` is what SmoothQuant inserts before a projection. `Cast` is a conversion between floating-point types.
`other` is everything that is not counted: shapes, constants, residual sums."""
KIND_ORDER: dict[str, int] = {kind: index for index, kind in enumerate(get_args(OperatorKind))}
"""The position of a kind in tables."""

PRECISIONS: dict[int, ElementType] = {
    tf.float32.as_datatype_enum: "fp32",
    tf.bfloat16.as_datatype_enum: "bf16",
    tf.float16.as_datatype_enum: "fp16",
    **dict.fromkeys((kind.as_datatype_enum for kind in (tf.qint8, tf.quint8, tf.int8, tf.uint8)), "int8"),
    **dict.fromkeys((kind.as_datatype_enum for kind in (tf.qint32, tf.int32)), "int32"),
}
"""By the number of a type in a GraphDef."""
CONSTANT_TYPES = ("Const", "HostConst")
COMPOUND_KINDS: tuple[OperatorKind, ...] = ("LayerNorm", "Gelu")
"""Kinds that are several nodes in one scope."""

_TYPE_ATTRIBUTES = ("T1", "T2", "T", "DstT", "Tparams", "dtype", "Tinput", "Tinput1")
"""Attributes with the type that an operator computes with, the most specific first: T of an INT8 product is the type of
its output."""
_STRUCTURAL_TYPES = (
    *CONSTANT_TYPES,
    *("Identity", "NoOp", "Placeholder", "Shape", "Pack", "Unpack", "Slice", "StridedSlice", "Reshape", "ExpandDims"),
)
"""Operators that compute nothing."""
_KIND_PATTERNS: tuple[tuple[str, OperatorKind], ...] = (
    (r"Batch\w*MatMul", "BatchMatMul"),
    (r"MatMul", "MatMul"),
    (r"LayerNorm", "LayerNorm"),
    (r"Gelu", "Gelu"),
    (r"Softmax", "Softmax"),
    (r"Dequantize", "Dequantize"),
    (r"Requanti[zs]", "Requantize"),
    (r"Quantize", "Quantize"),
    (r"Cast", "Cast"),
    (r"BiasAdd", "BiasAdd"),
    (r"Gather", "Embedding"),
    (r"Transpose", "Transpose"),
)
"""Patterns of operator types; the first that matches decides."""
_LOCATION = re.compile(r"encoder[/.]layer[/.](\d+)[/.](attention\b)?|embeddings\b|qa_outputs\b|start_logits|end_logits")
_PRODUCT_LABELS = {
    "attention/self/query": "query",
    "attention/self/key": "key",
    "attention/self/value": "value",
    "attention/output/dense": "output",
    "attention/scores": "scores",
    "attention/scores_1": "context",
    "intermediate/dense": "widening",
    # A product with a fused GELU or sum has the name of the last node of its group, see `model.fusion`.
    "intermediate/Gelu": "widening",
    "attention/output": "output",
    "output": "narrowing",
    "output/dense": "narrowing",
    "qa_outputs": "start and end",
}
"""The label of a matrix product by its scope in the layer, as `model.forward` names it."""


@dataclass(frozen=True, slots=True, order=True)
class ModelLocation:
    """A part of the model. Locations sort in the order in which the model computes them."""

    rank: int
    layer: str
    """`inputs`, `embeddings`, `layer 0` and so on, or `head`."""
    part: str = ""
    """`attention` or `feed-forward` in a layer, else empty."""

    def __str__(self) -> str:
        return f"{self.layer}, {self.part}" if self.part else self.layer


INPUTS_LOCATION = ModelLocation(-1, "inputs")
EMBEDDINGS_LOCATION = ModelLocation(0, "embeddings")
HEAD_LOCATION = ModelLocation(1_000_000, "head")


def classify_operator(operator: str, name: str) -> OperatorKind:
    """Return the kind of an operator from its TensorFlow type and its name.

    The operator may be one that TensorFlow made when it ran the graph. The type decides before the name, because
    TensorFlow gives a product with a fused GELU the name of the GELU.
    """
    if tf_adapter.public_operator_name(operator) in _STRUCTURAL_TYPES:
        return "other"
    if operator == "Mul" and re.search(r"_mul\d+$", name):
        return "Scale"
    for pattern, kind in _KIND_PATTERNS:
        if re.search(pattern, operator):
            return kind
    for kind in COMPOUND_KINDS:
        if f"/{kind}/" in name:
            return kind
    return "other"


def classify_node(node: Any, nodes: Mapping[str, Any]) -> OperatorKind:
    """Return the kind of a NodeDef; `nodes` are all nodes of its graph by name."""
    kind = classify_operator(node.op, node.name)
    if kind != "Cast":
        return kind
    source = nodes.get(input_node_name(node.input[0])) if node.input else None
    is_float = {PRECISIONS.get(node.attr[end].type) for end in ("SrcT", "DstT")} <= {"fp32", "bf16", "fp16"}
    # TensorFlow casts a constant once, when it loads the graph.
    return "Cast" if is_float and (source is None or source.op not in CONSTANT_TYPES) else "other"


def read_precision(node: Any) -> ElementType:
    """Return the type that a NodeDef reads; of a quantization or a cast, the type that it makes."""
    # Only `in` leaves the node as it is: `node.attr[name]` adds an attribute that is missing.
    for name in _TYPE_ATTRIBUTES:
        if name in node.attr and node.attr[name].type:
            return PRECISIONS.get(node.attr[name].type, "other")
    return "int8" if "Quantized" in node.op else "other"


def label_operator(kind: OperatorKind, name: str) -> str:
    """Return what a table calls an operator, for example `MatMul query` or `LayerNorm`."""
    scope = re.split(r"/MatMul|/mul_\d+$|/add$", name)[0]
    scope_in_layer = re.split(r"encoder/layer/\d+/", scope)[-1]
    if kind == "BatchMatMul" and "/MatMul_1" in name:
        scope_in_layer += "_1"
    label = _PRODUCT_LABELS.get(scope_in_layer, "") if kind in ("MatMul", "BatchMatMul") else ""
    return f"{kind} {label}".strip()


def locate_node(name: str) -> ModelLocation | None:
    """Return the location of a node, or None if its name does not say it."""
    # The first match counts: a quantization is named after the operator that it feeds, then after its own input.
    match = _LOCATION.search(name)
    if not match:
        return None
    if match[0] == "embeddings":
        return EMBEDDINGS_LOCATION
    if match[1] is None:
        return HEAD_LOCATION
    layer, is_attention = int(match[1]), match[2] is not None
    part = "attention" if is_attention else "feed-forward"
    return ModelLocation(1 + 2 * layer + (not is_attention), f"layer {layer}", part)


def locate_nodes(nodes: Mapping[str, Any]) -> dict[str, ModelLocation]:
    """Return the location of every node by name.

    A node whose name does not say it, such as a residual sum, has the last of the locations of its inputs. Raises
    ValueError if a node reads its own result.
    """
    inputs = {name: [input_node_name(reference) for reference in node.input] for name, node in nodes.items()}
    locations: dict[str, ModelLocation] = {}
    try:
        for name in graphlib.TopologicalSorter(inputs).static_order():
            location = locate_node(name)
            if location is None:
                # A constant has no inputs, and layers may share it.
                location = max((locations[source] for source in inputs.get(name, ())), default=INPUTS_LOCATION)
            locations[name] = location
    except graphlib.CycleError as error:
        raise ValueError(f"the graph's operator {error.args[1][0]} reads its own result") from error
    return locations
