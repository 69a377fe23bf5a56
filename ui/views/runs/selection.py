"""TODO: ui.views.runs.selection."""

from __future__ import annotations

import streamlit as st

from bench.run.events import State
from bench.storage.store import JobRow
from ui.design.badges import claim_badge
from ui.design.text import format_date_time
from ui.views.runs.actions import draw_delete_button, draw_download_buttons, load_run
from ui.views.runs.compare import draw_comparison

ENDED_WORDS: dict[State | str, str] = {
    State.FAILED: "failed",
    State.STOPPED: "was stopped",
    State.INTERRUPTED: "was interrupted",
}


def draw_selection(rows: list[JobRow]) -> None:
    with st.container(border=True):
        if len(rows) == 1:
            _draw_one_selected(rows[0])
        else:
            _draw_several_selected(rows)


def _draw_one_selected(row: JobRow) -> None:
    st.markdown(f"**{row.title}**, {format_date_time(row.started)} {claim_badge(row.claimed)} `{row.id[:8]}`")
    st.markdown(row.sentence or f"It {ENDED_WORDS.get(row.state, 'ended')} before it came to a verdict.")
    run = load_run(row.id)
    with st.container(horizontal=True):
        if run:
            icon = ":material/open_in_full:"
            st.button("Open", icon=icon, type="primary", on_click=_open_run, args=(row.id,), key="runs_open_one")
            draw_download_buttons(run)
        draw_delete_button([row])


def _open_run(run: str) -> None:
    st.query_params["run"] = run


def _draw_several_selected(rows: list[JobRow]) -> None:
    if len(rows) == 2:
        # The earlier one first, in whatever order they were selected.
        runs = [load_run(row.id) for row in sorted(rows, key=lambda row: row.started)]
        if all(runs):
            draw_comparison(*runs)
    else:
        st.markdown(f"**{len(rows)} runs are selected.** Two can be compared.")
    with st.container(horizontal=True):
        draw_delete_button(rows)
