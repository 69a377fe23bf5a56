"""Exports for spreadsheets and notebooks, as CSV: the samples of a race, or a list of jobs.

Times are in seconds. Numbers have all their digits, so that medians computed from the samples equal those on the page.
An unknown value is an empty field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.formatting import format_inputs
from bench.run.record import Run
from bench.storage.attempts import AttemptSummary
from bench.storage.csv_cells import protect_cell
from bench.storage.job_row import JobRow
from bench.values.claims import NoteKind, Outcome
from bench.values.samples import TOTAL, Sample

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
    "cpu_seconds",
    "effective_cores",
    "began",
    "inputs",
    "edited_after_it_was_stored",
)
JOB_COLUMNS = {
    "run": "id",
    "kind": "kind",
    "plan": "digest",
    "workload": "workload",
    "case": "case_name",
    "task": "task",
    "title": "title",
    "started": "started",
    "state": "state",
    "origin": "origin",
    "requester": "requester",
    "cores": "cores",
    "batch": "batch",
    "baseline": "baseline",
    "accelerated": "accelerated",
    "baseline_seconds": "baseline_s",
    "accelerated_seconds": "accelerated_s",
    "ratio": "ratio",
    "ratio_low": "ratio_low",
    "ratio_high": "ratio_high",
    "speed": "speed",
    "claim_made": "claimed",
    "claim_state": "claim_state",
    "sentence": "sentence",
    "inputs": "inputs",
    "machine": "machine",
    "machine_id": "machine_id",
    "host": "host",
    "edited_after_it_was_stored": "edited",
}
"""Columns of a list of jobs, with the field of `JobRow` that each one shows. `speed` is empty without a claim."""

ATTEMPT_COLUMNS = ("attempt", "attempts", "neighbours")
"""After those of the job: the number of the race among the attempts at its plan, how many there are, and how many runs
of neighbouring plans. Empty for measurements."""
FINDING_COLUMNS = {
    "refused_by": Outcome.REFUSED,
    "reservations": NoteKind.RESERVATION,
    "conditions": NoteKind.CONDITION,
}
"""At the end: what the rules found about the total, by its effect, as `title: what was seen`, separated by ` | `. Empty
if they found nothing, and for measurements."""

CsvValue = str | int | float | None


def samples_csv(run: Run) -> str:
    """The samples of a race in order of time: a row for the total and one for each step, all with what was raced and
    whether the run was edited after it was stored. Raises ValueError for a trick and for a replay."""
    run.require_result("exported")
    shared = format_inputs(run.inputs), str(run.edited).lower()
    rows = ((*fields, *shared) for sample in run.samples for fields in _sample_rows(run.id, sample))
    return format_csv(SAMPLE_COLUMNS, rows)


def jobs_csv(rows: Iterable[JobRow], attempts: Mapping[str, AttemptSummary]) -> str:
    """A list of jobs, one row per job, in the order of `rows`; `attempts` are those of the races among them, by id."""
    columns = (*JOB_COLUMNS, *ATTEMPT_COLUMNS, *FINDING_COLUMNS)
    return format_csv(
        columns, ((*_job_row(row), *_attempt_row(attempts.get(row.id)), *_finding_row(row)) for row in rows)
    )


def _sample_rows(run_id: str, sample: Sample) -> Iterator[Sequence[CsvValue]]:
    repetition = sample.repetition
    shared = (run_id, sample.pair, sample.place, sample.arm.value, sample.phase.value, sample.cores)
    # The total is not a call: its CPU time is that of the repetition, with all repeated calls.
    yield (*shared, TOTAL, sample.total_s, 1, repetition.cpu_s, sample.effective_cores, repetition.began)
    for step_time in repetition.steps:
        effective_cores = step_time.cpu_s / step_time.seconds if step_time.seconds else None
        numbers = (step_time.seconds, step_time.calls, step_time.cpu_s, effective_cores)
        yield (*shared, step_time.step, *numbers, repetition.began)


def _job_row(row: JobRow) -> Sequence[CsvValue]:
    special = {
        # Without a claim, no arm was found to be faster, whatever the interval looks like.
        "speed": row.speed if row.claimed else None,
        "started": row.started.isoformat(),
        "claimed": None if row.claimed is None else str(row.claimed).lower(),
        "edited": str(row.edited).lower(),
    }
    return [special[name] if name in special else getattr(row, name) for name in JOB_COLUMNS.values()]


def _attempt_row(summary: AttemptSummary | None) -> Sequence[CsvValue]:
    if summary is None or summary.position is None:
        return [None] * len(ATTEMPT_COLUMNS)
    return summary.position, summary.count, summary.neighbour_count


def _finding_row(row: JobRow) -> Sequence[CsvValue]:
    findings = row.list_findings()
    return [
        " | ".join(f"{finding.title}: {finding.seen}" for finding in findings if finding.effect == effect)
        for effect in FINDING_COLUMNS.values()
    ]


def format_csv(columns: Sequence[str], rows: Iterable[Sequence[CsvValue]]) -> str:
    """A CSV file with a line of column names. Texts that a spreadsheet would run as a formula become plain text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([protect_cell(value) for value in row] for row in rows)
    return text.getvalue()
