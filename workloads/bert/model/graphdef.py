"""TensorFlow's GraphDef: from a file, and the names by which its nodes read each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf


def read_graph(file: Path) -> Any:
    """The GraphDef whose serialisation is in `file`."""
    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(file.read_bytes())
    return graph


def input_node_name(read: str) -> str:
    """Name of the node behind an entry of another's `input`: `^name` waits for it, `name:1` is its second output."""
    return read.removeprefix("^").split(":")[0]
