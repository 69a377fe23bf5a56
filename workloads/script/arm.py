"""The arm of a script: each repetition is one process of the script, stock or patched, without tracing."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.formatting import format_count, format_percent
from bench.system.prctl import adopt_orphans
from bench.values.arms import RacedInput
from bench.values.output import Picture, Table
from bench.values.quality import LossKind, Measure
from bench.values.samples import Evidence
from bench.workload.interface import Clock, ProgressReporter, Settings
from workloads.script.call_paths import Decision, decide_paths
from workloads.script.printed_output import (
    COMPARED_END_BYTES,
    MAX_LINE_CHARS,
    MAX_SHOWN_DIFFERENCES,
    NUMBER_TOLERANCE,
    OutputComparison,
    PrintedOutput,
    compare_outputs,
)
from workloads.script.script_call import read_call, require_unchanged
from workloads.script.script_process import ScriptProcess, require_success, run_script
from workloads.script.trace import (
    FALLBACK,
    LIBRARY,
    CallKey,
    CallTotals,
    Trace,
    make_trace_environment,
    read_trace,
)

STEP = "run"
OUTPUT_MEASURE = "equal_lines"
MAX_QUOTED_CALLS = 8
LOCK_INTERVAL_S = 0.05


class ScriptArm:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.patched = settings.lever == "sklearnex"
        self.output = PrintedOutput()

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        LIBRARY.require_version()
        adopt_orphans()
        self.call = read_call(self.settings)
        content, self.digest = self.call.read(), self.call.digest()
        self.command, self.environment = self.call.command(patched=self.patched), self.call.environment()
        progress("waiting for the other arm's first run")
        with _alone(self.call.script):
            progress("first run of the script")
            first = run_script(self.command, self.call, self.environment, end_bytes=COMPARED_END_BYTES)
        require_success(first, self.call, patched=self.patched)
        self.output.add(first.stdout, first.left_out)
        lines = format_count(content.count(b"\n") + (not content.endswith(b"\n")), "line")
        arguments = " ".join(self.call.arguments)
        return {
            "work": 1,
            "data": self.digest,
            "facts": {"script": str(self.call.script)},
            "inputs": [
                RacedInput(label="Script", text=f"{self.call.script.name}, {lines}"),
                *([RacedInput(label="Arguments", text=arguments)] if arguments else []),
            ],
            "first_call_s": {STEP: first.seconds},
            "call_s": {STEP: first.seconds},
        }

    def repeat(self, repetition: int, clock: Clock) -> None:
        clock.leave_out(lambda: require_unchanged(self.call, self.digest))
        process = ScriptProcess(self.command, self.call, self.environment, end_bytes=COMPARED_END_BYTES)
        try:
            clock(STEP, process.run_to_exit)
        finally:
            # The script has exited: what it left is ended, which takes up to a second, outside of its time.
            clock.leave_out(process.clean_up)
        run = process.make_result()
        require_success(run, self.call, patched=self.patched, ran_before=True)
        self.output.add(run.stdout, run.left_out)

    def evidence(self) -> list[Evidence]:
        """From one more run, which is traced, because the timed ones are not. That of the stock script shows whether it
        uses scikit-learn-intelex by itself."""
        folder = self.settings.scratch / f"trace-{time.monotonic_ns()}"
        folder.mkdir()
        environment = make_trace_environment(self.environment, folder, self.call.folder)
        with _alone(self.call.script):
            run = run_script(self.command, self.call, environment)
        require_success(run, self.call, patched=self.patched, ran_before=True)
        trace = read_trace(folder, run.pid)
        evidence = describe_trace(trace, run.seconds)
        if not self.patched and evidence.path == "stock":
            evidence = evidence.model_copy(update={"reason": "not patched"})
        return [evidence]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        require_unchanged(self.call, self.digest)
        self.output.save(self.settings.scratch)
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        comparison = compare_outputs(PrintedOutput.load(other), self.output)
        if comparison.why_not:
            return [_explain_no_comparison(comparison)], []
        equal = comparison.compared - len(comparison.differences)
        measure = Measure(
            name=OUTPUT_MEASURE,
            label="equal lines of output",
            value=100 * equal / comparison.compared,
            unit="%",
            decisive=True,
            loss=LossKind.EQUALITY,
            observations=comparison.compared,
            observation="line",
            selection=f"{comparison.selection}, numbers may differ by {format_percent(NUMBER_TOLERANCE, 0)}",
        )
        rows = [
            [number, one[:MAX_LINE_CHARS], other[:MAX_LINE_CHARS]]
            for number, one, other in comparison.differences[:MAX_SHOWN_DIFFERENCES]
        ]
        columns = ["line", "stock", "patched"]
        return [measure], [Table(name="output", label="Lines that differ", columns=columns, rows=rows)] if rows else []


def _explain_no_comparison(comparison: OutputComparison) -> Measure:
    """A measure that refuses the claim, because no equal number shows that both arms computed the same."""
    return Measure(
        name="comparable_lines",
        label="lines with a number that can be compared",
        value=0,
        bias=comparison.why_not,
        bias_remedy=comparison.remedy,
    )


@contextmanager
def _alone(script: Path) -> Iterator[None]:
    """Keep the other arm from running the script: both prepare and collect evidence at the same time, and two runs at
    once might write the same files."""
    descriptor = os.open(script, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(LOCK_INTERVAL_S)
            except OSError:
                break  # A file system without locks.
        yield
    finally:
        os.close(descriptor)


def describe_trace(trace: Trace, run_s: float) -> Evidence:
    """The evidence of a traced run that took `run_s` seconds."""
    decisions = decide_paths(trace)
    replaced = {key: decision for key, decision in decisions.items() if decision.ran != "stock"}
    # Calls that only make others have no path of their own.
    innermost = {key: decision for key, decision in replaced.items() if trace.calls[key].patched}
    calls = sum(trace.calls[key].calls for key in innermost)
    accelerated = sum(_count_accelerated_calls(trace.calls[key], decision) for key, decision in innermost.items())
    by_time = sorted(innermost, key=lambda key: -trace.calls[key].total_s)
    words = [_describe_call(key, innermost[key], trace, run_s) for key in by_time[:MAX_QUOTED_CALLS]]
    reasons = [
        f"{key[2][-1]}: {innermost[key].reason.rstrip('.')}" for key in by_time if innermost[key].ran != "accelerated"
    ]
    return Evidence(
        step=STEP,
        path="accelerated" if accelerated else "stock",
        words=words or ["no call of scikit-learn that scikit-learn-intelex replaces"],
        calls=calls,
        accelerated_calls=accelerated,
        reason="; ".join(dict.fromkeys(reasons))
        or ("" if accelerated else "it makes no call that scikit-learn-intelex accelerates"),
    )


def _count_accelerated_calls(totals: CallTotals, decision: Decision) -> int:
    """How many of the calls ran accelerated; of a partial path at least one, and not all."""
    if decision.ran == "accelerated":
        return totals.calls
    if decision.ran == "fallback":
        return 0
    reached = totals.calls_with_onedal or totals.calls - totals.count_messages(FALLBACK)
    return min(max(1, reached), max(1, totals.calls - 1))


def _describe_call(key: CallKey, decision: Decision, trace: Trace, run_s: float) -> str:
    file, line, path = key
    totals = trace.calls[key]
    place = f"{Path(file).name}:{line} " if file else ""
    share = "" if totals.in_workers else f", {format_percent(totals.total_s / run_s, 0)} of the run"
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{place}{path[-1]} {decision.ran}, {format_count(totals.calls, 'call')}{share}{reason}"
