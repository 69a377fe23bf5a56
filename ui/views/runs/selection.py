"""The races that are selected in the list: one to open, download or delete, or several to compare."""

from __future__ import annotations

import streamlit as st

from bench.run.record import Run
from bench.storage.attempts import append_attempts
from bench.storage.job_row import JobRow
from ui import services
from ui.design.badges import claim_state_badge
from ui.design.markdown import escape_markdown, quote_code
from ui.design.text import format_date_time
from ui.run_view.report_form import MAX_REPORTED_RUNS, draw_report_button
from ui.views.runs.actions import (
    draw_delete_button,
    draw_download_buttons,
    load_record,
    open_comparison,
    open_job,
)
from ui.views.runs.compare import draw_comparison


def draw_selection(rows: list[JobRow]) -> None:
    if len(rows) == 1:
        _draw_selected(rows[0])
    else:
        _draw_several_selected(rows)


def _draw_selected(row: JobRow) -> None:
    title, claim = escape_markdown(row.title), claim_state_badge(row.claim_state)
    st.markdown(f"**{title}**, {format_date_time(row.started)} {claim} {quote_code(row.id[:8])}")
    attempts = services.get_store().summarize_attempts(row)
    st.markdown(escape_markdown(append_attempts(row.race_sentence, attempts)))
    record = load_record(row.id)
    with st.container(horizontal=True):
        if record:
            icon = ":material/open_in_full:"
            st.button("Open", icon=icon, type="primary", on_click=open_job, args=(row.id,), key="runs_open_one")
            draw_download_buttons(record)
            if isinstance(record, Run):
                draw_report_button([record], "runs_one")
        draw_delete_button([row])


def _draw_several_selected(rows: list[JobRow]) -> None:
    # The earliest first, whatever the order of the selection.
    rows = sorted(rows, key=lambda row: row.started)
    runs: list[Run] = []
    if len(rows) <= MAX_REPORTED_RUNS:
        runs = [record for row in rows if isinstance(record := load_record(row.id), Run)]
    is_complete = len(runs) == len(rows)
    if len(rows) == 2 and is_complete:
        draw_comparison(runs)
    elif len(rows) > 2:
        st.markdown(f"**{len(rows)} runs are selected.** A comparison or a report has at most {MAX_REPORTED_RUNS}.")
    with st.container(horizontal=True):
        if is_complete:
            st.button(
                "Open comparison",
                icon=":material/open_in_full:",
                type="primary",
                on_click=open_comparison,
                args=tuple(row.id for row in rows),
                key="runs_open_comparison",
            )
        if runs:
            draw_report_button(runs, "runs_several")
        draw_delete_button(rows)
