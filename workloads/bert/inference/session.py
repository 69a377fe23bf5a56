"""Inference with a frozen graph: a TensorFlow session with its own number of threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from workloads.bert import tf_adapter
from workloads.bert.inference.batches import BatchedSession
from workloads.bert.inference.logits import Logits
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import graphdef, head_split
from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES


class InferenceSession(BatchedSession):
    """Runs `graph`, a GraphDef from `INPUT_NAMES` to `OUTPUT_NAMES`, with `threads` threads (0: one for each core).

    With `batch_parts` of at least 2, each call computes so many parts of its batch at the same time, each with one
    thread. A graph of `head_split.split_heads` runs with one thread for each branch. Otherwise TensorFlow splits each
    operator among the threads.
    """

    def __init__(self, graph: Any, threads: int, batch_parts: int = 1) -> None:
        branches = min(threads, head_split.count_branches(graph)) if threads and batch_parts == 1 else 1
        # Without branches one operator at a time: BERT is a chain of operators, and a second pool would only compete.
        options = tf.compat.v1.ConfigProto(
            intra_op_parallelism_threads=1 if max(batch_parts, branches) > 1 else threads,
            inter_op_parallelism_threads=branches,
            use_per_session_threads=True,
        )
        if batch_parts > 1:
            # The thread that calls runs the operators, and wakes no other one for it. Such runs cannot be traced.
            options.experimental.executor_type = "SINGLE_THREADED_EXECUTOR"
        _limit_rewriting(options.graph_options.rewrite_options, graph)
        imported = tf.Graph()
        with imported.as_default():
            tf.import_graph_def(graph, name="")
        self.tf_session = tf.compat.v1.Session(graph=imported, config=options)
        self._run_part: Callable[..., Logits] = self.tf_session.make_callable(
            [imported.get_tensor_by_name(f"{name}:0") for name in OUTPUT_NAMES],
            [imported.get_tensor_by_name(f"{name}:0") for name in INPUT_NAMES],
        )
        self._batch_parts = batch_parts
        # The calling thread computes a part as well.
        self._helpers = ThreadPoolExecutor(batch_parts - 1, "batch-part") if batch_parts > 1 else None

    @classmethod
    def load(cls, file: Path, threads: int, batch_parts: int = 1) -> InferenceSession:
        """Return a session for the serialized GraphDef in `file`."""
        return cls(graphdef.read_graph(file), threads, batch_parts)

    def run(self, input_ids: np.ndarray, attention_mask: np.ndarray, token_type_ids: np.ndarray) -> Logits:
        inputs = input_ids, attention_mask, token_type_ids
        parts = min(self._batch_parts, len(input_ids))
        if self._helpers is None or parts == 1:
            return self._run_part(*inputs)
        first, *others = zip(*(np.array_split(array, parts) for array in inputs), strict=True)
        running = [self._helpers.submit(self._run_part, *part) for part in others]
        logits = [self._run_part(*first), *(part.result() for part in running)]
        return np.concatenate([start for start, _ in logits]), np.concatenate([end for _, end in logits])

    def close(self) -> None:
        if self._helpers is not None:
            self._helpers.shutdown()
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
