"""A frozen graph, ready to answer: one TensorFlow session with its own number of threads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import graphdef
from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES


class InferenceSession:
    """Runs `graph`, a GraphDef from `INPUTS` to `OUTPUTS`, with `threads` threads."""

    def __init__(self, graph: Any, threads: int) -> None:
        # One operator at a time: BERT is a chain, and a second pool only takes cores from the first.
        options = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
        imported = tf.Graph()
        with imported.as_default():
            tf.import_graph_def(graph, name="")
        self.session = tf.compat.v1.Session(graph=imported, config=options)
        self.run = self.session.make_callable(
            [imported.get_tensor_by_name(f"{name}:0") for name in OUTPUT_NAMES],
            [imported.get_tensor_by_name(f"{name}:0") for name in INPUT_NAMES],
        )
        """From ids, mask and types, each int32 (batch, length), to the logits of start and end, (batch, length)."""

    @classmethod
    def load(cls, file: Path, threads: int) -> InferenceSession:
        """The graph that stands in `file`, a serialised GraphDef."""
        return cls(graphdef.read_graph(file), threads)

    def logits(self, windows: Windows, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Logits of start and end of all windows, each (windows, length), `batch` windows at a time."""
        parts = [self.run(*slice_inputs(windows, at, at + batch)) for at in range(0, len(windows), batch)]
        return np.concatenate([start for start, _ in parts]), np.concatenate([end for _, end in parts])

    def close(self) -> None:
        self.session.close()


def slice_inputs(windows: Windows, first: int, last: int) -> tuple[np.ndarray, ...]:
    """What the model is given for some of the windows, in the order of `INPUTS`."""
    feed = windows.feed(slice(first, last))
    return tuple(feed[name] for name in INPUT_NAMES)
