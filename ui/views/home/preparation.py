"""Prepare this machine: what the first races would wait for, made in advance."""

from __future__ import annotations

import streamlit as st

from bench.scheduler.preparation import list_default_plans, list_preparations
from bench.storage.store import StoreError
from ui import services
from ui.components.announcer import draw_job_announcer
from ui.components.preparation import (
    REFRESH_S,
    draw_preparation_rows,
    draw_start_button,
    draw_stop_button,
    find_active_preparations,
    read_unless_busy,
)

IDLE_REFRESH_S = 10.0


def draw_preparation() -> None:
    st.header("Prepare this machine", anchor=False)
    st.markdown("Before a demo: make what the first races would wait for.")
    live = bool(find_active_preparations(list_default_plans(), services.get_dispatcher().entries()))
    text = "The preparation has started." if live else "The preparation has ended."
    draw_job_announcer("preparation", text, live=live, key="preparation-announcer")
    st.fragment(_draw_content, run_every=REFRESH_S if live else IDLE_REFRESH_S)(live)


def _draw_content(was_live: bool) -> None:
    plans = list_default_plans()
    try:
        entries = services.get_dispatcher().entries()
        active = find_active_preparations(plans, entries)
        if bool(active) is not was_live:
            st.rerun()
        preparations = read_unless_busy(
            "home-preparations",
            tuple(active.items()),
            lambda: list_preparations(plans, services.get_store(), services.get_machine()),
            is_idle=not entries,
        )
        draw_preparation_rows(preparations, active)
    except (OSError, StoreError) as error:
        services.draw_store_error(error)
        return
    open_preparations = [entry for entry in preparations if not entry.is_ready and entry.digest not in active]
    st.space("stretch")
    if active:
        draw_stop_button(active, "home-prepare-stop")
    elif open_preparations:
        draw_start_button("Prepare", open_preparations, "home-prepare")
    else:
        st.caption(":material/check: All is ready until the next restart of the machine.")
