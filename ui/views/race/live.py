"""TODO: ui.views.race.live."""

from __future__ import annotations

import streamlit as st

from bench.workload.declaration import Workload
from ui import services
from ui.run_view import view
from ui.views.race.followed_run import DisplayedRun, get_session_run, load_displayed_run

REFRESH_S = 0.5
"""How often the page looks at a race that is on."""


SLOW_REFRESH_S = 1.0
"""The same where the race takes nearly all cores: a browser on this machine then draws on those that are raced on."""


MIN_SPARE_CORES = 2


LIVE_CONTAINER_KEY = "fairlap-live"


NO_FADE_STYLE = f"<style>.st-key-{LIVE_CONTAINER_KEY} [data-stale='true'] {{opacity: 1 !important; transition: none !important}}</style>"
"""Streamlit fades what a redraw has not reached after half a second; beside a race for the cores, it would flicker."""


def draw_other_tab_race(workload: Workload, tab: str) -> None:
    """That another tab's race is on; when it is over, all of the page is drawn anew."""
    if not load_displayed_run(get_session_run(workload).run).live:
        st.rerun()
    st.info(f"The race of **{tab}** is on; see its tab. Another can begin when it is over.", icon=":material/tab:")


def refresh_interval_s(shown: DisplayedRun) -> float:
    """Seconds between two redraws."""
    if shown.run is None:
        return REFRESH_S
    spare = len(shown.run.machine.usable_cores) - shown.run.plan.cores
    return REFRESH_S if spare >= MIN_SPARE_CORES else SLOW_REFRESH_S


def draw_live_run(workload: Workload, run: str, *, waiting: bool) -> None:
    """The race as it goes. When it begins and when it ends, all of the page is drawn anew; then the clock stops."""
    shown = load_displayed_run(run)
    if not shown.live or (waiting and shown.run is not None):
        st.rerun()
    services.get_dispatcher().drawing(run)
    with st.container(key=LIVE_CONTAINER_KEY):
        if shown.run is None:
            _draw_waiting(run, shown.waits or 0)
        else:
            view.draw_run(shown.run, key=f"{workload.name}-run", live=True)


def _draw_waiting(run: str, place: int) -> None:
    """The queue in front of a run that has not begun."""
    entries = services.get_dispatcher().entries()
    in_front = entries[:place]
    if not in_front:
        st.info("Its turn has come: the arms are being started.", icon=":material/hourglass_top:")
        return
    races = "1 race is" if place == 1 else f"{place} races are"
    names = ", ".join(f"{entry.title} (from the {entry.origin})" for entry in in_front)
    st.info(
        f"{names}. One race at a time runs on a machine, so that none disturbs another; yours begins by itself.",
        title=f"{races} in front of yours",
        icon=":material/hourglass_top:",
    )
