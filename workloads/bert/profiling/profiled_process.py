"""The passes that `workloads.bert.profiling.profile` runs in a process of its own."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

PASSES_BEGIN, PASSES_END = "fairlap: passes begin", "fairlap: passes end"
"""Lines on standard output, before and after the log of the passes that count."""


def run_passes(
    graph: str, inputs: str, threads: int, batch: int, warm_up: int, repeats: int, mode: str
) -> dict[str, Any]:
    """Run `repeats` passes, each over the next `batch` windows of the file `inputs` (NumPy's npz format).

    `warm_up` passes before them do not count. `graph` is the file of a serialized GraphDef. Returns `walls_ms`, the
    time of each pass; with the mode `trace` also `operators`, see `_trace_operators`.
    """
    import numpy as np

    from workloads.bert.inference.session import InferenceSession
    from workloads.bert.model.forward import INPUT_NAMES

    session = InferenceSession.load(Path(graph), threads)
    with np.load(inputs) as file:
        arrays = [file[name] for name in INPUT_NAMES]

    def make_batch(index: int) -> list[np.ndarray]:
        # After the last window the first follows, so that every batch is complete.
        rows = np.arange(index * batch, (index + 1) * batch) % len(arrays[0])
        return [array[rows] for array in arrays]

    for index in range(warm_up):
        session.run(*make_batch(index))
    batches = [make_batch(index) for index in range(repeats)]
    print(f"\n{PASSES_BEGIN}", flush=True)
    report: dict[str, Any] = {"walls_ms": [_time_pass_ms(session.run, inputs) for inputs in batches]}
    if mode == "trace":
        report["operators"] = _trace_operators(session.tf_session, batches)
    print(PASSES_END, flush=True)
    return report


def _time_pass_ms(run: Callable[..., Any], inputs: list[Any]) -> float:
    began = time.perf_counter()
    run(*inputs)
    return (time.perf_counter() - began) * 1e3


def _trace_operators(tf_session: Any, batches: list[list[Any]]) -> list[tuple[str, str, int, float]]:
    """Return (type, kind, calls, milliseconds) of the operators of all passes, from TensorFlow's FULL_TRACE."""
    import tensorflow as tf

    from workloads.bert import tf_adapter
    from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES
    from workloads.bert.profiling.operator_kinds import classify_operator

    options = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
    calls: Counter[tuple[str, str]] = Counter()
    times_ms: dict[tuple[str, str], float] = defaultdict(float)

    def trace(inputs: list[Any]) -> Any:
        metadata = tf.compat.v1.RunMetadata()
        feed = {f"{name}:0": array for name, array in zip(INPUT_NAMES, inputs, strict=True)}
        tf_session.run([f"{name}:0" for name in OUTPUT_NAMES], feed, options, metadata)
        return metadata

    # TensorFlow prepares the graph again for runs with a trace: the first of them does not count.
    trace(batches[0])
    for inputs in batches:
        for operator, node_name, ms in tf_adapter.read_trace(trace(inputs)):
            key = operator, classify_operator(operator, node_name)
            calls[key] += 1
            times_ms[key] += ms
    return [(*key, calls[key], times_ms[key]) for key in calls]
