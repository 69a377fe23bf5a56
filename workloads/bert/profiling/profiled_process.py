"""What `workloads.bert.profiling.profile` runs in a process of its own."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

PASSES_BEGIN, PASSES_END = "fairlap: passes begin", "fairlap: passes end"
"""Lines that mark the passes that count among oneDNN's lines on standard output."""

WARM_UP_PASSES = 2
"""Passes before the first that counts: TensorFlow rewrites the graph in the first, oneDNN reorders the weights."""


def run_passes(graph: str, inputs: str, threads: int, batch: int, repeats: int, mode: str) -> dict[str, Any]:
    """Run `repeats` passes over `batch` of the windows in `inputs` each.

    Returns `walls_ms`, the time of each pass, and in the mode `trace` also `operators`, see `_trace_operators`.
    """
    import numpy as np

    from workloads.bert.inference.session import InferenceSession
    from workloads.bert.model.forward import INPUT_NAMES

    engine = InferenceSession.load(Path(graph), threads)
    with np.load(inputs) as file:
        arrays = [file[name] for name in INPUT_NAMES]

    def feed(repeat: int) -> list[np.ndarray]:
        # From the first again where the windows run out: every batch is whole.
        rows = np.arange(repeat * batch, (repeat + 1) * batch) % len(arrays[0])
        return [array[rows] for array in arrays]

    for repeat in range(WARM_UP_PASSES):
        engine.run(*feed(repeat))
    feeds = [feed(repeat) for repeat in range(repeats)]
    print(f"\n{PASSES_BEGIN}", flush=True)
    report: dict[str, Any] = {"walls_ms": [_time_pass_ms(engine.run, given) for given in feeds]}
    if mode == "trace":
        report["operators"] = _trace_operators(engine.tf_session, feeds)
    print(PASSES_END, flush=True)
    return report


def _time_pass_ms(run: Callable[..., Any], given: list[Any]) -> float:
    began = time.perf_counter()
    run(*given)
    return (time.perf_counter() - began) * 1e3


def _trace_operators(session: Any, feeds: list[Any]) -> list[tuple[str, str, int, float]]:
    """(type, kind, calls, milliseconds) of the operators of all these passes, as TensorFlow's FULL_TRACE tells."""
    import tensorflow as tf

    from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES
    from workloads.bert.profiling import operators

    options = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
    calls: Counter[tuple[str, str]] = Counter()
    times: dict[tuple[str, str], float] = defaultdict(float)
    # The session prepares anew for a run of this kind: the first is for that alone.
    for repeat, given in enumerate([feeds[0], *feeds]):
        metadata = tf.compat.v1.RunMetadata()
        named = {f"{name}:0": array for name, array in zip(INPUT_NAMES, given, strict=True)}
        session.run([f"{name}:0" for name in OUTPUT_NAMES], named, options, metadata)
        for node in (node for device in metadata.step_stats.dev_stats for node in device.node_stats if repeat):
            # `name = Type(inputs)`.
            type = node.timeline_label.partition(" = ")[2].partition("(")[0] or "unknown"
            key = type, operators.classify_operator(type, node.node_name)
            calls[key] += 1
            times[key] += (node.op_end_rel_nanos - node.op_start_rel_nanos) / 1e6
    return [(*key, calls[key], times[key]) for key in calls]
