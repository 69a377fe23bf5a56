"""What is stored, and what waits or runs, of every case of the gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from bench.claims.case_table import CaseLine, describe_case
from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.scheduler.case_series import (
    MAX_SEARCHED_RUNS,
    RaceDuration,
    choose_row,
    estimate_race_s,
    is_fresh,
    measure_duration,
)
from bench.scheduler.queue import QueueEntry
from bench.storage.job_row import JobRow
from bench.storage.store import StoreError
from ui import records, services
from ui.access.redaction import public_text, shows_everything

MAX_CACHED_RUNS = 500


@dataclass(frozen=True, slots=True)
class GalleryCase:
    """A case with its plan."""

    plan: Plan
    label: str
    lines: tuple[CaseLine, ...]
    """What its last race on this machine found; empty without one that finished."""
    is_fresh: bool
    """Whether that race was made with the libraries that are installed now."""
    problem: str
    """Why the last race failed, or cannot be read; empty if neither is the case."""
    entry: QueueEntry | None
    """Its race that waits or runs."""
    expected_s: float
    """How long a race of it takes."""

    @property
    def has_ratio(self) -> bool:
        return bool(self.lines) and self.lines[0].comparison is not None

    @property
    def status(self) -> str:
        """What the table shows in place of a result."""
        if self.entry:
            return "in the queue"
        if self.problem:
            return "no result"
        return "" if self.lines else "not yet"

    @property
    def reason(self) -> str:
        """Why there is no ratio, or what is to be said about it."""
        return self.problem or (self.lines[0].reason if self.lines else "")


@dataclass(frozen=True, slots=True)
class _StoredCase:
    """What the gallery needs of a stored race."""

    lines: tuple[CaseLine, ...]
    is_fresh: bool
    duration: RaceDuration | None


def load_cases(plans: Sequence[Plan], entries: Sequence[QueueEntry]) -> list[GalleryCase]:
    """The case of each plan; `entries` are the jobs that wait or run. Raises OSError and StoreError."""
    machine = services.get_machine()
    active = {entry.digest: entry for entry in entries if entry.kind is JobKind.RACE}
    return [_load_case(plan, active.get(plan.digest), machine) for plan in plans]


def _load_case(plan: Plan, entry: QueueEntry | None, machine: Machine) -> GalleryCase:
    rows = records.list_rows(kind=JobKind.RACE, digest=plan.digest, limit=MAX_SEARCHED_RUNS)
    row = choose_row(rows, machine)
    stored, problem = None, ""
    if row is not None and row.state is State.FINISHED:
        try:
            stored = _load_stored(row, machine)
        except StoreError as error:
            problem = public_text(str(error))
    elif row is not None and row.state is State.FAILED:
        # One that was stopped or interrupted is simply not raced yet.
        problem = row.race_sentence
    duration = stored.duration if stored else _find_duration(plan, machine)
    return GalleryCase(
        plan=plan,
        label=resolve(plan).case.label,
        lines=stored.lines if stored else (),
        is_fresh=bool(stored and stored.is_fresh),
        problem=problem,
        entry=entry,
        expected_s=estimate_race_s(plan, duration),
    )


def _find_duration(plan: Plan, machine: Machine) -> RaceDuration | None:
    """Of the last race of the case on this machine, with whatever settings."""
    rows = records.list_rows(
        kind=JobKind.RACE,
        workload=plan.workload,
        case_name=plan.case,
        state=State.FINISHED,
        limit=MAX_SEARCHED_RUNS,
    )
    row = choose_row(rows, machine)
    try:
        stored = _load_stored(row, machine) if row else None
    except StoreError:
        return None  # It is only for a forecast.
    return stored.duration if stored else None


def _load_stored(row: JobRow, machine: Machine) -> _StoredCase | None:
    """None for a race that was deleted meanwhile. Raises StoreError."""
    return _load_record(row.id, tuple(sorted(machine.versions.items())), shows_everything(), machine)


@st.cache_data(max_entries=MAX_CACHED_RUNS, show_spinner=False)
def _load_record(
    run_id: str, versions: tuple[tuple[str, str], ...], with_paths: bool, _machine: Machine
) -> _StoredCase | None:
    """A stored race does not change, but its texts depend on the visitor, and its age on the installed `versions`."""
    record = records.load_record(run_id)
    if not isinstance(record, Run):
        return None
    return _StoredCase(tuple(describe_case(record)), is_fresh(record, _machine), measure_duration(record))
