"""Inference with a frozen graph: a TensorFlow session with its own number of threads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from workloads.bert import tf_adapter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import graphdef
from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES


class InferenceSession:
    """Runs `graph`, a GraphDef from `INPUT_NAMES` to `OUTPUT_NAMES`, with `threads` threads (0: one for each core)."""

    def __init__(self, graph: Any, threads: int) -> None:
        # One operator at a time: BERT is a chain of operators, and a second pool would only compete for the cores.
        options = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
        _limit_rewriting(options.graph_options.rewrite_options, graph)
        imported = tf.Graph()
        with imported.as_default():
            tf.import_graph_def(graph, name="")
        self.tf_session = tf.compat.v1.Session(graph=imported, config=options)
        self.run: Callable[..., tuple[np.ndarray, np.ndarray]] = self.tf_session.make_callable(
            [imported.get_tensor_by_name(f"{name}:0") for name in OUTPUT_NAMES],
            [imported.get_tensor_by_name(f"{name}:0") for name in INPUT_NAMES],
        )
        """Takes ids, mask and types, each int32 of shape (batch, length); returns the logits of start and end, each
        float32 of shape (batch, length)."""

    @classmethod
    def load(cls, file: Path, threads: int) -> InferenceSession:
        """Return a session for the serialized GraphDef in `file`."""
        return cls(graphdef.read_graph(file), threads)

    def compute_logits(self, windows: Windows, batch: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the logits of start and end, each float32 of shape (windows, length), `batch` windows at a time."""
        parts = [self.run(*slice_inputs(windows, first, first + batch)) for first in range(0, len(windows), batch)]
        return np.concatenate([start for start, _ in parts]), np.concatenate([end for _, end in parts])

    def close(self) -> None:
        self.tf_session.close()


def _limit_rewriting(options: Any, graph: Any) -> None:
    """Leave out the passes of TensorFlow's graph optimizer (Grappler) that take seconds and change nothing here.

    They run in the first call, and most of them copy all weights.
    """
    # A fused graph has all its fusions already (`model.fusion`), and weights of the right type.
    options.disable_meta_optimizer = tf_adapter.is_fused(graph)
    # For other graphs: passes for functions and control flow, of which a frozen graph has none, and for the memory of
    # accelerators. The second iteration finds nothing that the first has left.
    options.disable_tfg_optimizer = True
    options.memory_optimization = options.NO_MEM_OPT
    options.meta_optimizer_iterations = options.ONE


def slice_inputs(windows: Windows, first: int, last: int) -> tuple[np.ndarray, ...]:
    """Return the inputs of the windows `first` to `last - 1`, in the order of `INPUT_NAMES`."""
    feed = windows.feed(slice(first, last))
    return tuple(feed[name] for name in INPUT_NAMES)
