"""Small placeholders for the large constants of a graph, so that copies of the graph are cheap.

Each of Neural Compressor's forty or so passes copies the graph with all its weights several times. On a graph with
placeholders ("stand-ins") these copies take almost no time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from workloads.bert.light_tensorflow import tf

MIN_STAND_IN_BYTES = 16 * 1024
"""Smaller constants get no stand-in: copying them is cheap, and Neural Compressor reads some of them directly."""
VALUE_FIELDS = {tf.float32.as_datatype_enum: "float_val", tf.qint8.as_datatype_enum: "int_val"}
"""The types that get stand-ins, and the field of a TensorProto with the values of each."""


class StandIns:
    """Large tensors and their stand-ins.

    A stand-in is a TensorProto of the same type and shape. TensorFlow allows a TensorProto to state one value for all
    elements; here this value is the number of the tensor, from 1. Equal tensors share a number, so that a comparison
    of two constants still works.
    """

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        """TensorProtos; the one with the number n has the index n - 1."""
        self._numbers: dict[bytes, int] = {}

    def put(self, tensor: Any) -> Any:
        """Return the stand-in of a TensorProto, or `tensor` itself if it is too small or of another type."""
        if tensor.dtype not in VALUE_FIELDS or tensor.ByteSize() < MIN_STAND_IN_BYTES:
            return tensor
        data = tensor.SerializeToString(deterministic=True)
        # Not from 0: TensorFlow writes a tensor of zeros as one without values.
        number = self._numbers.setdefault(hashlib.sha256(data).digest(), len(self.tensors) + 1)
        tensor_proto = type(tensor)
        if number > len(self.tensors):
            self.tensors.append(tensor_proto.FromString(data))
        stand_in = tensor_proto(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape)
        getattr(stand_in, VALUE_FIELDS[tensor.dtype]).append(number)
        return stand_in

    def get(self, tensor: Any) -> Any:
        """Return the tensor that `tensor` stands for, or `tensor` itself if it is not a stand-in."""
        if tensor.tensor_content or tensor.dtype not in VALUE_FIELDS:
            return tensor
        values = getattr(tensor, VALUE_FIELDS[tensor.dtype])
        if len(values) != 1 or values[0] not in range(1, len(self.tensors) + 1):
            return tensor
        original = self.tensors[int(values[0]) - 1]
        # A small constant may be 3.0 as well, but it does not have the type and the shape of the third large tensor.
        is_stand_in = original.dtype == tensor.dtype and original.tensor_shape == tensor.tensor_shape
        return original if is_stand_in else tensor

    def replace_all(self, graph: Any) -> Any:
        """Return a copy of a GraphDef with stand-ins. The large tensors themselves are never copied into it."""
        return _map_constants(graph, self.put)

    def restore_all(self, graph: Any) -> Any:
        """Return a copy of a GraphDef with the original tensors in place of stand-ins."""
        return _map_constants(graph, self.get)


def _map_constants(graph: Any, replace: Callable[[Any], Any]) -> Any:
    copy = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        new = copy.node.add()
        if node.op != "Const":
            new.CopyFrom(node)
            continue
        new.name, new.op, new.device = node.name, node.op, node.device
        new.input.extend(node.input)
        for name, value in node.attr.items():
            if name == "value":
                new.attr[name].tensor.CopyFrom(replace(value.tensor))
            else:
                new.attr[name].CopyFrom(value)
    return copy
