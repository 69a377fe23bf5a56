"""A run while it waits and while it is live."""

from __future__ import annotations

import time

import streamlit as st

from bench.run.events import State
from bench.run.record import Run
from bench.run.time_use import SAMPLING_STATES
from bench.values.base import Arm
from bench.workload.declaration import Workload
from ui import services
from ui.design.markdown import escape_markdown
from ui.run_view.view import draw_run
from ui.views.race.followed_run import (
    DisplayedRun,
    find_displayed_plan,
    get_session_run,
    load_displayed_run,
    run_view_key,
)
from ui.views.race.result_part import find_live_part
from ui.views.race.waiting import draw_waiting

REFRESH_S = 0.5
"""Time between two updates of a live run."""
SHARED_REFRESH_S = 2.0
"""The same if the race uses nearly all cores: a browser on this machine then draws on the cores of the race."""
MIN_SPARE_CORES = 2
"""With fewer cores outside the race, the page updates slowly."""
PAGE_DRAWING_S = 0.15
"""How long drawing a page takes, by its server and then by its browser."""
MAX_PAIR_WAIT_S = 0.25
"""Longest time that the page waits for the end of the pair under way. Beside a longer pair, drawing takes little of its
time."""
TIMED_STATES = (*SAMPLING_STATES, State.CORES)
"""States in which samples are taken, which drawing would disturb."""
LIVE_CONTAINER_KEY = "fairlap-live"
NO_FADE_STYLE = (
    f"<style>.st-key-{LIVE_CONTAINER_KEY} [data-stale='true'] {{opacity: 1 !important; transition: none !important}}"
    "</style>"
)
"""Streamlit fades elements that a rerun has not reached after half a second. During a race, the page would flicker."""


def draw_live_run(workload: Workload, run_id: str, *, waiting: bool) -> None:
    """The present state of a run. When it starts or ends, the whole page is drawn again.

    `waiting` says whether the run had not started when the page was drawn.
    """
    displayed = load_displayed_run(run_id)
    if not displayed.live or (waiting and displayed.run is not None):
        st.rerun()
    if displayed.run is not None:
        pause_race(displayed.run)
    with st.container(key=LIVE_CONTAINER_KEY):
        if displayed.run is None:
            if displayed.delay:
                st.warning(escape_markdown(displayed.delay), icon=":material/hourglass_disabled:")
            else:
                draw_waiting(displayed.queue_position or 0, find_displayed_plan(workload, displayed))
        else:
            draw_live_part = find_live_part(workload.name)
            draw_run(displayed.run, key=run_view_key(workload), live=True, draw_result=draw_live_part)


def draw_other_tab_race(workload: Workload, tab: str) -> None:
    """A message that another tab's race is live. When it ends, the whole page is drawn again."""
    followed = get_session_run(workload)
    displayed = load_displayed_run(followed.run_id) if followed else DisplayedRun()
    if not displayed.live:
        st.rerun()
    doing = "waits in the queue" if displayed.run is None else "is running"
    st.info(
        f"The race of the tab **{escape_markdown(tab)}** {doing}. Start another one when it is over.",
        icon=":material/tab:",
    )


def refresh_interval_s(displayed: DisplayedRun) -> float:
    """Seconds between two updates."""
    if displayed.run is None:
        return REFRESH_S
    return SHARED_REFRESH_S if _shares_cores(displayed.run) else REFRESH_S


def _shares_cores(run: Run) -> bool:
    return len(run.machine.usable_cores) - run.plan.cores < MIN_SPARE_CORES


def pause_race(run: Run) -> None:
    """Make a race pause while a page is drawn on its cores: ask for it, and wait for the end of the pair under way."""
    if not _shares_cores(run) or run.state not in TIMED_STATES:
        return
    pair_s = sum(sample.repetition.wall_s for sample in run.samples[-len(Arm) :])
    wait_s = min(pair_s, MAX_PAIR_WAIT_S)
    services.get_dispatcher().request_pause(run.id, wait_s + PAGE_DRAWING_S)
    time.sleep(wait_s)
