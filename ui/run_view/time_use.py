"""Where the time of a run went."""

from __future__ import annotations

import streamlit as st

from bench.run.record import Run
from bench.run.time_use import describe_stages, describe_time_use
from ui.charts.timeline import build_timeline_figure
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.run_view.figures import RunChart, draw_chart

LIVE_INTERVAL_S = 2.0
"""Shortest time between two updates of the chart of a live run."""


def draw_time_use(run: Run, key: str, theme: Theme, live: bool) -> None:
    """Stages, activities and samples over time. Nothing for a run without a timeline, and no chart while it is closed.

    A chart that nobody sees would cost the server and the browser time during the race.
    """
    if not run.timeline:
        return
    section = st.expander(
        "Where the time went", icon=":material/view_timeline:", key=f"{key}-time-use", on_change="rerun"
    )
    if not section.open:
        return
    with section:
        st.markdown(f"{escape_markdown(describe_time_use(run))}.")
        chart = RunChart(
            run,
            "timeline",
            theme,
            version=int(run.last_at / LIVE_INTERVAL_S) if live else "over",
            build=lambda: build_timeline_figure(run, theme),
            alt=f"Stages of the run, activities and samples of the arms over time: {describe_stages(run)}",
        )
        draw_chart(chart, key)
