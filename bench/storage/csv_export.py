"""Runs as CSV, for spreadsheets and notebooks: the samples of one run, or a list of runs.

Times are seconds and numbers are written in full, so that whoever recomputes a median gets the one on the page. An
unknown value is an empty field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from bench.run.record import Run
from bench.storage.store import Row
from bench.values import Sample
from bench.workload.declaration import WHOLE

SAMPLE_COLUMNS = (
    "run",
    "pair",
    "place",
    "side",
    "phase",
    "cores",
    "step",
    "seconds_per_call",
    "calls",
    "processor_seconds",
    "effective_cores",
    "began",
)
ROW_COLUMNS = (
    "run",
    "plan",
    "workload",
    "started",
    "state",
    "origin",
    "cores",
    "batch",
    "baseline",
    "accelerated",
    "baseline_seconds",
    "accelerated_seconds",
    "ratio",
    "ratio_low",
    "ratio_high",
    "speed",
    "claim_made",
    "sentence",
    "machine",
)

Field = str | int | float | None


def samples_csv(run: Run) -> str:
    """One row a sample and step, in order of time, `whole` before the steps that it sums up."""
    return _written(SAMPLE_COLUMNS, (fields for sample in run.samples for fields in _sample(run.id, sample)))


def rows_csv(rows: Iterable[Row]) -> str:
    """One row a run, in the order given."""
    return _written(ROW_COLUMNS, map(_row, rows))


def _sample(run: str, sample: Sample) -> Iterator[Sequence[Field]]:
    measurement = sample.measurement
    shared = (run, sample.pair, sample.place, sample.side.value, sample.phase.value, sample.cores)
    # The whole is no call of its own: its processor time is that of the repetition, repeated calls included.
    yield (*shared, WHOLE, sample.whole_s, 1, measurement.processor_s, sample.effective_cores, measurement.began)
    for timed in measurement.steps:
        used = timed.processor_s / timed.seconds if timed.seconds else None
        yield (*shared, timed.step, timed.seconds, timed.calls, timed.processor_s, used, measurement.began)


def _row(row: Row) -> Sequence[Field]:
    claim_made = None if row.claimed is None else str(row.claimed).lower()
    return (
        row.id,
        row.digest,
        row.workload,
        row.started.isoformat(),
        row.state.value,
        row.origin,
        row.cores,
        row.batch,
        row.baseline,
        row.accelerated,
        row.baseline_s,
        row.accelerated_s,
        row.ratio,
        row.ratio_low,
        row.ratio_high,
        row.speed,
        claim_made,
        row.sentence,
        row.machine,
    )


def _written(columns: Sequence[str], rows: Iterable[Sequence[Field]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
