"""The work: calls on a table, by pandas or by Modin on Ray, each timed until its result is there."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from bench.formatting import format_bytes, format_duration
from bench.values import Evidence, Measure, Picture, Table
from bench.workload.interface import BadInput, Clock, ProgressReporter, Settings
from workloads.modin import call_inputs, dataset, dataset_cache, results
from workloads.modin.calls import Call, select_calls
from workloads.modin.engines import base, errors, factory

MIN_PARALLEL_S = 0.01
"""Work that pandas does in less is too little to share out."""
MIN_NOTABLE_BYTES = 16 << 20
"""Bytes from which storing them is named as a cause."""


class DataFrameCalls:
    """One arm. See `bench.workload.interface.WorkloadArm`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.calls = select_calls(settings.case, settings.parameters)
        self.returned: dict[str, list[float]] = {call.name: [] for call in self.calls}
        self.took: dict[str, list[float]] = {call.name: [] for call in self.calls}
        self.judged = dict.fromkeys(self.took, 0)
        """How many of those were of the warm-up."""

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        named = str(self.settings.parameters["file"])
        self.files = self._files(named, progress)
        self.engine = factory.start_engine(
            self.settings.lever,
            self.settings.cores,
            self.files.held,
            self.settings.scratch,
            progress,
            existing=self.settings.parameters["cluster"] == "existing",
        )
        progress("reading the table")
        out = self.settings.scratch / "out"
        out.mkdir(exist_ok=True)
        with self.engine.explained():
            self.tables = call_inputs.build_call_inputs(self.files, self.engine, out, self.settings.seed)
            self._first_calls(progress)
        numeric = self.tables.array.shape[1]
        few = len(self.tables.few)
        return {
            "work": self.files.rows,
            "step_work": {call.name: few for call in self.calls if call.on == "few" and few != self.files.rows},
            "data": self.files.digest,
            "facts": self.engine.facts
            | {
                "table": f"{self.files.rows:,} rows, {self.files.columns} columns, {numeric} of them numeric, "
                f"{format_bytes(self.files.held)} as a DataFrame",
                "files": f"CSV {_format_file_size(self.files.csv)}, Parquet {_format_file_size(self.files.parquet)} in groups of "
                f"{dataset_cache.ROWS_PER_CHUNK:,} rows",
                "layout": "frames come from the Parquet file, arrays are C order, in both arms",
            },
            "synthetic": "numbers made up from a seed" if named == "synthetic" else "",
            "service": self.engine.outside,
        }

    def _files(self, named: str, progress: ProgressReporter) -> dataset_cache.DatasetFiles:
        parameters, cache = self.settings.parameters, self.settings.cache
        if named != "synthetic":
            return dataset.load_from_file(Path(named), self.settings.batch, cache, progress)
        kind, columns = str(parameters["kind"]), int(parameters["columns"])
        return dataset.make_synthetic(kind, self.settings.batch, columns, self.settings.seed, cache, progress)

    def _first_calls(self, progress: ProgressReporter) -> None:
        """Call everything once, untimed by the race: what the first call costs, how it was executed, and its result."""
        self.notes: dict[str, base.CallExecution] = {}
        for place, call in enumerate(self.calls):
            progress(f"first call of {call.code}", place / len(self.calls))
            given = getattr(self.tables, call.on)
            try:
                result, note = self.engine.observed(lambda call=call: call.run(self.tables), given)
            except errors.CALL_ERRORS as error:
                raise BadInput(
                    f"{call.code} does not work on this table: {errors.summarize_error(error)}",
                    "Choose other steps, or another table.",
                ) from error
            self.notes[call.name] = note
            results.store_result(self.engine.plain(result), call.order, self.tables.key, self._kept(call))
            del result

    def _kept(self, call: Call) -> Path:
        return self.settings.scratch / f"{call.name}.result"

    def repeat(self, repetition: int, clock: Clock) -> None:
        with self.engine.explained():
            for call in self.calls:
                # The result is looked at and let go outside the clock.
                self.engine.check(clock(call.name, lambda call=call: self._do(call)))

    def _do(self, call: Call) -> Any:
        began = time.perf_counter()
        result = call.run(self.tables)
        self.returned[call.name].append(time.perf_counter() - began)
        self.engine.wait(result)
        self.took[call.name].append(time.perf_counter() - began)
        return result

    def evidence(self) -> list[Evidence]:
        return [self._evidence(call) for call in self.calls]

    def _evidence(self, call: Call) -> Evidence:
        calls, note = len(self.took[call.name]), self.notes[call.name]
        if self.settings.lever == "pandas":
            return Evidence(step=call.name, path="stock", words=["pandas, in one process"], calls=calls)
        words = [
            *([f"the first {len(self.tables.few):,} rows"] if call.on == "few" else []),
            f"{note.rows} × {note.columns} partitions (rows × columns)",
            f"{note.workers} of {self.engine.service}'s workers worked, "
            f"{note.cpu_s:.2f} s of processor time in the first call",
            f"{format_bytes(note.stored)} {self.engine.storing}",
            *note.defaulted,
        ]
        # Those of the warm-up only until there are others.
        warm = self.judged[call.name]
        returned, took = (times[warm:] or times for times in (self.returned[call.name], self.took[call.name]))
        if calls:
            words.append(f"returned after {_format_median_ms(returned)}, result after {_format_median_ms(took)}")
        path = "stock" if note.defaulted else "accelerated"
        return Evidence(
            step=call.name,
            path=path,
            words=words,
            calls=calls,
            accelerated_calls=calls if path == "accelerated" else 0,
            reason="defaulted to pandas" if note.defaulted else "",
            # A clock cannot time what passes on references: nothing was computed, whether or not it is waited for.
            materialised=not (note.references or call.excluded_from_total),
            returned_s=statistics.median(returned) if returned else None,
        )

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        self.judged = {name: len(times) for name, times in self.took.items()}
        times = {
            "lever": self.settings.lever,
            "took": {name: statistics.median(times) for name, times in self.took.items() if times},
            "first": {name: note.first_s for name, note in self.notes.items()},
            "start": self.engine.started_s,
        }
        (self.settings.scratch / "times.json").write_text(json.dumps(times))
        return [], []

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        theirs = json.loads((other / "times.json").read_text())
        measures, equality = [], []
        for call in self.calls:
            found = results.find_difference(other / self._kept(call).name, self._kept(call))
            measures.append(
                Measure(
                    name=f"equal-{call.name}",
                    label=f"{call.code}: equal results",
                    value=0.0 if found else 100.0,
                    unit="%",
                    decisive=True,
                    step=call.name,
                )
            )
            what = results.describe_comparison(self._kept(call), call.order)
            equality.append([call.code, what, found or "equal"])
        calls = None
        # What Modin costs beyond pandas, and how it executed what pandas did, is told of these two alone.
        if self.engine.service and theirs["lever"] == "pandas":
            measures.append(self._start(theirs))
            rows = [self._told(call, theirs) for call in self.calls]
            calls = Table(name="calls", label="Every call, as Modin executed it", columns=CALL_COLUMNS, rows=rows)
        with self.engine.explained():
            nodes = self.engine.nodes()
        tolerance = f"relative tolerance {results.RELATIVE_TOLERANCE:g}"
        return measures, [
            *filter(None, [calls]),
            Table(
                name="equality",
                label=f"Results of both arms compared by pandas.testing, {tolerance}",
                columns=["call", "compared", "found"],
                rows=equality,
            ),
            *filter(None, [nodes]),
        ]

    def _start(self, theirs: dict[str, Any]) -> Measure:
        """What is paid once, beyond what pandas pays: the start, and what first calls take beyond later ones. Below 0
        where those of pandas cost more."""
        start = self.engine.started_s - theirs["start"]
        for call in self.calls:
            first_s, their_first_s = self.notes[call.name].first_s, theirs["first"][call.name]
            start += first_s - statistics.median(self.took[call.name]) - (their_first_s - theirs["took"][call.name])
        label = "start-up and first calls beyond pandas'"
        return Measure(name="start", label=label, value=start, unit="s", higher_is_better=False)

    def _told(self, call: Call, theirs: dict[str, Any]) -> list[str]:
        """A row of the table of calls."""
        note = self.notes[call.name]
        return [
            call.name,
            format_duration(note.first_s),
            format_duration(theirs["first"][call.name]),
            f"{note.rows} × {note.columns}",
            str(note.workers),
            f"{format_bytes(note.stored)}",
            "yes" if note.defaulted else "no",
            ", ".join(self._causes(call, theirs["took"].get(call.name, 0.0))),
        ]

    def _causes(self, call: Call, pandas_s: float) -> list[str]:
        """What can make a call slower than pandas', of what was seen; the likeliest first."""
        note = self.notes[call.name]
        causes = []
        if note.references or call.excluded_from_total:
            causes.append("passes references only")
        if note.defaulted:
            causes.append("defaulted to pandas")
        if 0 < pandas_s < MIN_PARALLEL_S:
            causes.append(f"too small: pandas needs less than {MIN_PARALLEL_S * 1e3:.0f} ms")
        if note.rows * note.columns == 1:
            causes.append("one partition")
        elif note.workers <= 1:
            causes.append("one worker worked")
        if note.started:
            causes.append(f"starts {note.started} process{'es' * (note.started > 1)}")
        if call.shuffles:
            causes.append("shuffles: rows must be brought together")
        if note.stored > MIN_NOTABLE_BYTES:
            causes.append(f"{format_bytes(note.stored)} {self.engine.storing}")
        return causes or ["costs of tasks and partitions"]


CALL_COLUMNS = [
    "step",
    "first call",
    "first call of the baseline",
    "partitions",
    "workers",
    "stored",
    "defaulted",
    "why it may be slower",
]
"""Of the table of calls."""


def _format_median_ms(times: list[float]) -> str:
    return format_duration(statistics.median(times)) if times else ""


def _format_file_size(file: Path) -> str:
    return format_bytes(file.stat().st_size)
