"""The history of a plan above the list of its runs."""

from __future__ import annotations

import streamlit as st

from bench.storage.plan_history import MAX_HISTORY_RUNS, build_history, filter_history
from ui import records
from ui.charts.plan_history import build_history_figure
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown

MIN_DRAWN_RUNS = 3


def draw_plan_history(digest: str) -> None:
    """The chart of the newest runs of a plan on the machine of the newest one, and the steps; nothing for few runs.

    Raises StoreError.
    """
    rows = records.list_rows(limit=MAX_HISTORY_RUNS, **filter_history(digest))
    history = build_history(rows, records.load_record)
    if len(history.rows) < MIN_DRAWN_RUNS:
        return
    theme = detect_theme()
    draw_heading(
        "History",
        "Runs of this plan on one machine, the earliest first. A step change is a run since which the times are others "
        "than before; it is tested so that 1 % of histories without one show one.",
    )
    draw_figure(
        build_history_figure(history, theme), key="plan-history", alt=f"Times and ratio of {len(history.rows)} runs"
    )
    lines = [history.summary, *(step.text for step in history.steps)]
    st.markdown("\n".join(f"- {escape_markdown(line)}" for line in lines))
