"""The buttons Run and Stop of a race page."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui import services
from ui.views.race.followed_run import DisplayedRun, follow_run, get_session_run
from ui.views.race.tabs import show_race_tab


def error_key(workload: Workload) -> str:
    """Session key of an error that the next rerun shows."""
    return f"{workload.name}:error"


def draw_buttons(workload: Workload, plan: Plan | None, displayed: DisplayedRun, tab: str) -> None:
    """`tab` is the tab that the race belongs to; empty if all tabs share one race."""
    pressed = st.button(
        "Run",
        icon=":material/play_arrow:",
        type="primary",
        key=f"{workload.name}:run",
        disabled=plan is None or displayed.live or bool(resolve(plan).unavailable()),
        help="Race both arms on this machine",
    )
    # Not an on_click callback: callbacks get the plan of the previous rerun, so moving a slider and pressing Run at
    # once would start the old plan.
    if pressed and plan is not None:
        _start_race(workload, plan, tab)
        st.rerun()
    st.button(
        "Stop",
        icon=":material/stop:",
        key=f"{workload.name}:stop",
        disabled=not displayed.live,
        on_click=_stop_race,
        args=(workload,),
        help="End the race. Its samples are kept.",
    )


def _start_race(workload: Workload, plan: Plan, tab: str) -> None:
    try:
        run_id = services.get_dispatcher().submit_race(plan, origin="page")
    except (OSError, StoreError) as error:
        st.session_state[error_key(workload)] = (
            f"{error}. Check that the disk has free space and is writable, then press Run again."
        )
        return
    follow_run(workload, run_id, tab)
    if not tab:
        show_race_tab(workload)
    services.freeze_loaded_objects()


def _stop_race(workload: Workload) -> None:
    followed = get_session_run(workload)
    if followed is None:
        return
    try:
        services.get_dispatcher().stop(followed.run_id, origin="page")
        followed.stopped = True
    except OSError as error:
        st.session_state[error_key(workload)] = f"{error}. Press Stop again, or end Fairlap to end the race."
