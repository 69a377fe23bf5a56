"""A race that waits for its turn: what is before it, and how long such a race takes."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count
from bench.plan.plan import Plan
from bench.scheduler.queue import QueueEntry
from ui import records
from ui.design.markdown import escape_markdown
from ui.history import load_expected_stages

MAX_NAMED_ENTRIES = 4
"""Number of jobs before a race that are named."""


def draw_waiting(position: int, plan: Plan | None) -> None:
    """The jobs before a race that has not started, and how long it will take, if one like it is stored."""
    entries = records.list_entries()[:position]
    took = _describe_duration(plan) if plan else ""
    if not entries:
        st.info(f"The race is next: its arms are starting.{took}", icon=":material/hourglass_top:")
        return
    named = [_describe_entry(entry) for entry in entries[:MAX_NAMED_ENTRIES]]
    names = ", ".join(named) + (f" and {len(entries) - len(named)} more" if len(entries) > len(named) else "")
    st.info(
        f"{names}. One job runs at a time, so that jobs do not disturb each other. Yours starts automatically.{took}",
        title=f"{format_count(position, 'job')} before yours",
        icon=":material/hourglass_top:",
    )


def _describe_entry(entry: QueueEntry) -> str:
    origin = records.describe_origin(entry)
    return escape_markdown(entry.title) + (f" ({origin})" if origin else "")


def _describe_duration(plan: Plan) -> str:
    expected = load_expected_stages(plan)
    return f" A race like this took {sum(expected.values()):.0f} s the last time." if expected else ""
