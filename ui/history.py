"""Look-ups of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.run.timeline import measure_stages
from bench.storage.job_row import JobRow
from bench.storage.store import StoreError
from bench.workload.registry import load_workloads
from ui import records, services

MAX_SEARCHED_ROWS = 100
MAX_EXAMPLES = 10


def load_last_run(workload: str, digest: str | None = None) -> Run | None:
    """The newest finished run of a workload, or of one plan. Raises OSError or StoreError if it cannot be read."""
    row = services.get_store().last_run(workload=workload, digest=digest)
    return records.read_status(row.id).run if row else None


def load_expected_stages(plan: Plan) -> Mapping[str, float]:
    """Seconds that each stage took in the last finished run of this plan, else of its case. Empty without one.

    A session reads it once for a plan: a record is large, and this is asked with every redraw of a live race.
    """
    cached: dict[str, Mapping[str, float]] = st.session_state.setdefault("expected-stages", {})
    if plan.digest not in cached:
        cached[plan.digest] = _find_expected_stages(plan)
    return cached[plan.digest]


def forget_expected_stages() -> None:
    """Read them again the next time, because a race has ended."""
    st.session_state.pop("expected-stages", None)


def _find_expected_stages(plan: Plan) -> Mapping[str, float]:
    try:
        run = load_last_run(plan.workload, plan.digest) or load_last_run(plan.workload)
    except (OSError, StoreError):
        return {}  # What the race takes stays unknown; the page shows the error where it shows runs.
    if run is None or (run.plan.case, run.plan.budget_s) != (plan.case, plan.budget_s):
        return {}
    stages = measure_stages(run.timeline, run.last_at)
    # How long somebody waited with pressing Run says nothing about the next time.
    return {name: seconds for name, seconds in stages.items() if name != State.READY.value}


def find_last_result(workload: str, machine: Machine) -> JobRow | None:
    """The newest finished race of two different arms: on this machine, else on any, because machines may share a
    database. One that was edited after it was stored is passed over."""
    rows = records.list_rows(kind=JobKind.RACE, state=State.FINISHED, workload=workload, limit=MAX_SEARCHED_ROWS)
    results = [row for row in rows if _is_result(row)]
    return next((row for row in results if row.is_from(machine)), results[0] if results else None)


def list_example_results(machine: Machine) -> list[JobRow]:
    """The newest finished race of this machine of each case, at most `MAX_EXAMPLES`: those with a claim first. Raises
    StoreError."""
    rows = records.list_rows(kind=JobKind.RACE, state=State.FINISHED, limit=MAX_SEARCHED_ROWS)
    results = [row for row in rows if _is_result(row) and row.is_from(machine) and row.workload in load_workloads()]
    newest: dict[tuple[str, str], JobRow] = {}
    for row in sorted(results, key=lambda row: not row.claimed):
        newest.setdefault((row.workload, row.case_name), row)
    return list(newest.values())[:MAX_EXAMPLES]


def _is_result(row: JobRow) -> bool:
    return row.ratio is not None and row.baseline != row.accelerated and not row.edited
