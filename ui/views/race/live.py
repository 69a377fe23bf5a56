"""A run while it waits and while it is live."""

from __future__ import annotations

import time

import streamlit as st

from bench.formatting import format_count
from bench.run.events import State
from bench.run.record import Run
from bench.run.time_use import SAMPLING_STATES
from bench.values import Arm
from bench.workload.declaration import Workload
from ui import services
from ui.run_view.view import draw_run
from ui.views.race.followed_run import DisplayedRun, get_session_run, load_displayed_run

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
            _draw_waiting(displayed.queue_position or 0)
        else:
            draw_run(displayed.run, key=f"{workload.name}-run", live=True)


def draw_other_tab_race(workload: Workload, tab: str) -> None:
    """A message that another tab's race is live. When it ends, the whole page is drawn again."""
    followed = get_session_run(workload)
    if followed is None or not load_displayed_run(followed.run_id).live:
        st.rerun()
    st.info(f"The race of the tab **{tab}** is running. Start another one when it is over.", icon=":material/tab:")


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


def _draw_waiting(position: int) -> None:
    """The queue before a run that has not started."""
    entries = services.get_dispatcher().entries()[:position]
    if not entries:
        st.info("The race is next: its arms are starting.", icon=":material/hourglass_top:")
        return
    names = ", ".join(f"{entry.title} (from the {entry.origin})" for entry in entries)
    st.info(
        f"{names}. One job runs at a time, so that jobs do not disturb each other. Yours starts automatically.",
        title=f"{format_count(position, 'job')} before yours",
        icon=":material/hourglass_top:",
    )
