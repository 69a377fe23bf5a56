"""What a graph of BERT is made of: which operators, in which layer, at which precision, and how many bytes.

It is read from the GraphDef itself, so it tells what a conversion really left, not what it was asked for. Neural
Compressor renames what it converts; a name still begins with the layer that it works for.
"""

from __future__ import annotations

import graphlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import tensorflow as tf

from workloads.bert.model.graphdef import input_node_name

Precision = Literal["fp32", "bf16", "fp16", "int8", "int32", "other"]
"""`int8` is signed or not; `int32` is what biases of INT8 products, indices and shapes are kept in."""
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
"""`MatMul` is a projection, by weights; `BatchMatMul` are attention's scores and context. `Scale` is what SmoothQuant
puts before a projection; `Cast` is between types of floating point. `other` is shapes, constants, residual sums."""

_PRECISIONS: dict[int, Precision] = {
    tf.float32.as_datatype_enum: "fp32",
    tf.bfloat16.as_datatype_enum: "bf16",
    tf.float16.as_datatype_enum: "fp16",
    **dict.fromkeys((kind.as_datatype_enum for kind in (tf.qint8, tf.quint8, tf.int8, tf.uint8)), "int8"),
    **dict.fromkeys((kind.as_datatype_enum for kind in (tf.qint32, tf.int32)), "int32"),
}
_TYPE_ATTRIBUTES = ("T1", "T2", "T", "DstT", "Tparams", "dtype", "Tinput", "Tinput1")
"""Attributes that say what an operator computes with, the telling ones first: an INT8 product's T is its output's."""
_CONSTANT_TYPES = ("Const", "HostConst")
_STRUCTURAL_TYPES = (
    *_CONSTANT_TYPES,
    *("Identity", "NoOp", "Placeholder", "Shape", "Pack", "Unpack", "Slice", "StridedSlice", "Reshape", "ExpandDims"),
)
"""Types that compute nothing."""
_KIND_PATTERNS: tuple[tuple[str, OperatorKind], ...] = (
    (r"Batch\w*MatMul", "BatchMatMul"),
    (r"MatMul", "MatMul"),
    # TensorFlow's own rewriting makes one operator of such a group, under the name of one of its parts.
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
_COMPOUND_KINDS = ("LayerNorm", "Gelu")
"""Kinds that are many nodes in one scope."""
_LOCATION = re.compile(r"encoder[/.]layer[/.](\d+)[/.](attention\b)?|embeddings\b|qa_outputs\b|start_logits|end_logits")
_SCOPE_LABELS = {
    "attention/self/query": "query",
    "attention/self/key": "key",
    "attention/self/value": "value",
    "attention/output/dense": "output",
    "attention/scores": "scores",
    "attention/scores_1": "context",
    "intermediate/dense": "widening",
    # A product with GELU or a sum in it has the name of the last of its parts, see `workloads.bert.model.fusion`.
    "intermediate/Gelu": "widening",
    "attention/output": "output",
    "output": "narrowing",
    "output/dense": "narrowing",
    "qa_outputs": "start and end",
}
"""Scope of a matrix product in its layer, as `model.forward` names it, to what a reader calls it."""


@dataclass(frozen=True, slots=True, order=True)
class ModelLocation:
    """Where in the model an operator stands. Places sort in the order in which the model computes them."""

    rank: int
    layer: str
    """`inputs`, `embeddings`, `layer 0` and so on, or `head`."""
    part: str = ""
    """`attention` or `feed-forward`, in a layer."""

    def __str__(self) -> str:
        return f"{self.layer}, {self.part}" if self.part else self.layer


INPUTS_LOCATION = ModelLocation(-1, "inputs")
EMBEDDINGS_LOCATION = ModelLocation(0, "embeddings")
HEAD_LOCATION = ModelLocation(1_000_000, "head")


@dataclass(frozen=True, slots=True)
class Operator:
    """One node that computes."""

    name: str
    type: str
    """TensorFlow's, for example QuantizedMatMulWithBiasAndDequantize."""
    kind: OperatorKind
    place: ModelLocation
    precision: Precision
    """Of what it reads; of a quantization or a cast, what it makes."""

    @property
    def label(self) -> str:
        """What a reader calls it: `MatMul query`, `LayerNorm`."""
        scope = re.split(r"/MatMul|/mul_\d+$|/add$", self.name)[0]
        inside = re.split(r"encoder/layer/\d+/", scope)[-1]
        if self.kind == "BatchMatMul" and "/MatMul_1" in self.name:
            inside += "_1"
        found = _SCOPE_LABELS.get(inside, "") if self.kind in ("MatMul", "BatchMatMul") else ""
        return f"{self.kind} {found}".strip()

    @property
    def scope(self) -> str:
        """What is one thing to a reader: of the parts of a LayerNorm or a GELU the scope that holds them all."""
        if self.kind not in _COMPOUND_KINDS:
            return self.name
        return self.name[: self.name.find(f"/{self.kind}")]


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """How many operators of one kind, type and precision."""

    kind: OperatorKind
    type: str
    """TensorFlow's; empty for kinds that are many nodes of different types."""
    precision: Precision
    operators: int
    """A LayerNorm or a GELU counts once, whatever the number of its parts."""
    nodes: int


@dataclass(frozen=True, slots=True)
class Int8Share:
    """So many in INT8, of so many."""

    int8: int
    total: int


@dataclass(frozen=True, slots=True)
class ConstantTotals:
    """All constants of one precision: weights, biases, ranges."""

    precision: Precision
    tensors: int
    bytes: int
    """In memory, not as the file packs them."""


@dataclass(frozen=True, slots=True)
class GraphBreakdown:
    """A graph, taken apart."""

    operators: tuple[Operator, ...]
    """Those that compute, by place."""
    other: int
    """Nodes left out of `operators`: constants, shapes, identities, residual sums."""
    bytes_on_disk: int
    """Of the serialised GraphDef."""
    constants: tuple[ConstantTotals, ...]
    """The largest first."""

    @property
    def bytes_of_constants(self) -> int:
        return sum(constant.bytes for constant in self.constants)

    @property
    def projections(self) -> Int8Share:
        """Products by weights: what Neural Compressor can convert."""
        return self._share("MatMul")

    @property
    def attention_products(self) -> Int8Share:
        """Products of activations: scores and context."""
        return self._share("BatchMatMul")

    def _share(self, kind: OperatorKind) -> Int8Share:
        found = [operator.precision for operator in self.operators if operator.kind == kind]
        return Int8Share(found.count("int8"), len(found))

    def counts(self, place: ModelLocation | None = None) -> tuple[OperatorCount, ...]:
        """Operators by kind, type and precision, of the whole graph or of one place; in the order of `Kind`."""
        chosen = [operator for operator in self.operators if place in (None, operator.place)]
        grouped: dict[tuple[OperatorKind, str, Precision], list[Operator]] = defaultdict(list)
        for operator in chosen:
            kind = operator.kind
            grouped[kind, "" if kind in _COMPOUND_KINDS else operator.type, operator.precision].append(operator)
        counts = [
            OperatorCount(*key, len({operator.scope for operator in found}), len(found))
            for key, found in grouped.items()
        ]
        return tuple(sorted(counts, key=lambda count: (_KIND_ORDER[count.kind], count.type, count.precision)))

    def places(self) -> tuple[ModelLocation, ...]:
        """Those that have an operator, in the order of the model."""
        return tuple(sorted({operator.place for operator in self.operators}))


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """A row of the table before and after: an operator of a place."""

    place: ModelLocation
    operator: str
    """Its label, for example `MatMul query` or `LayerNorm`."""
    before: str
    """Precision; of operators of several, all of them, as in `bf16 + fp32`; empty where there is none."""
    after: str
    count_before: int
    count_after: int

    @property
    def changed(self) -> bool:
        return (self.before, self.count_before) != (self.after, self.count_after)


_KIND_ORDER: dict[str, int] = {kind: place for place, kind in enumerate(get_args(OperatorKind))}


def describe_graph(graph: Any) -> GraphBreakdown:
    """Take a GraphDef apart: from `model.frozen`, or what Neural Compressor made of it.

    Raises ValueError where the graph is no graph: an operator reads itself.
    """
    nodes = {node.name: node for node in graph.node}
    located = _locate_nodes(nodes)
    operators = []
    for node in graph.node:
        kind = _classify_node(node, nodes)
        if kind != "other":
            operators.append(Operator(node.name, node.op, kind, located[node.name], _read_precision(node)))
    operators.sort(key=lambda operator: operator.place)
    return GraphBreakdown(
        tuple(operators), len(graph.node) - len(operators), graph.ByteSize(), _sum_constants(nodes.values())
    )


def compare_graphs(before: GraphBreakdown, after: GraphBreakdown) -> tuple[OperatorChange, ...]:
    """One row for each operator of each place that either graph has, in the order of the model."""
    old, new = _group_by_label(before), _group_by_label(after)

    def order(key: tuple[ModelLocation, str]) -> tuple[ModelLocation, int, str]:
        return key[0], _KIND_ORDER[key[1].split(" ")[0]], key[1]

    changes = []
    for key in sorted(old.keys() | new.keys(), key=order):
        was, now = old.get(key, []), new.get(key, [])
        changes.append(
            OperatorChange(*key, _join_precisions(was), _join_precisions(now), _count_scopes(was), _count_scopes(now))
        )
    return tuple(changes)


def classify_operator(operator: str, name: str) -> OperatorKind:
    """The kind of an operator by TensorFlow's type and its name, also of one that TensorFlow made in running it.

    Types decide before names: TensorFlow calls a product into which it merged a GELU by the GELU's name.
    """
    if operator.removeprefix("_Mkl") in _STRUCTURAL_TYPES:
        return "other"
    if operator == "Mul" and re.search(r"_mul\d+$", name):
        return "Scale"
    for pattern, found in _KIND_PATTERNS:
        if re.search(pattern, operator):
            return found
    return next((found for found in _COMPOUND_KINDS if f"/{found}/" in name), "other")


def locate_node(name: str) -> ModelLocation | None:
    """Where the node of this name stands; None where the name does not tell."""
    # The first mention counts: a quantization is named after the operator that it feeds, then after what feeds it.
    found = _LOCATION.search(name)
    if not found:
        return None
    if found[0] == "embeddings":
        return EMBEDDINGS_LOCATION
    if found[1] is None:
        return HEAD_LOCATION
    layer = int(found[1])
    return ModelLocation(1 + 2 * layer + (not found[2]), f"layer {layer}", "attention" if found[2] else "feed-forward")


def _locate_nodes(nodes: dict[str, Any]) -> dict[str, ModelLocation]:
    """The place of every node. One whose name does not tell, such as a residual sum, stands where the last of what it
    reads is made."""
    reads = {name: [input_node_name(read) for read in node.input] for name, node in nodes.items()}
    located: dict[str, ModelLocation] = {}
    try:
        for name in graphlib.TopologicalSorter(reads).static_order():
            if (found := locate_node(name)) is None:
                # Constants may be shared by layers: where one stands says nothing.
                found = max((located[read] for read in reads.get(name, ())), default=INPUTS_LOCATION)
            located[name] = found
    except graphlib.CycleError as error:
        raise ValueError(f"the graph's operator {error.args[1][0]} reads its own result") from error
    return located


def _classify_node(node: Any, nodes: dict[str, Any]) -> OperatorKind:
    found = classify_operator(node.op, node.name)
    if found != "Cast":
        return found
    feeding = nodes.get(input_node_name(node.input[0])) if node.input else None
    floating = {_PRECISIONS.get(node.attr[arm].type) for arm in ("SrcT", "DstT")} <= {"fp32", "bf16", "fp16"}
    # The cast of a constant is done once, when TensorFlow loads the graph.
    return "Cast" if floating and (feeding is None or feeding.op not in _CONSTANT_TYPES) else "other"


def _read_precision(node: Any) -> Precision:
    # No `node.attr[name]` without asking first: it would add the attribute to the graph.
    for name in _TYPE_ATTRIBUTES:
        if name in node.attr and node.attr[name].type:
            return _PRECISIONS.get(node.attr[name].type, "other")
    return "int8" if "Quantized" in node.op else "other"


def _sum_constants(nodes: Iterable[Any]) -> tuple[ConstantTotals, ...]:
    tensors: Counter[Precision] = Counter()
    size: Counter[Precision] = Counter()
    for node in nodes:
        if node.op in _CONSTANT_TYPES:
            tensor = node.attr["value"].tensor
            precision = _PRECISIONS.get(tensor.dtype, "other")
            tensors[precision] += 1
            size[precision] += math.prod(d.size for d in tensor.tensor_shape.dim) * tf.as_dtype(tensor.dtype).size
    return tuple(ConstantTotals(precision, tensors[precision], found) for precision, found in size.most_common())


def _group_by_label(breakdown: GraphBreakdown) -> dict[tuple[ModelLocation, str], list[Operator]]:
    rows: dict[tuple[ModelLocation, str], list[Operator]] = defaultdict(list)
    for operator in breakdown.operators:
        rows[operator.place, operator.label].append(operator)
    return rows


def _join_precisions(operators: list[Operator]) -> str:
    return " + ".join(sorted({operator.precision for operator in operators}))


def _count_scopes(operators: list[Operator]) -> int:
    return len({operator.scope for operator in operators})
