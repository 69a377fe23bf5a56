"""TODO: ui.views.race.followed_run."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.run.record import Run
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui import services
from ui.controls import url


@dataclass(slots=True)
class SessionRun:
    """The run that this session's page of a workload shows."""

    run: str
    stopped: bool = False
    """Whether Stop was pressed: a run that waits is then as good as gone."""
    controls: str = ""
    """Digest of the controls' plan when the run was last on: when they say another, the page shows that one."""
    tab: str = ""
    """The tab that it belongs to, where each has a race of its own."""


@dataclass(frozen=True, slots=True)
class DisplayedRun:
    """What stands below the controls."""

    run: Run | None = None
    waits: int | None = None
    """How many races are in front, while the run waits."""
    live: bool = False
    problem: str = ""
    elsewhere: str = ""
    """The tab whose race is on, where that is not the one in sight."""


def session_run_key(workload: Workload) -> str:
    return f"{workload.name}:followed"


def resolve_displayed_run(workload: Workload) -> DisplayedRun:
    """The run that the URL names, or the one that this session follows; its settings go to the controls."""
    asked = st.query_params.get("run")
    followed: SessionRun | None = st.session_state.get(session_run_key(workload))
    if asked and (followed is None or followed.run != asked):
        shown = load_displayed_run(asked)
        if shown.run is not None and shown.run.plan.workload != workload.name:
            st.query_params.pop("run", None)
            return DisplayedRun(
                problem=f"The run {asked[:8]} is of {shown.run.snapshot.workload_title}, not of this page."
            )
        st.session_state[session_run_key(workload)] = SessionRun(asked)
        if shown.run is not None:
            url.adopt_plan(shown.run.plan)
        return shown
    if followed is None:
        return DisplayedRun()
    if not asked:
        st.query_params["run"] = followed.run
    shown = load_displayed_run(followed.run)
    if followed.stopped and shown.waits is not None:
        return DisplayedRun(problem="It was stopped before its turn came; nothing was measured.")
    return shown


def load_displayed_run(run: str) -> DisplayedRun:
    """Where a run stands now."""
    try:
        status = services.get_dispatcher().status(run)
    except (OSError, StoreError) as error:
        return DisplayedRun(problem=f"The run cannot be read: {error}")
    live = not status.over
    waits = status.place if status.run is None and live else None
    return DisplayedRun(run=status.run, waits=waits, live=live, problem=status.problem)


def get_session_run(workload: Workload) -> SessionRun:
    return st.session_state[session_run_key(workload)]


def drop_outdated_run(workload: Workload, plan: Plan | None, shown: DisplayedRun, tab: str) -> DisplayedRun:
    """A run that is over leaves the page when the controls are moved away from it, or another tab's race is wanted."""
    followed: SessionRun | None = st.session_state.get(session_run_key(workload))
    if followed is None or plan is None:
        return shown
    if followed.tab and followed.tab != tab:
        if shown.live:
            return DisplayedRun(live=True, elsewhere=followed.tab)
        _forget_session_run(workload)
        return DisplayedRun()
    if shown.live or not followed.controls:
        followed.controls = plan.digest
    elif followed.controls != plan.digest:
        _forget_session_run(workload)
        return DisplayedRun()
    return shown


def _forget_session_run(workload: Workload) -> None:
    st.session_state.pop(session_run_key(workload), None)
    st.query_params.pop("run", None)
