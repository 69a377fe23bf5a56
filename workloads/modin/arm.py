"""The arm of pandas to Modin: calls on a table, each timed until its result is computed.

Modules that import pandas are imported in functions, after Ray has been started: its workers then start meanwhile.
"""

from __future__ import annotations

import json
import statistics
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench.formatting import format_count, format_duration
from bench.values.output import Picture, Table
from bench.values.quality import LossKind, Measure
from bench.values.samples import Evidence
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from bench.workload.warm_calls import time_warm_call
from workloads.modin import call_report
from workloads.modin.calls import Call, select_calls
from workloads.modin.engines import errors, factory
from workloads.modin.engines.base import CallExecution
from workloads.modin.engines.pandas_engine import PandasEngine
from workloads.modin.space_check import require_synthetic_space

MAX_STORING_S = 240.0
"""Time after which no further result is stored. Meanwhile the other arm is stopped, and Ray's processes must not be
stopped for longer than `ray_engine.MAX_PAUSE_MS`; one call more may take up to the workload's `limits.sample_s`."""
TIMES_FILE = "times.json"
"""In the scratch folder: an arm's engine and times, as `_Times` in JSON."""


class DataFrameCalls:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calls = select_calls(settings.case, settings.parameters)
        self.return_times_s: dict[str, list[float]] = {call.name: [] for call in self.calls}
        """By call: time of each execution in the pairs, with first pairs that do not count, until the call returned."""
        self.result_times_s: dict[str, list[float]] = {call.name: [] for call in self.calls}
        """By call: time of each of these executions until the result was computed."""
        self.in_race = False
        """Whether the present repetition is one of a pair."""

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        self.progress = progress
        self._start_engine_and_load_files()
        from workloads.modin import call_inputs, raced_table

        progress("reading the table")
        out = self.settings.scratch / "out"
        out.mkdir(exist_ok=True)
        with self.engine.translate_errors():
            self.inputs = call_inputs.build_call_inputs(self.files, self.engine, out, self.settings.seed)
            self._execute_first_calls()
        slow_rows = len(self.inputs.few)
        return {
            "work": self.files.rows,
            "step_work": {
                call.name: slow_rows for call in self.calls if call.on == "few" and slow_rows != self.files.rows
            },
            "data": self.files.digest,
            "facts": self.engine.facts | raced_table.describe_table(self.files, self.inputs.array.shape[1]),
            "inputs": raced_table.list_inputs(self.settings, self.files),
            "synthetic": "numbers generated from a seed" if self._is_synthetic else "",
            "service": self.engine.external_service,
            "first_call_s": {name: execution.first_s for name, execution in self.first_executions.items()},
            "call_s": self.call_s,
        }

    @property
    def _is_synthetic(self) -> bool:
        return self.settings.parameters["file"] == "synthetic"

    def _start_engine_and_load_files(self) -> None:
        """Start the engine as soon as the size of the table is known, because Ray's workers need some seconds.

        Meanwhile this process imports pandas and reads the files, or waits for the arm that writes them.
        """
        if self._is_synthetic:
            parameters, cache = self.settings.parameters, self.settings.cache
            kind, columns = str(parameters["kind"]), int(parameters["columns"])
            self._start_engine(require_synthetic_space(kind, self.settings.batch, columns, cache))
        from workloads.modin import raced_table

        self.files = raced_table.load_files(self.settings, self.progress)
        if not self._is_synthetic:
            self._start_engine(self.files.frame_bytes)

    def _start_engine(self, frame_bytes: int) -> None:
        self.engine = factory.start_engine(
            self.settings.lever,
            self.settings.cores,
            frame_bytes,
            self.settings.scratch,
            self.progress,
            use_existing_cluster=self.settings.parameters["cluster"] == "existing",
        )

    def _execute_first_calls(self) -> None:
        """Execute each call before the race: to see how it is executed, and to time it."""
        self.first_executions: dict[str, CallExecution] = {}
        self.call_s: dict[str, float] = {}
        for call in self._list_calls("first calls"):
            table = getattr(self.inputs, call.on)
            with self._explain_failure(call):
                result, execution = self.engine.observe(lambda call=call: call.run(self.inputs), table)
            self.first_executions[call.name] = execution
            del result
            self.call_s[call.name] = time_warm_call(
                partial(self._execute, call),
                execution.first_s,
                self.engine.raise_failure,
                works_in_process=not self.engine.service,
            )

    def _store_results(self) -> None:
        """Execute each call once more, after the pairs, and store its result, or why it cannot be compared.

        Fetching and writing results before the pairs would delay them.
        """
        from workloads.modin import results

        self.in_race = False
        began = time.monotonic()
        for call in self._list_calls("storing the results"):
            if time.monotonic() - began > MAX_STORING_S:
                reason = (
                    f"storing the results of other calls took more than {MAX_STORING_S:g} s; choose fewer rows or calls"
                )
                results.store_obstacle(reason, self._result_file(call))
            else:
                self._store_result(call)

    def _store_result(self, call: Call) -> None:
        from workloads.modin import results

        with self._explain_failure(call):
            result = self._execute(call)
            self.engine.raise_failure(result)
        try:
            comparable = self.engine.to_pandas(result)
            results.store_result(comparable, call.order, self.inputs.key, self._result_file(call))
        except errors.CALL_ERRORS as error:
            # The call has worked, so its times count.
            traceback.print_exception(error)
            reason = f"its result cannot be fetched and stored: {errors.summarize_error(error)}"
            results.store_obstacle(reason, self._result_file(call))

    def _list_calls(self, activity: str) -> Iterator[Call]:
        """The calls, one after the other, each reported with the `activity` that it is needed for."""
        for number, call in enumerate(self.calls):
            self.progress(f"{activity}: {call.code}", number / len(self.calls))
            yield call

    @contextmanager
    def _explain_failure(self, call: Call) -> Iterator[None]:
        """Replaces the errors of a call that does not work on the table by BadInput."""
        try:
            yield
        except errors.CALL_ERRORS as error:
            raise self._make_failure(call, error) from error

    def _make_failure(self, call: Call, error: Exception) -> BadInput:
        """The error for a call that failed. If pandas can execute it on this table, the table is not to blame."""
        text = errors.summarize_error(error)
        if not self.engine.service:
            return BadInput(f"{call.code} does not work on this table: {text}", "Choose other calls, or another table.")
        from workloads.modin import call_inputs

        self.progress(f"{call.code} failed: trying it with pandas")
        modin = f"Modin on {self.engine.service}"
        out = self.settings.scratch / "out-pandas"
        out.mkdir(exist_ok=True)
        try:
            call.run(call_inputs.build_call_inputs(self.files, PandasEngine(self.progress), out, self.settings.seed))
        except errors.CALL_ERRORS as pandas_error:
            reason = errors.summarize_error(pandas_error)
            return BadInput(
                f"{call.code} does not work on this table, neither in pandas ({reason}) nor in {modin} ({text})",
                "Choose other calls, or another table.",
            )
        return BadInput(
            f"{call.code} works on this table in pandas and fails in {modin}: {text}",
            "Choose calls without it, or another table. Modin cannot replace pandas for this call and these rows.",
        )

    def _result_file(self, call: Call) -> Path:
        return self.settings.scratch / f"{call.name}.result"

    def repeat(self, repetition: int, clock: Clock) -> None:
        self.in_race = clock.in_race
        with self.engine.translate_errors():
            for call in self.calls:
                # Errors are raised, and the result is freed, outside the clock.
                self.engine.raise_failure(clock(call.name, lambda call=call: self._execute(call)))

    def _execute(self, call: Call) -> Any:
        started = time.perf_counter()
        result = call.run(self.inputs)
        returned_s = time.perf_counter() - started
        self.engine.wait(result)
        if self.in_race:
            self.return_times_s[call.name].append(returned_s)
            self.result_times_s[call.name].append(time.perf_counter() - started)
        return result

    def evidence(self) -> list[Evidence]:
        return [self._call_evidence(call) for call in self.calls]

    def _call_evidence(self, call: Call) -> Evidence:
        call_count, execution = len(self.result_times_s[call.name]), self.first_executions[call.name]
        if self.settings.lever == "pandas":
            return Evidence(step=call.name, path="stock", words=["pandas, in one process"], calls=call_count)
        words = call_report.describe_execution(execution, self.engine)
        if call.on == "few":
            words.insert(0, f"the first {len(self.inputs.few):,} rows")
        return_times_s, result_times_s = self.return_times_s[call.name], self.result_times_s[call.name]
        if call_count:
            words.append(
                f"in {format_count(call_count, 'call')}, with those of first pairs that do not count: returned after "
                f"{format_duration(statistics.median(return_times_s))}, "
                f"result after {format_duration(statistics.median(result_times_s))}"
            )
        defaulted = bool(execution.default_warnings)
        return Evidence(
            step=call.name,
            path="stock" if defaulted else "accelerated",
            words=words,
            calls=call_count,
            accelerated_calls=0 if defaulted else call_count,
            reason="defaulted to pandas" if defaulted else "",
            # A call that only passes references computes nothing that a clock could time.
            materialised=not (execution.passes_references or call.excluded_from_total),
            returned_s=statistics.median(return_times_s) if return_times_s else None,
        )

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        with self.engine.translate_errors():
            self._store_results()
        times = {
            "engine": self.settings.lever,
            "result_s": {name: statistics.median(times) for name, times in self.result_times_s.items() if times},
            "first_s": {name: execution.first_s for name, execution in self.first_executions.items()},
            "start_s": self.engine.start_s,
        }
        (self.settings.scratch / TIMES_FILE).write_text(json.dumps(times))
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        from workloads.modin import results

        baseline_times = json.loads((other / TIMES_FILE).read_text())
        measures: list[Measure] = []
        equality_rows: list[list[str]] = []
        for call in self.calls:
            files = other / self._result_file(call).name, self._result_file(call)
            if obstacle := results.find_obstacle(*files):
                # Without a measure the call counts as not compared, so that it gets no claim.
                equality_rows.append([call.code, "nothing", f"not compared: {obstacle}"])
                continue
            difference = results.find_difference(*files)
            measures.append(
                Measure(
                    name=f"equal-{call.name}",
                    label=f"{call.code}: equal results",
                    value=0.0 if difference else 100.0,
                    unit="%",
                    decisive=True,
                    loss=LossKind.EQUALITY,
                    step=call.name,
                )
            )
            comparison = results.describe_comparison(self._result_file(call), call.order)
            equality_rows.append([call.code, comparison, difference or "equal"])
        tables: list[Table | None] = []
        # What Modin costs in addition to pandas, and why a call may be slower, makes sense only if pandas is the
        # baseline.
        if self.engine.service and baseline_times["engine"] == "pandas":
            measures.append(self._measure_start(baseline_times))
            tables.append(self._report_calls(baseline_times))
        tables.append(
            Table(
                name="equality",
                label="Results of both arms, compared by pandas.testing with a relative tolerance of "
                f"{results.RELATIVE_TOLERANCE:g}",
                columns=["call", "compared", "found"],
                rows=equality_rows,
            )
        )
        with self.engine.translate_errors():
            tables.append(self.engine.describe_nodes())
        return measures, [table for table in tables if table is not None]

    def _measure_start(self, baseline_times: dict[str, Any]) -> Measure:
        """Time that Modin needs once, in addition to what pandas needs: its start, and what each first call takes
        longer than a later one. Negative if the first calls of pandas take even longer."""
        seconds = self.engine.start_s - baseline_times["start_s"]
        for call in self.calls:
            ours = self.first_executions[call.name].first_s - statistics.median(self.result_times_s[call.name])
            theirs = baseline_times["first_s"][call.name] - baseline_times["result_s"][call.name]
            seconds += ours - theirs
        label = "start-up and first calls, in addition to those of pandas"
        return Measure(name="start", label=label, value=seconds, unit="s", higher_is_better=False)

    def _report_calls(self, baseline_times: dict[str, Any]) -> Table:
        return Table(
            name="calls",
            label="How Modin executed each call",
            columns=call_report.COLUMNS,
            rows=[
                call_report.make_row(
                    call,
                    self.first_executions[call.name],
                    self.engine,
                    baseline_first_s=baseline_times["first_s"][call.name],
                    baseline_s=baseline_times["result_s"].get(call.name),
                )
                for call in self.calls
            ],
        )
