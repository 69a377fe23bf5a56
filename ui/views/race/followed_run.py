"""Which run a race page shows: the one in the URL, or the one that this session started."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui import services
from ui.controls.url import adopt_plan


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


@dataclass(frozen=True, slots=True)
class DisplayedRun:
    """What a race page shows below its controls."""

    run: Run | None = None
    queue_position: int | None = None
    """Number of jobs before the run; None if it is not waiting."""
    live: bool = False
    problem: str = ""
    other_tab: str = ""
    """The tab whose race is live, if it is not the selected one."""


def session_run_key(workload: Workload) -> str:
    """Session key of the SessionRun of a workload's page."""
    return f"{workload.name}:followed"


def get_session_run(workload: Workload) -> SessionRun | None:
    return st.session_state.get(session_run_key(workload))


def follow_run(workload: Workload, run_id: str, tab: str = "") -> None:
    """Show a run on this page, and name it in the URL."""
    st.session_state[session_run_key(workload)] = SessionRun(run_id, tab=tab)
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
    displayed = load_displayed_run(run_id)
    if displayed.run is not None and displayed.run.plan.workload != workload.name:
        st.query_params.pop("run", None)
        title = displayed.run.snapshot.workload_title
        return DisplayedRun(problem=f"Run {run_id[:8]} belongs to {title}. Open it on that page or under Runs.")
    follow_run(workload, run_id)
    if displayed.run is not None:
        adopt_plan(displayed.run.plan)
    return displayed


def load_displayed_run(run_id: str) -> DisplayedRun:
    """The present state of a run."""
    try:
        status = services.get_dispatcher().status(run_id)
    except (OSError, StoreError) as error:
        return DisplayedRun(problem=f"The run cannot be read: {error}")
    if status.measurement is not None:
        return DisplayedRun(problem=f"{run_id[:8]} is a measurement, not a race. Open it under Runs.")
    live = not status.over
    position = status.place if status.run is None and live else None
    return DisplayedRun(run=status.run, queue_position=position, live=live, problem=status.problem)


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


def _forget_session_run(workload: Workload) -> None:
    st.session_state.pop(session_run_key(workload), None)
    st.query_params.pop("run", None)
