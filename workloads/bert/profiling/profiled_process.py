"""The passes that `workloads.bert.profiling.profile` runs in a process of its own."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.system.cpu_time import thread_cpu_time_ns
from bench.system.thread_placement import (
    is_spread_better,
    may_be_packed,
    measure_active_ns,
    read_affinities,
    restore_affinities,
    spread_threads,
)

PASSES_BEGIN, PASSES_END = "fairlap: passes begin", "fairlap: passes end"
"""Lines on standard output, before and after the log of the passes that count."""


def run_passes(
    graph: str, inputs: str, threads: int, batch: int, warm_up: int, repeats: int, mode: str
) -> dict[str, Any]:
    """Run `repeats` passes, each over the next `batch` windows of the file `inputs` (NumPy's npz format).

    `warm_up` passes before them do not count; after them, threads that the kernel has packed on too few cores are
    spread, as in a race. `graph` is the file of a serialized GraphDef. Returns `walls_ms`, the time of each pass, and
    `used_cores`, their CPU time over their wall time; with the mode `trace` also `operators`, see `_trace_operators`.
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
    if warm_up and threads > 1:
        _spread_packed_threads(lambda: session.run(*make_batch(0)), sorted(os.sched_getaffinity(0))[:threads])
    batches = [make_batch(index) for index in range(repeats)]
    print(f"\n{PASSES_BEGIN}", flush=True)
    cpu_began_s = time.process_time()
    walls_ms = [_time_pass_ms(session.run, inputs) for inputs in batches]
    used_cores = (time.process_time() - cpu_began_s) * 1e3 / sum(walls_ms)
    report: dict[str, Any] = {"walls_ms": walls_ms, "used_cores": used_cores}
    if mode == "trace":
        report["operators"] = _trace_operators(session.tf_session, batches)
    print(PASSES_END, flush=True)
    return report


def _time_pass_ms(run: Callable[..., Any], inputs: list[Any]) -> float:
    began = time.perf_counter()
    run(*inputs)
    return (time.perf_counter() - began) * 1e3


def _spread_packed_threads(run: Callable[[], Any], cores: Sequence[int]) -> None:
    """Give each thread that works in `run` a core of its own, if that raises the effective cores."""
    threads_before = thread_cpu_time_ns()
    before = _measure_effective_cores(run)
    if not may_be_packed(before, len(cores)):
        return
    affinities = read_affinities()
    spread_threads(measure_active_ns(threads_before, thread_cpu_time_ns()), cores)
    if not is_spread_better(before, _measure_effective_cores(run)):
        restore_affinities(affinities)


def _measure_effective_cores(run: Callable[[], Any]) -> float:
    """CPU time of this process over wall time, in one call."""
    cpu_began_s, began = time.process_time(), time.perf_counter()
    run()
    return (time.process_time() - cpu_began_s) / (time.perf_counter() - began)


def _trace_operators(tf_session: Any, batches: list[list[Any]]) -> list[tuple[str, str, int, float]]:
    """Return (type, kind, calls, milliseconds) of the operators of all passes, from TensorFlow's FULL_TRACE."""
    from workloads.bert import tf_adapter
    from workloads.bert.light_tensorflow import tf
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
