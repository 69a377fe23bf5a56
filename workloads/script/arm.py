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
    MAX_LINE_CHARS,
    MAX_SHOWN_DIFFERENCES,
    NUMBER_TOLERANCE,
    PrintedOutput,
    compare_outputs,
)
from workloads.script.script_call import read_call
from workloads.script.script_process import ScriptRun, require_success, run_script
from workloads.script.trace import LIBRARY, CallKey, Trace, make_trace_environment, read_trace

STEP = "run"
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
        content = self.call.read()
        self.command, self.environment = self.call.command(patched=self.patched), self.call.environment()
        progress("waiting for the other arm's first run")
        with _alone(self.call.script):
            progress("first run of the script")
            first = self._run()
        self.output.add(first.stdout)
        lines = format_count(content.count(b"\n") + (not content.endswith(b"\n")), "line")
        arguments = " ".join(self.call.arguments)
        return {
            "work": 1,
            "data": self.call.digest(),
            "facts": {"script": str(self.call.script)},
            "inputs": [
                RacedInput(label="Script", text=f"{self.call.script.name}, {lines}"),
                *([RacedInput(label="Arguments", text=arguments)] if arguments else []),
            ],
            "first_call_s": {STEP: first.seconds},
            "call_s": {STEP: first.seconds},
        }

    def repeat(self, repetition: int, clock: Clock) -> None:
        run = clock(STEP, self._run)
        self.output.add(run.stdout)

    def _run(self) -> ScriptRun:
        """One run of the script. Raises BadInput if it fails."""
        run = run_script(self.command, self.call, self.environment)
        require_success(run, self.call, patched=self.patched)
        return run

    def evidence(self) -> list[Evidence]:
        """From one more run, which is traced, because the timed ones are not. That of the stock script shows whether it
        uses scikit-learn-intelex by itself."""
        folder = self.settings.scratch / f"trace-{time.monotonic_ns()}"
        folder.mkdir()
        environment = make_trace_environment(self.environment, folder, self.call.folder)
        with _alone(self.call.script):
            run = run_script(self.command, self.call, environment)
        require_success(run, self.call, patched=self.patched)
        trace = read_trace(folder, run.pid)
        evidence = _describe_trace(trace, run.seconds)
        if not self.patched and evidence.path == "stock":
            evidence = evidence.model_copy(update={"reason": "not patched"})
        return [evidence]

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        self.output.save(self.settings.scratch)
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        comparison = compare_outputs(PrintedOutput.load(other), self.output)
        if comparison.why_not:
            note = f"The results cannot be compared: {comparison.why_not}."
            return [], [Table(name="output", label="Output of the script", columns=["note"], rows=[[note]])]
        equal = comparison.compared - len(comparison.differences)
        measure = Measure(
            name="equal_lines",
            label="equal lines of output",
            value=100 * equal / comparison.compared,
            unit="%",
            decisive=True,
            loss=LossKind.EQUALITY,
            observations=comparison.compared,
            observation="line",
            selection=f"the same in every run; numbers may differ by {format_percent(NUMBER_TOLERANCE, 0)}",
        )
        rows = [
            [str(number), one[:MAX_LINE_CHARS], other[:MAX_LINE_CHARS]]
            for number, one, other in comparison.differences[:MAX_SHOWN_DIFFERENCES]
        ]
        columns = ["line", "stock", "patched"]
        return [measure], [Table(name="output", label="Lines that differ", columns=columns, rows=rows)] if rows else []


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


def _describe_trace(trace: Trace, run_s: float) -> Evidence:
    decisions = decide_paths(trace)
    replaced = {key: decision for key, decision in decisions.items() if decision.ran != "stock"}
    # Calls that only make others have no path of their own.
    innermost = {key: decision for key, decision in replaced.items() if trace.calls[key].patched}
    accelerated = sum(trace.calls[key].calls for key, decision in innermost.items() if decision.ran == "accelerated")
    partial = any(decision.ran == "partial" for decision in innermost.values())
    by_time = sorted(innermost, key=lambda key: -trace.calls[key].total_s)
    words = [_describe_call(key, innermost[key], trace, run_s) for key in by_time[:MAX_QUOTED_CALLS]]
    others = [key for key, decision in innermost.items() if decision.ran == "fallback"]
    return Evidence(
        step=STEP,
        path="accelerated" if accelerated or partial else "stock",
        words=words or ["no call of scikit-learn that scikit-learn-intelex replaces"],
        calls=sum(trace.calls[key].calls for key in innermost),
        accelerated_calls=accelerated,
        reason=""
        if accelerated or partial
        else "; ".join(f"{key[2][-1]}: {decisions[key].reason}" for key in others)
        or "it makes no call that scikit-learn-intelex accelerates",
    )


def _describe_call(key: CallKey, decision: Decision, trace: Trace, run_s: float) -> str:
    file, line, path = key
    totals = trace.calls[key]
    place = f"{Path(file).name}:{line} " if file else ""
    share = "" if totals.in_workers else f", {format_percent(totals.total_s / run_s, 0)} of the run"
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{place}{path[-1]} {decision.ran}, {format_count(totals.calls, 'call')}{share}{reason}"
