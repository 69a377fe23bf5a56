"""The list of stored measurements, and what is done with those that are selected."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bench.run.events import State
from bench.run.job import JobKind
from bench.storage.job_row import JobRow
from ui.access.identity import find_visitor
from ui.design.markdown import escape_markdown, quote_code
from ui.design.text import format_date_time
from ui.views.runs.actions import draw_delete_button, draw_download_buttons, load_record, open_clicked_row, open_job
from ui.views.runs.job_list import ChoiceFilter, JobList, describe_requester

KEY = "measurements"
STATE_COLOURS = {
    State.FINISHED.value: "green",
    State.FAILED.value: "red",
    State.INTERRUPTED.value: "red",
    State.STOPPED.value: "gray",
    "edited": "red",
}


def _draw_table(rows: Sequence[JobRow]) -> list[JobRow]:
    """The table; returns the selected rows."""
    ids = [row.id for row in rows]
    st.session_state[f"{KEY}_shown"] = ids
    visitor = find_visitor()
    frame = pd.DataFrame(
        {
            "open": [":material/open_in_full:"] * len(rows),
            "when": [row.started for row in rows],
            "measurement": [row.title for row in rows],
            "case": [row.case_label for row in rows],
            "state": [["edited"] * row.edited + [str(row.state)] for row in rows],
            "cores": [row.cores for row in rows],
            "origin": [row.origin for row in rows],
            "requester": [describe_requester(row, visitor) for row in rows],
            "machine": [row.machine for row in rows],
        }
    )
    event = st.dataframe(
        frame,
        hide_index=True,
        height="auto",
        column_config=_column_config(),
        # Streamlit keeps a selection by row number, which means other jobs when the rows change.
        column_order=[name for name in frame.columns if name != "case" or any(frame["case"])],
        key=f"{KEY}_table_{hash(tuple(ids))}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt="Measurements, the newest first",
    )
    return [rows[number] for number in event.selection.rows if number < len(rows)]


def _column_config() -> dict:
    config = st.column_config
    return {
        "open": config.ButtonColumn("", key=f"{KEY}_open", on_click=open_clicked_row, args=(KEY,), width=36),
        "when": config.DatetimeColumn("When", format="D MMM YY, HH:mm", timezone=st.context.timezone, width=118),
        "measurement": config.TextColumn("Measurement", width=230),
        "case": config.TextColumn("Case", width=130),
        "state": config.MultiselectColumn(
            "State", options=list(STATE_COLOURS), color=list(STATE_COLOURS.values()), width=96
        ),
        "cores": config.NumberColumn("Cores", width=58),
        "origin": config.TextColumn("Origin", width=104, help="Where the measurement was started."),
        "requester": config.TextColumn("By", width=90, help="Name of the person who started it."),
        "machine": config.TextColumn("Machine"),
    }


def _draw_selected(rows: list[JobRow]) -> None:
    if len(rows) > 1:
        st.markdown(f"**{len(rows)} measurements are selected.**")
        draw_delete_button(rows)
        return
    row = rows[0]
    title, state = escape_markdown(row.title), escape_markdown(str(row.state))
    st.markdown(f"**{title}**, {format_date_time(row.started)}, {state} {quote_code(row.id[:8])}")
    record = load_record(row.id)
    with st.container(horizontal=True):
        if record:
            icon = ":material/open_in_full:"
            st.button("Open", icon=icon, type="primary", on_click=open_job, args=(row.id,), key=f"{KEY}_open_one")
            draw_download_buttons(record)
        draw_delete_button([row])


MEASUREMENTS = JobList(
    kind=JobKind.MEASUREMENT,
    key=KEY,
    noun="measurement",
    hint="Select one to open, download or delete it.",
    choice_filters=(ChoiceFilter("Measurement", "task"), ChoiceFilter("State", "state")),
    draw_table=_draw_table,
    draw_selected=_draw_selected,
)
