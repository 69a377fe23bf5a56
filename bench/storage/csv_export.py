"""Runs as CSV, for spreadsheets and notebooks: the samples of one run, or a list of runs.

Times are seconds and numbers are written in full, so that whoever recomputes a median gets the one on the page. An
unknown value is an empty field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from bench.run.record import Run
from bench.storage.store import RunRow
from bench.values import TOTAL, Sample

SAMPLE_COLUMNS = (
    "run",
    "pair",
    "place",
    "arm",
    "phase",
    "cores",
    "step",
    "seconds_per_call",
    "calls",
    "processor_seconds",
    "effective_cores",
    "began",
)
RUN_COLUMNS = (
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

CsvValue = str | int | float | None


def samples_csv(run: Run) -> str:
    """One row a sample and step, in order of time, `whole` before the steps that it sums up."""
    return _format_csv(SAMPLE_COLUMNS, (fields for sample in run.samples for fields in _sample_rows(run.id, sample)))


def runs_csv(rows: Iterable[RunRow]) -> str:
    """One row a run, in the order given."""
    return _format_csv(RUN_COLUMNS, map(_run_row, rows))


def _sample_rows(run: str, sample: Sample) -> Iterator[Sequence[CsvValue]]:
    repetition = sample.repetition
    shared = (run, sample.pair, sample.place, sample.arm.value, sample.phase.value, sample.cores)
    # The whole is no call of its own: its processor time is that of the repetition, repeated calls included.
    yield (*shared, TOTAL, sample.total_s, 1, repetition.cpu_s, sample.effective_cores, repetition.began)
    for timed in repetition.steps:
        used = timed.cpu_s / timed.seconds if timed.seconds else None
        yield (*shared, timed.step, timed.seconds, timed.calls, timed.cpu_s, used, repetition.began)


def _run_row(row: RunRow) -> Sequence[CsvValue]:
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


def _format_csv(columns: Sequence[str], rows: Iterable[Sequence[CsvValue]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
