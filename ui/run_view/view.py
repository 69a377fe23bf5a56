"""Everything of a run, drawn from the run alone: while it is on, when it is over, and when it is opened again."""

from __future__ import annotations

import streamlit as st

from bench.run.record import Run
from ui.components import claim_card
from ui.design.browser import detect_theme
from ui.design.headings import draw_heading
from ui.run_view.downloads import draw_downloads
from ui.run_view.environment import draw_environment
from ui.run_view.evidence import draw_evidence_line
from ui.run_view.header import draw_failure, draw_header
from ui.run_view.metrics import draw_metrics
from ui.run_view.results import (
    draw_pictures,
    draw_race_chart,
    draw_steps,
    draw_steps_chart,
    draw_tables,
    draw_three_charts,
)


def draw_run(run: Run, *, key: str, live: bool) -> None:
    """Draw all of `run`. `key` tells apart the places of one page; `live` leaves out what only the end knows."""
    colours = detect_theme()
    with st.container(gap="xsmall"):
        step = draw_header(run, key, live)
        draw_metrics(run, step, colours, live)
        draw_evidence_line(run, step, key, colours)
        if run.failure:
            draw_failure(run)
        draw_race_chart(run, step, key, colours, live)
    if live:
        if run.statistics:
            draw_steps_chart(run, key, colours, live)
        return
    if run.statistics:
        draw_three_charts(run, step, key, colours)
        draw_steps(run, key, colours)
    draw_pictures(run, colours)
    draw_tables(run)
    if found := run.claim(step):
        draw_heading("Claim")
        claim_card.draw_claim_card(found)
    draw_environment(run, key, colours)
    draw_downloads(run, key)
