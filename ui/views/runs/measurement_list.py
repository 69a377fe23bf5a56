"""The lists of stored measurements and sweeps, and what is done with those that are selected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

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

MEASUREMENTS_KEY, SWEEPS_KEY = "measurements", "sweeps"
STATE_COLOURS = {
    State.FINISHED.value: "green",
    State.FAILED.value: "red",
    State.INTERRUPTED.value: "red",
    State.STOPPED.value: "gray",
    "edited": "red",
}


def _draw_table(key: str, noun: str, rows: Sequence[JobRow]) -> list[JobRow]:
    """The table; returns the selected rows. `key` and `noun` are those of the list."""
    ids = [row.id for row in rows]
    st.session_state[f"{key}_shown"] = ids
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
        column_config=_column_config(key),
        # Streamlit keeps a selection by row number, which means other jobs when the rows change.
        column_order=[name for name in frame.columns if name != "case" or any(frame["case"])],
        key=f"{key}_table_{hash(tuple(ids))}",
        on_select="rerun",
        selection_mode="multi-row",
        placeholder="",
        alt=f"{noun.capitalize()}s, the newest first",
    )
    return [rows[number] for number in event.selection.rows if number < len(rows)]


def _column_config(key: str) -> dict:
    config = st.column_config
    return {
        "open": config.ButtonColumn("", key=f"{key}_open", on_click=open_clicked_row, args=(key,), width=36),
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


def _draw_selected(key: str, noun: str, rows: list[JobRow]) -> None:
    if len(rows) > 1:
        st.markdown(f"**{len(rows)} {noun}s are selected.**")
        draw_delete_button(rows)
        return
    row = rows[0]
    title, state = escape_markdown(row.title), escape_markdown(str(row.state))
    st.markdown(f"**{title}**, {format_date_time(row.started)}, {state} {quote_code(row.id[:8])}")
    record = load_record(row.id)
    with st.container(horizontal=True):
        if record:
            icon = ":material/open_in_full:"
            st.button("Open", icon=icon, type="primary", on_click=open_job, args=(row.id,), key=f"{key}_open_one")
            draw_download_buttons(record)
        draw_delete_button([row])


def _make_list(kind: JobKind, key: str, noun: str, choice_filters: Sequence[ChoiceFilter]) -> JobList:
    return JobList(
        kind=kind,
        key=key,
        noun=noun,
        hint="Select one to open, download or delete it.",
        choice_filters=choice_filters,
        draw_table=partial(_draw_table, key, noun),
        draw_selected=partial(_draw_selected, key, noun),
    )


STATE_FILTER = ChoiceFilter("State", "state")
MEASUREMENTS = _make_list(
    JobKind.MEASUREMENT, MEASUREMENTS_KEY, "measurement", (ChoiceFilter("Measurement", "task"), STATE_FILTER)
)
SWEEPS = _make_list(JobKind.SWEEP, SWEEPS_KEY, "sweep", (STATE_FILTER,))
