"""Whether a race could begin now: the jobs that run or wait, else the load of other programs."""

from __future__ import annotations

import time

import streamlit as st

from bench.run.record import Run
from bench.scheduler.queue import QueueEntry
from bench.storage.store import StoreError
from ui import records, services
from ui.components.machine_load import ADVICE, measure_other_load
from ui.design.markdown import escape_markdown

REFRESH_S = 2.0
MAX_SHOWN_ENTRIES = 6
"""Number of jobs that are listed: the gallery of estimators alone may queue more than twenty."""


def remember_queue() -> None:
    """Store the queue as it was when the page was drawn."""
    st.session_state["home_queue"] = [entry.job_id for entry in services.get_dispatcher().entries()]


@st.fragment(run_every=REFRESH_S)
def draw_queue() -> None:
    """If a job has ended since the cards were drawn, the whole page is drawn again."""
    try:
        entries = records.list_entries()
    except OSError as error:
        services.draw_store_error(error)
        return
    if set(st.session_state["home_queue"]) - {entry.job_id for entry in entries}:
        st.rerun()
    remember_queue()
    if not entries:
        _draw_load()
        return
    with st.container(border=True):
        for position, entry in enumerate(entries[:MAX_SHOWN_ENTRIES]):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(_describe_entry(position, entry), width="stretch")
                if link := records.link_to_entry(entry):
                    st.page_link(link.page, label="Open", icon=":material/visibility:", query_params=link.query)
        if (more := len(entries) - MAX_SHOWN_ENTRIES) > 0:
            st.markdown(f":small[and {more} more]")


def _draw_load() -> None:
    load = measure_other_load()
    if load is None:
        st.markdown(
            ":gray[:material/hourglass_empty:] No job runs. A race would start immediately; the load of other programs "
            "is being measured."
        )
        return
    if not load.disturbs:
        st.markdown(":green[:material/check_circle:] **The machine is free.** A race would start immediately.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":orange[:material/warning:] **{load.text}.** A race would start immediately, but its result would be "
            "noisy.",
            width="content",
            help=ADVICE,
        )


def _describe_entry(position: int, entry: QueueEntry) -> str:
    age_s = max(0, time.time() - entry.submitted)
    origin = records.describe_origin(entry)
    note = f":small[· {f'{origin} · ' if origin else ''}for {age_s:.0f} s]"
    if position == 0:
        return f":material/flag: **{escape_markdown(entry.title)}** {_describe_progress(entry.job_id)} {note}"
    place = "next in the queue" if position == 1 else f"{position} before it"
    return f":material/hourglass_empty: **{escape_markdown(entry.title)}** is waiting, {place} {note}"


def _describe_progress(job_id: str) -> str:
    """The state of a job, as far as this user may read it."""
    try:
        record = records.read_status(job_id).record
    except (StoreError, OSError):
        record = None
    if record is None:
        return "is running"
    pairs = f", {record.estimates[-1].pairs} pairs so far" if isinstance(record, Run) and record.estimates else ""
    return f"is {record.state}{pairs}"
