"""How Modin executed a call, as text: for the evidence, and for the table of calls."""

from __future__ import annotations

from bench.formatting import format_bytes, format_duration
from workloads.modin.calls import Call
from workloads.modin.engines.base import CallExecution, Engine

COLUMNS = [
    "step",
    "first call",
    "first call of the baseline",
    "partitions",
    "workers",
    "stored",
    "defaulted",
    "why it may be slower",
]
MIN_PARALLEL_S = 0.01
"""A call that takes pandas less time is too short to be divided among workers."""
MIN_NOTABLE_BYTES = 16 << 20
"""Stored bytes from which storing counts as a cause of slowness."""


def describe_execution(execution: CallExecution, engine: Engine) -> list[str]:
    """Partitions, workers, stored bytes and warnings of a call."""
    return [
        f"{execution.partition_rows} × {execution.partition_columns} partitions (rows × columns)",
        f"{execution.active_workers} active {engine.service} workers, "
        f"{execution.worker_cpu_s:.2f} s of CPU time in the first call",
        f"{format_bytes(execution.stored_bytes)} {engine.stored_label}",
        *execution.default_warnings,
    ]


def make_row(
    call: Call, execution: CallExecution, engine: Engine, *, baseline_first_s: float, baseline_s: float | None
) -> list[str]:
    """The row of a call in a table with COLUMNS.

    `baseline_first_s` is the time of the baseline's first call, `baseline_s` its median; None if there is none.
    """
    return [
        call.name,
        format_duration(execution.first_s),
        format_duration(baseline_first_s),
        f"{execution.partition_rows} × {execution.partition_columns}",
        str(execution.active_workers),
        format_bytes(execution.stored_bytes),
        "yes" if execution.default_warnings else "no",
        ", ".join(_list_causes(call, execution, engine, baseline_s)),
    ]


def _list_causes(call: Call, execution: CallExecution, engine: Engine, baseline_s: float | None) -> list[str]:
    """Observations that can make the call slower than with pandas, the most likely cause first."""
    causes = []
    if execution.passes_references or call.excluded_from_total:
        causes.append("passes references only")
    if execution.default_warnings:
        causes.append("defaulted to pandas")
    if baseline_s is not None and baseline_s < MIN_PARALLEL_S:
        causes.append(f"too short: pandas takes less than {format_duration(MIN_PARALLEL_S)}")
    if execution.partition_rows * execution.partition_columns == 1:
        causes.append("one partition")
    elif execution.active_workers <= 1:
        causes.append("only one active worker")
    if execution.started_workers:
        causes.append(f"starts {execution.started_workers} process{'es' * (execution.started_workers > 1)}")
    if call.shuffles:
        causes.append("shuffle: rows of different partitions are brought together")
    if execution.stored_bytes > MIN_NOTABLE_BYTES:
        causes.append(f"{format_bytes(execution.stored_bytes)} {engine.stored_label}")
    return causes or ["cost of tasks and partitions"]
