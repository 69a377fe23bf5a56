"""TODO: ui.views.race.buttons."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from ui import services
from ui.views.race.followed_run import DisplayedRun, SessionRun, session_run_key
from ui.views.race.tabs import show_race_tab


def draw_buttons(workload: Workload, plan: Plan | None, shown: DisplayedRun, tab: str) -> None:
    pressed = st.button(
        "Run",
        icon=":material/play_arrow:",
        type="primary",
        key=f"{workload.name}:run",
        disabled=plan is None or shown.live or bool(resolve(plan).unavailable()),
        help="Race both arms on this machine",
    )
    # Here and not in a callback: that would be handed the plan of the last redraw, and whoever moves a slider and
    # presses Run at once would race another one than they see.
    if pressed and plan is not None:
        _start_race(workload, plan, tab)
        st.rerun()
    st.button(
        "Stop",
        icon=":material/stop:",
        key=f"{workload.name}:stop",
        disabled=not shown.live,
        on_click=_stop_race,
        args=(workload,),
        help="End the race; what was measured is kept",
    )


def _start_race(workload: Workload, plan: Plan, tab: str = "") -> None:
    """Race `plan`, and show it: in `tab`, or where all of the page's races are."""
    try:
        run = services.get_dispatcher().submit(plan, origin="page")
    except (OSError, StoreError) as error:
        st.session_state[f"{workload.name}:error"] = (
            f"{error}. Check that the disk has room and may be written, and run again."
        )
        return
    st.session_state[session_run_key(workload)] = SessionRun(run, tab=tab)
    st.query_params["run"] = run
    if not tab:
        show_race_tab(workload)
    services.freeze_loaded_objects()


def _stop_race(workload: Workload) -> None:
    followed: SessionRun | None = st.session_state.get(session_run_key(workload))
    if followed is None:
        return
    try:
        services.get_dispatcher().stop(followed.run)
        followed.stopped = True
    except OSError as error:
        st.session_state[f"{workload.name}:error"] = f"{error}. Stop it again; closing Fairlap ends it too."
