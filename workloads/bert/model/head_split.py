"""One window on several cores: the layers of a graph as branches, each with some of the heads and their weights.

TensorFlow splits each operator among the threads of a pool. A pass of a BERT over one window is about a hundred short
operators, and waking a thread for each of them takes longer than the second thread saves. Here each branch computes its
heads, and its columns of the feed-forward part, from the first product to the last, so the threads meet twice in a
layer. It is the split of Megatron-LM (Shoeybi et al. 2019, section 3), within one graph: no weight is stored twice.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workloads.bert import tf_adapter
from workloads.bert.light_tensorflow import tf
from workloads.bert.model.architecture import Config
from workloads.bert.model.graphdef import input_node_name

_PRODUCTS = ("MatMul", tf_adapter.FLOAT_PRODUCT, tf_adapter.INT8_PRODUCT, tf_adapter.CONVERTED_PRODUCT)
_SCOPE = re.compile(r"encoder/layer/(\d+)/(attention/self/\w+|attention/output|intermediate|output)/")
_BRANCH = re.compile(r"/branch_(\d+)$")
_WEIGHT, _BIAS = 1, 2
"""Positions of the inputs of a product."""


def can_split_heads(config: Config, branches: int) -> bool:
    """Whether heads and feed-forward columns of a model can be divided among so many branches."""
    return not config.num_attention_heads % branches and not config.intermediate_size % branches


def count_branches(graph: Any) -> int:
    """Return into how many branches `split_heads` has split a GraphDef; 1 if it did not."""
    return 1 + max((int(match[1]) for node in graph.node if (match := _BRANCH.search(node.name))), default=0)


def split_heads(graph: Any, branches: int) -> Any:
    """Return a copy of a GraphDef of `forward.build_frozen_graph`, fused and converted or not, with split layers.

    Each branch computes the same as its part of the given graph. The partial sums of the branches are added in floating
    point, so results change in the last bits only. `can_split_heads` must hold for the model. Raises ValueError if the
    graph is not one of `forward`.
    """
    split = _Split({node.name: node for node in graph.node}, branches)
    products: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for node in graph.node:
        if node.op in _PRODUCTS and (match := _SCOPE.match(node.name)):
            role = "attention" if match[2].startswith("attention/self/") else match[2]
            products[int(match[1]), role].append(node)
    for layer in sorted({layer for layer, _ in products}):
        for starts, end in (("attention", "attention/output"), ("intermediate", "output")):
            if len(products[layer, end]) != 1 or not products[layer, starts]:
                raise ValueError(f"layer {layer} of the graph has no products {starts} that end in one product {end}")
            split.split_region(products[layer, starts], products[layer, end][0])
    return split.make_graph(graph)


@dataclass(slots=True)
class _Split:
    """The nodes of a graph, and those that take the place of some of them."""

    nodes: dict[str, Any]
    branches: int
    made: dict[str, Any] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)

    def split_region(self, starts: list[Any], end: Any) -> None:
        """Split the columns of the products `starts`, the rows of the product `end`, and what is between them."""
        inner = self._find_inner({node.name for node in starts}, end)
        width = self._read(starts[0].input[_WEIGHT]).shape[1]
        partial_sums = []
        for branch in range(self.branches):
            names: dict[str, str] = {}
            for node in starts:
                copy = self._copy(node, branch, names)
                for index, reference in enumerate(copy.input):
                    if index and self._width(reference) == width:
                        copy.input[index] = self._slice(reference, branch, axis=-1)
            for node in inner:
                copy = self._copy(node, branch, names)
                if node.op == "Reshape":
                    copy.input[1] = self._narrow_shape(node.input[1], branch)
                elif node.op != "Transpose":
                    for index, reference in enumerate(node.input):
                        if self._width(reference) == width:
                            copy.input[index] = self._slice(reference, branch, axis=-1)
            copy = self._copy(end, branch, names)
            copy.input[_WEIGHT] = self._slice(end.input[_WEIGHT], branch, axis=0)
            if branch and len(end.input) > _BIAS:
                # Only one branch adds the bias and the residual.
                copy.input[_BIAS] = self._put(f"{end.name}/no_bias", end.input[_BIAS], np.zeros_like)
                tf_adapter.remove_fused_sum(copy)
            partial_sums.append(copy.name)
        self._add(end, partial_sums)
        self.replaced |= {node.name for node in (*starts, *inner, end)}

    def _find_inner(self, starts: set[str], end: Any) -> list[Any]:
        """Return the nodes on the paths from `starts` to the first input of `end`, each after its inputs."""
        depends: dict[str, bool] = {name: True for name in starts}
        inner: list[Any] = []

        def visit(name: str) -> bool:
            if name not in depends:
                node = self.nodes[name]
                # All inputs, not only those up to the first that depends on a start.
                depends[name] = any([visit(input_node_name(reference)) for reference in node.input])
                if depends[name]:
                    inner.append(node)
            return depends[name]

        # The products of earlier regions stay in `nodes`, but a region starts after them.
        for earlier in self.replaced:
            depends[earlier] = False
        if not visit(input_node_name(end.input[0])):
            raise ValueError(f"the product {end.name} does not read the products of its layer")
        return inner

    def _copy(self, node: Any, branch: int, names: dict[str, str]) -> Any:
        """Add a copy of `node` that reads what `names` names instead; it becomes part of `names`."""
        copy = tf.compat.v1.NodeDef()
        copy.CopyFrom(node)
        copy.name = names[node.name] = f"{node.name}/branch_{branch}"
        for index, reference in enumerate(node.input):
            source, colon, output = reference.partition(":")
            copy.input[index] = names.get(source, source) + colon + output
        self.made[copy.name] = copy
        return copy

    def _read(self, reference: str) -> np.ndarray:
        return tf.make_ndarray(self.nodes[input_node_name(reference)].attr["value"].tensor)

    def _width(self, reference: str) -> int:
        """The last dimension of a constant; 0 for a scalar and for other nodes."""
        node = self.nodes.get(input_node_name(reference))
        if node is None or node.op not in ("Const", "HostConst"):
            return 0
        dimensions = node.attr["value"].tensor.tensor_shape.dim
        return dimensions[-1].size if dimensions else 0

    def _slice(self, reference: str, branch: int, axis: int) -> str:
        name = f"{input_node_name(reference)}/branch_{branch}"
        return self._put(name, reference, lambda value: np.split(value, self.branches, axis)[branch])

    def _narrow_shape(self, reference: str, branch: int) -> str:
        """The shape of a reshape to or from heads: (batch, length, heads, head size), or (-1, hidden size)."""
        node = self.nodes[input_node_name(reference)]
        name = f"{node.name}/branch_{branch}"
        if node.op == "Const":
            return self._put(name, reference, lambda shape: shape // [1, self.branches])
        if node.op != "Pack" or len(node.input) != 4:
            raise ValueError(f"the graph reshapes by {node.name}, which is not the shape of heads")
        heads = self._put(f"{node.name}/heads", node.input[2], lambda heads: heads // self.branches)
        if name not in self.made:
            self._copy(node, branch, {}).input[2] = heads
        return name

    def _put(self, name: str, reference: str, change: Any) -> str:
        """Add the constant `name`: what `change` makes of the constant `reference`."""
        if name not in self.made:
            source = self.nodes[input_node_name(reference)]
            value = np.asarray(change(self._read(reference)))
            node = tf.compat.v1.NodeDef(name=name, op=source.op)
            node.attr["dtype"].CopyFrom(source.attr["dtype"])
            tensor = node.attr["value"].tensor
            tensor.dtype = source.attr["dtype"].type
            for size in value.shape:
                tensor.tensor_shape.dim.add().size = size
            tensor.tensor_content = value.astype(self._read(reference).dtype).tobytes()
            self.made[name] = node
        return name

    def _add(self, end: Any, partial_sums: list[str]) -> None:
        """Let the node with the name of `end` add the outputs of the branches."""
        total = partial_sums[0]
        for index, other in enumerate(partial_sums[1:], 1):
            name = end.name if index == len(partial_sums) - 1 else f"{end.name}/sum_{index}"
            node = tf.compat.v1.NodeDef(name=name, op="AddV2", device=end.device)
            node.input.extend([total, other])
            node.attr["T"].type = tf_adapter.read_product_type(end)
            self.made[name], total = node, name

    def make_graph(self, graph: Any) -> Any:
        """Return `graph` with the replaced nodes, without constants that nobody reads any more."""
        kept = [node for node in graph.node if node.name not in self.replaced]
        read = _find_read([*kept, *self.made.values()])
        copy = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
        unread_before = {node.name for node in graph.node} - _find_read(graph.node)
        for node in (*kept, *self.made.values()):
            if node.name in read or node.name in unread_before:
                copy.node.add().CopyFrom(node)
        return copy


def _find_read(nodes: Iterable[Any]) -> set[str]:
    return {input_node_name(reference) for node in nodes for reference in node.input}
