"""The arm of pandas to Modin: calls on a table, each timed until its result is computed."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from bench.formatting import format_bytes, format_duration
from bench.values import Evidence, LossKind, Measure, Picture, Table
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from workloads.modin import call_inputs, call_report, dataset, dataset_cache, results
from workloads.modin.calls import Call, select_calls
from workloads.modin.engines import errors, factory
from workloads.modin.engines.base import CallExecution

TIMES_FILE = "times.json"
"""In the scratch folder: an arm's engine and times, as `_Times` in JSON."""


class DataFrameCalls:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calls = select_calls(settings.case, settings.parameters)
        self.return_times_s: dict[str, list[float]] = {call.name: [] for call in self.calls}
        """By call: time of each execution in the race until the call returned."""
        self.result_times_s: dict[str, list[float]] = {call.name: [] for call in self.calls}
        """By call: time of each execution in the race until the result was computed."""
        self.in_race = False
        """Whether the present repetition is one of the race."""

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        file = str(self.settings.parameters["file"])
        self.files = self._load_files(file, progress)
        self.engine = factory.start_engine(
            self.settings.lever,
            self.settings.cores,
            self.files.frame_bytes,
            self.settings.scratch,
            progress,
            use_existing_cluster=self.settings.parameters["cluster"] == "existing",
        )
        progress("reading the table")
        out = self.settings.scratch / "out"
        out.mkdir(exist_ok=True)
        with self.engine.translate_errors():
            self.inputs = call_inputs.build_call_inputs(self.files, self.engine, out, self.settings.seed)
            self._execute_first_calls(progress)
        slow_rows = len(self.inputs.few)
        return {
            "work": self.files.rows,
            "step_work": {
                call.name: slow_rows for call in self.calls if call.on == "few" and slow_rows != self.files.rows
            },
            "data": self.files.digest,
            "facts": self.engine.facts | self._table_facts(),
            "synthetic": "numbers generated from a seed" if file == "synthetic" else "",
            "service": self.engine.external_service,
            "first_call_done": True,
        }

    def _table_facts(self) -> dict[str, str]:
        csv_size, parquet_size = (format_bytes(file.stat().st_size) for file in (self.files.csv, self.files.parquet))
        return {
            "table": f"{self.files.rows:,} rows, {self.files.columns} columns, {self.inputs.array.shape[1]} of them "
            f"numeric, {format_bytes(self.files.frame_bytes)} as a DataFrame",
            "files": f"CSV {csv_size}, Parquet {parquet_size} in groups of {dataset_cache.ROWS_PER_CHUNK:,} rows",
            "layout": "in both arms, frames are read from the Parquet file, and arrays are in C order",
        }

    def _load_files(self, file: str, progress: ProgressReporter) -> dataset_cache.DatasetFiles:
        """The table on disk: synthetic, or from the file of that path. Raises BadInput."""
        rows, cache = self.settings.batch, self.settings.cache
        if file != "synthetic":
            return dataset.load_from_file(Path(file), rows, cache, progress)
        kind, columns = str(self.settings.parameters["kind"]), int(self.settings.parameters["columns"])
        return dataset.make_synthetic(kind, rows, columns, self.settings.seed, cache, progress)

    def _execute_first_calls(self, progress: ProgressReporter) -> None:
        """Execute each call once before the race: to see how it is executed, and to store its result."""
        self.first_executions: dict[str, CallExecution] = {}
        for number, call in enumerate(self.calls):
            progress(f"first calls: {call.code}", number / len(self.calls))
            table = getattr(self.inputs, call.on)
            try:
                result, execution = self.engine.observe(lambda call=call: call.run(self.inputs), table)
            except errors.CALL_ERRORS as error:
                raise BadInput(
                    f"{call.code} does not work on this table: {errors.summarize_error(error)}",
                    "Choose other calls, or another table.",
                ) from error
            self.first_executions[call.name] = execution
            results.store_result(self.engine.to_pandas(result), call.order, self.inputs.key, self._result_file(call))
            del result

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
                f"returned after {format_duration(statistics.median(return_times_s))}, "
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
        times = {
            "engine": self.settings.lever,
            "result_s": {name: statistics.median(times) for name, times in self.result_times_s.items() if times},
            "first_s": {name: execution.first_s for name, execution in self.first_executions.items()},
            "start_s": self.engine.start_s,
        }
        (self.settings.scratch / TIMES_FILE).write_text(json.dumps(times))
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        baseline_times = json.loads((other / TIMES_FILE).read_text())
        measures: list[Measure] = []
        equality_rows: list[list[str]] = []
        for call in self.calls:
            difference = results.find_difference(other / self._result_file(call).name, self._result_file(call))
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
