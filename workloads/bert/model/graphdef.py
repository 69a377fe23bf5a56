"""TensorFlow's GraphDef: reading it from a file, and the names by which its nodes refer to each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workloads.bert.light_tensorflow import tf


def read_graph(file: Path) -> Any:
    """Return the GraphDef that `file` holds in serialized form. Raises protobuf's DecodeError if it holds none."""
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(file.read_bytes())
    return graph


def input_node_name(reference: str) -> str:
    """Return the name of the node that an entry of a node's `input` refers to.

    `^name` is a control dependency on the node `name`; `name:1` is its second output.
    """
    return reference.removeprefix("^").split(":")[0]
