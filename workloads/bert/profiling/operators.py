"""The operators of a BERT graph: how many of each kind, in which layer, at which precision, and the size of weights."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workloads.bert.light_tensorflow import tf
from workloads.bert.profiling.operator_kinds import (
    COMPOUND_KINDS,
    CONSTANT_TYPES,
    KIND_ORDER,
    PRECISIONS,
    ElementType,
    ModelLocation,
    OperatorKind,
    classify_node,
    label_operator,
    locate_nodes,
    read_precision,
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A node that computes."""

    name: str
    type: str
    """TensorFlow's type, for example QuantizedMatMulWithBiasAndDequantize."""
    kind: OperatorKind
    location: ModelLocation
    precision: ElementType
    """Of its inputs; of a quantization or a cast, of its output."""

    @property
    def label(self) -> str:
        """What a table calls it: `MatMul query`, `LayerNorm`."""
        return label_operator(self.kind, self.name)

    @property
    def scope(self) -> str:
        """The same for all nodes that count as one operator: those of a LayerNorm or of a GELU."""
        if self.kind not in COMPOUND_KINDS:
            return self.name
        return self.name[: self.name.find(f"/{self.kind}")]


@dataclass(frozen=True, slots=True)
class OperatorGroup:
    """All operators of one kind, type and precision."""

    kind: OperatorKind
    type: str
    """TensorFlow's type; empty for kinds that are several nodes of different types."""
    precision: ElementType
    operators: int
    """Number of operators. A LayerNorm or a GELU counts once, whatever the number of its nodes."""
    nodes: int


@dataclass(frozen=True, slots=True)
class Int8Share:
    """How many of a kind of operators are INT8."""

    int8: int
    total: int


@dataclass(frozen=True, slots=True)
class ConstantTotals:
    """All constants of one precision: weights, biases, ranges."""

    precision: ElementType
    bytes: int
    """Size in memory. A file may store them in fewer bytes."""


@dataclass(frozen=True, slots=True)
class GraphBreakdown:
    """What a graph consists of."""

    operators: tuple[Operator, ...]
    """The nodes that compute, in the order of the model."""
    bytes_on_disk: int
    """Size of the serialized GraphDef."""
    constants: tuple[ConstantTotals, ...]
    """The largest first."""

    @property
    def projections(self) -> Int8Share:
        """Products with weights, which Neural Compressor can convert."""
        return self._count_int8("MatMul")

    @property
    def attention_products(self) -> Int8Share:
        """Products of activations: scores and context."""
        return self._count_int8("BatchMatMul")

    def _count_int8(self, kind: OperatorKind) -> Int8Share:
        precisions = [operator.precision for operator in self.operators if operator.kind == kind]
        return Int8Share(precisions.count("int8"), len(precisions))

    def counts(self) -> tuple[OperatorGroup, ...]:
        """The operators by kind, type and precision, in the order of `OperatorKind`."""
        groups: dict[tuple[OperatorKind, str, ElementType], list[Operator]] = defaultdict(list)
        for operator in self.operators:
            kind = operator.kind
            groups[kind, "" if kind in COMPOUND_KINDS else operator.type, operator.precision].append(operator)
        counts = [OperatorGroup(*key, _count_scopes(operators), len(operators)) for key, operators in groups.items()]
        return tuple(sorted(counts, key=lambda group: (KIND_ORDER[group.kind], group.type, group.precision)))


@dataclass(frozen=True, slots=True)
class OperatorComparison:
    """An operator at one location, in the graph before and after a change of precision."""

    location: ModelLocation
    operator: str
    """Its label, for example `MatMul query` or `LayerNorm`."""
    before: str
    """Its precision; `bf16 + fp32` for several operators of different precisions; empty if there is none."""
    after: str
    count_before: int
    count_after: int


def describe_graph(graph: Any) -> GraphBreakdown:
    """Return what a GraphDef of `forward.build_frozen_graph`, converted or not, consists of.

    Raises ValueError if a node reads its own result.
    """
    nodes = {node.name: node for node in graph.node}
    locations = locate_nodes(nodes)
    operators = []
    for node in graph.node:
        kind = classify_node(node, nodes)
        if kind != "other":
            operators.append(Operator(node.name, node.op, kind, locations[node.name], read_precision(node)))
    operators.sort(key=lambda operator: operator.location)
    return GraphBreakdown(tuple(operators), graph.ByteSize(), _sum_constants(nodes.values()))


def compare_graphs(before: GraphBreakdown, after: GraphBreakdown) -> tuple[OperatorComparison, ...]:
    """Return a row for each operator of each location that either graph has, in the order of the model."""
    old, new = _group_by_label(before), _group_by_label(after)

    def order(key: tuple[ModelLocation, str]) -> tuple[ModelLocation, int, str]:
        location, label = key
        return location, KIND_ORDER[label.split(" ")[0]], label

    rows = []
    for key in sorted(old.keys() | new.keys(), key=order):
        was, now = old.get(key, []), new.get(key, [])
        rows.append(
            OperatorComparison(
                *key, _join_precisions(was), _join_precisions(now), _count_scopes(was), _count_scopes(now)
            )
        )
    return tuple(rows)


def _sum_constants(nodes: Iterable[Any]) -> tuple[ConstantTotals, ...]:
    size_bytes: Counter[ElementType] = Counter()
    for node in nodes:
        if node.op in CONSTANT_TYPES:
            tensor = node.attr["value"].tensor
            elements = math.prod(dimension.size for dimension in tensor.tensor_shape.dim)
            size_bytes[PRECISIONS.get(tensor.dtype, "other")] += elements * tf.as_dtype(tensor.dtype).size
    return tuple(ConstantTotals(precision, size) for precision, size in size_bytes.most_common())


def _group_by_label(breakdown: GraphBreakdown) -> dict[tuple[ModelLocation, str], list[Operator]]:
    groups: dict[tuple[ModelLocation, str], list[Operator]] = defaultdict(list)
    for operator in breakdown.operators:
        groups[operator.location, operator.label].append(operator)
    return groups


def _join_precisions(operators: list[Operator]) -> str:
    return " + ".join(sorted({operator.precision for operator in operators}))


def _count_scopes(operators: list[Operator]) -> int:
    return len({operator.scope for operator in operators})
