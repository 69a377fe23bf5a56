"""The recording of a step's race: which stored run, or which file, is played when the race cannot be run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.job import JobKind, is_job_id
from bench.run.plan_differences import describe_differences
from bench.run.record import Run
from bench.scheduler.run_import import ImportFileError, read_run_file
from bench.storage.job_row import JobRow
from bench.storage.store import StoreError
from ui import records, services
from ui.access.redaction import redact_record, shows_everything
from ui.tours.catalogue import SHIPPED_FOLDER
from ui.tours.model import Step

SHIPPED_RECORDINGS = SHIPPED_FOLDER / "recordings"
FREE_FIELDS = ("cores", "budget_s", "target", "accuracy_limit", "seed")
"""Fields of a plan in which a recording of another plan may differ."""
MAX_READ_RUNS = 8
"""Stored runs of other plans that are read to find one."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A run that has ended, to be played in place of a step's race."""

    run: Run
    differences: str = ""
    """What its plan sets differently from the step's: `cores 1 instead of 2`. Empty for the same plan."""
    problem: str = ""
    """Why it is not the recording that the step names; empty if it is, or if the step names none."""


def find_recording(step: Step, folder: Path, plan: Plan | None) -> Recording | None:
    """The recording of a step: what it names (a file is in `folder`, that of the tour); else the newest run of the plan
    on this machine, one with a claim first; else one of a plan that differs in `FREE_FIELDS` only; else a file that
    comes with Fairlap. None without one.

    `plan` is that of the step; None if it is not possible on this machine. A run that was edited, imported or has no
    ratio is found only if the step names it. Raises OSError and StoreError.
    """
    problem = ""
    if step.recording:
        try:
            return _describe(_load_named(step.recording, folder), plan)
        except (ImportFileError, LookupError) as error:
            problem = f"The recording {step.recording} of this step cannot be played: {error}"
    found = next(_list_runs(step, plan), None)
    return _describe(found, plan, problem) if found else None


def _load_named(name: str, folder: Path) -> Run:
    """Raises ImportFileError for a file, and LookupError for the id of a run that cannot be played."""
    if not is_job_id(name):
        run = load_run_file(folder / name)
        return run if shows_everything() else _redact(run)
    record = records.load_record(name)
    if not isinstance(record, Run):
        raise LookupError("no race with this id is stored here.")
    if record.edited or not record.state.over:
        raise LookupError("it was edited after it was stored, or has not ended.")
    return record


def _list_runs(step: Step, plan: Plan | None) -> Iterator[Run]:
    """All runs that can be played, the best first."""
    if plan:
        yield from _list_stored_runs(plan)
    for file in sorted(SHIPPED_RECORDINGS.glob("*.json.gz")):
        run = load_run_file(file)
        if plan and _is_alike(run.plan, plan):
            yield run if shows_everything() else _redact(run)
    if plan:
        return
    # The plan asks for more cores than there are: any recording of its case.
    for file in sorted(SHIPPED_RECORDINGS.glob("*.json.gz")):
        run = load_run_file(file)
        if run.plan.workload == step.page and run.plan.case == step.settings.get("case", run.plan.case):
            yield run if shows_everything() else _redact(run)


def _list_stored_runs(plan: Plan) -> Iterator[Run]:
    same = _list_rows(plan, digest=plan.digest)
    yield from _load_runs(same)
    other = _list_rows(plan, case_name=plan.case, baseline=plan.baseline, accelerated=plan.accelerated)
    others = [row for row in other if row.digest != plan.digest and row.batch == plan.batch]
    # On the same number of cores first.
    others.sort(key=lambda row: row.cores != plan.cores)
    yield from (run for run in _load_runs(others[:MAX_READ_RUNS]) if _is_alike(run.plan, plan))


def _list_rows(plan: Plan, **filters: str) -> list[JobRow]:
    """Finished races of this machine with a ratio, those with a claim first, then the newest."""
    machine = services.get_machine()
    rows = records.list_rows(
        kind=JobKind.RACE,
        workload=plan.workload,
        state=State.FINISHED,
        **filters,  # pyright: ignore[reportArgumentType]
    )
    good = [row for row in rows if row.ratio is not None and not row.edited and row.is_from(machine)]
    return sorted(good, key=lambda row: not row.claimed)


def _load_runs(rows: Sequence[JobRow]) -> Iterator[Run]:
    for row in rows:
        try:
            record = records.load_record(row.id)
        except StoreError:
            continue  # A damaged record. The page Runs shows it.
        if isinstance(record, Run) and not record.edited:
            yield record


def _is_alike(one: Plan, other: Plan) -> bool:
    free = {field: getattr(other, field) for field in FREE_FIELDS}
    return one.model_copy(update=free) == other


def _describe(run: Run, plan: Plan | None, problem: str = "") -> Recording:
    different = plan is not None and run.plan.digest != plan.digest and run.plan.workload == plan.workload
    return Recording(run, describe_differences(run.plan, plan) if different and plan else "", problem)


def _redact(run: Run) -> Run:
    redacted = redact_record(run)
    assert isinstance(redacted, Run)
    return redacted


def load_run_file(file: Path) -> Run:
    """The run in an exported file. It is read again only after it has changed. Raises ImportFileError."""
    try:
        status = file.stat()
    except OSError as error:
        raise ImportFileError(f"{file.name}: {error.strerror}") from error
    return _read_cached(str(file), status.st_mtime_ns, status.st_size)


@st.cache_resource(max_entries=32, show_spinner=False)
def _read_cached(file: str, changed_ns: int, size_bytes: int) -> Run:
    return read_run_file(Path(file))
