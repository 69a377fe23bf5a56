"""The buttons Run and Stop of a race page."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.run.plan_differences import describe_differences
from bench.storage.store import StoreError
from bench.workload.declaration import Workload
from bench.workload.interface import BadInput
from ui import actions, services
from ui.access.redaction import describe_bad_input, describe_error, describe_text
from ui.access.visitor import Denied
from ui.controls.url import adopt_plan
from ui.views.race.followed_run import DisplayedRun, follow_run, get_session_run
from ui.views.race.tabs import RACE_TAB, show_tab, show_tab_of


def error_key(workload: Workload) -> str:
    """Session key of an error, as Markdown, that the next rerun shows."""
    return f"{workload.name}:error"


def _start_key(workload: Workload) -> str:
    """Session key of the plan to race in this rerun."""
    return f"{workload.name}:race-with-plan"


def start_with(workload: Workload, plan: Plan) -> None:
    """Set the controls to `plan` on its tab and start a race, as if Run was pressed. For callbacks."""
    adopt_plan(plan)
    show_tab_of(workload, plan)
    st.session_state[_start_key(workload)] = plan


def draw_buttons(workload: Workload, plan: Plan | None, displayed: DisplayedRun, tab: str) -> None:
    """`tab` is the tab that the race belongs to; empty if all tabs share one race."""
    why_not_start = actions.why_not_start()
    pressed = st.button(
        "Run",
        icon=":material/play_arrow:",
        type="primary",
        key=f"{workload.name}:run",
        disabled=plan is None or displayed.live or bool(resolve(plan).unavailable()) or bool(why_not_start),
        help=why_not_start or "Race both arms on this machine",
    )
    wanted: Plan | None = st.session_state.pop(_start_key(workload), None)
    if wanted is not None and plan is not None and not displayed.live:
        if wanted.digest == plan.digest:
            pressed = True
        else:
            st.session_state[error_key(workload)] = _explain_other_plan(wanted, plan)
    # Not an on_click callback: callbacks get the plan of the previous rerun, so moving a slider and pressing Run at
    # once would start the old plan.
    if pressed and plan is not None:
        start_race(workload, plan, tab)
        st.rerun()
    followed = get_session_run(workload)
    why_not_stop = actions.why_not_stop(followed.run_id) if followed and displayed.live else ""
    st.button(
        "Stop",
        icon=":material/stop:",
        key=f"{workload.name}:stop",
        disabled=not displayed.live or bool(why_not_stop),
        on_click=_stop_race,
        args=(workload,),
        help=why_not_stop or "End the race. Its samples are kept.",
    )


def _explain_other_plan(wanted: Plan, plan: Plan) -> str:
    """Why a button did not start its race: the visitor or the machine does not have all of the settings."""
    differences = describe_text(describe_differences(plan, wanted))
    return (
        "The race was not started, because not all of its settings can be used here. Press **Run** to race with "
        f"{differences}."
    )


def start_race(workload: Workload, plan: Plan, tab: str) -> None:
    """Start a race and follow it, or keep the error for the next rerun. `tab` as in `draw_buttons`."""
    try:
        with st.spinner("Checking the input"):
            run_id = actions.start_race(plan)
    except BadInput as error:
        st.session_state[error_key(workload)] = describe_bad_input(error)
        return
    except Denied as denied:
        st.session_state[error_key(workload)] = describe_error(denied)
        return
    except (OSError, StoreError) as error:
        st.session_state[error_key(workload)] = (
            f"{describe_error(error)}. Check that the disk has free space and is writable, then press Run again."
        )
        return
    follow_run(workload, run_id, tab, plan)
    if not tab:
        show_tab(workload, RACE_TAB)
    services.freeze_loaded_objects()


def _stop_race(workload: Workload) -> None:
    followed = get_session_run(workload)
    if followed is None:
        return
    try:
        actions.stop_job(followed.run_id)
        followed.stopped = True
    except Denied as denied:
        st.session_state[error_key(workload)] = describe_error(denied)
    except (OSError, StoreError) as error:
        st.session_state[error_key(workload)] = (
            f"{describe_error(error)}. Press Stop again, or end Fairlap to end the race."
        )
