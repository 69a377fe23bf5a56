"""Which run a race page shows: the one in the URL, or the one that this session started."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui import records
from ui.access.redaction import public_text
from ui.controls.url import adopt_plan
from ui.run_view.header import open_step


@dataclass(slots=True)
class SessionRun:
    """The run that this session's page of a workload shows."""

    run_id: str
    stopped: bool = False
    """Whether Stop was pressed. A waiting run then never starts."""
    plan_digest: str = ""
    """Digest of the controls' plan while the run was last live. If the controls change, the page drops the run."""
    tab: str = ""
    """The tab that the run belongs to, on pages where every tab has its own race."""
    plan: Plan | None = None
    """The plan of a run that this session started. A run that waits has no record of it."""
    is_new: bool = False
    """Whether the run was opened, and the page has yet to select its tab."""


@dataclass(frozen=True, slots=True)
class DisplayedRun:
    """What a race page shows below its controls."""

    run: Run | None = None
    queue_position: int | None = None
    """Number of jobs before the run; None if it is not waiting."""
    delay: str = ""
    """Why it waits, if that is not for other jobs."""
    live: bool = False
    problem: str = ""
    measurement_id: str = ""
    """The measurement that the address names instead of a race."""
    other_tab: str = ""
    """The tab whose race is live, if it is not the selected one."""


def run_view_key(workload: Workload) -> str:
    """Key of what the page draws of a run, for `ui.run_view.view.draw_run`."""
    return f"{workload.name}-run"


def session_run_key(workload: Workload) -> str:
    """Session key of the SessionRun of a workload's page."""
    return f"{workload.name}:followed"


def get_session_run(workload: Workload) -> SessionRun | None:
    return st.session_state.get(session_run_key(workload))


def follow_run(workload: Workload, run_id: str, tab: str, plan: Plan) -> None:
    """Show a run that this session has started, and name it in the URL."""
    st.session_state[session_run_key(workload)] = SessionRun(run_id, tab=tab, plan=plan)
    st.query_params["run"] = run_id


def resolve_displayed_run(workload: Workload) -> DisplayedRun:
    """The run in the URL, else the one that this session follows. A run opened by URL sets the controls to its plan."""
    url_run_id = st.query_params.get("run")
    followed = get_session_run(workload)
    if url_run_id and (followed is None or followed.run_id != url_run_id):
        return _open_run(workload, url_run_id)
    if followed is None:
        return DisplayedRun()
    if not url_run_id:
        st.query_params["run"] = followed.run_id
    displayed = load_displayed_run(followed.run_id)
    if followed.stopped and displayed.queue_position is not None:
        return DisplayedRun(problem="The run was stopped before its turn came. Nothing was measured.")
    return displayed


def _open_run(workload: Workload, run_id: str) -> DisplayedRun:
    try:
        run_id = records.find_job_id(run_id)
    except (records.AmbiguousIdError, OSError, StoreError) as error:
        return DisplayedRun(problem=public_text(str(error)))
    displayed = load_displayed_run(run_id)
    if displayed.run is not None and displayed.run.plan.workload != workload.name:
        st.query_params.pop("run", None)
        title = displayed.run.snapshot.workload_title
        return DisplayedRun(problem=f"Run {run_id[:8]} belongs to {title}. Open it on that page or under Runs.")
    if displayed.run is not None:
        adopt_plan(displayed.run.plan)
    if step := st.query_params.get("step"):
        open_step(run_view_key(workload), run_id, step)
    # Last: a rerun that the browser's secret interrupts before this opens the run again.
    _follow_opened_run(workload, run_id)
    st.query_params.pop("step", None)
    return displayed


def load_displayed_run(run_id: str) -> DisplayedRun:
    """The present state of a run."""
    try:
        status = records.read_status(run_id)
    except (OSError, StoreError) as error:
        return DisplayedRun(problem=f"The run cannot be read: {public_text(str(error))}")
    if status.measurement is not None:
        problem = f"{run_id[:8]} is a measurement, not a race. Open it under Runs."
        return DisplayedRun(problem=problem, measurement_id=run_id)
    live = not status.over
    position = status.place if status.run is None and live else None
    delay = public_text(status.delay)
    return DisplayedRun(run=status.run, queue_position=position, delay=delay, live=live, problem=status.problem)


def drop_outdated_run(workload: Workload, plan: Plan | None, displayed: DisplayedRun, tab: str) -> DisplayedRun:
    """Drop a run that is over if the controls have changed since, or if another tab with its own race is selected."""
    followed = get_session_run(workload)
    if followed is None or plan is None:
        return displayed
    if followed.tab and followed.tab != tab:
        if displayed.live:
            return DisplayedRun(live=True, other_tab=followed.tab)
        _forget_session_run(workload)
        return DisplayedRun()
    if displayed.live or not followed.plan_digest:
        followed.plan_digest = plan.digest
    elif followed.plan_digest != plan.digest:
        _forget_session_run(workload)
        return DisplayedRun()
    return displayed


def find_displayed_plan(workload: Workload, displayed: DisplayedRun) -> Plan | None:
    """The plan of the run that is shown, also while it waits, if this session started it."""
    if displayed.run is not None:
        return displayed.run.plan
    followed = get_session_run(workload)
    return followed.plan if followed and displayed.live else None


def show_settings(workload: Workload, plan: Plan) -> None:
    """Set the controls to the plan of the displayed run, and go on showing the run. For callbacks."""
    adopt_plan(plan)
    if followed := get_session_run(workload):
        followed.plan_digest = ""


def open_run(workload: Workload, run: Run) -> None:
    """Show a stored run on its tab, with the controls at its settings. For callbacks."""
    _follow_opened_run(workload, run.id)
    adopt_plan(run.plan)


def _follow_opened_run(workload: Workload, run_id: str) -> None:
    """Show a run that this session did not start, on its tab."""
    st.session_state[session_run_key(workload)] = SessionRun(run_id, is_new=True)
    st.query_params["run"] = run_id


def _forget_session_run(workload: Workload) -> None:
    st.session_state.pop(session_run_key(workload), None)
    st.query_params.pop("run", None)
