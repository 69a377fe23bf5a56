"""A run, drawn from its record alone: while it runs, when it is over, and when it is opened again."""

from __future__ import annotations

import streamlit as st

from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.storage.attempts import append_attempts
from ui.components.claim_card import draw_claim_card
from ui.design.browser import detect_theme
from ui.design.headings import draw_heading
from ui.run_view.activity import STATES_AFTER_PAIRS, draw_activity
from ui.run_view.attempts import load_attempts
from ui.run_view.downloads import draw_downloads
from ui.run_view.environment import draw_environment
from ui.run_view.evidence import draw_evidence_line
from ui.run_view.header import draw_failure, draw_header
from ui.run_view.metrics import draw_metrics
from ui.run_view.results import (
    draw_live_race_chart,
    draw_pictures,
    draw_race_chart,
    draw_steps,
    draw_steps_chart,
    draw_tables,
    draw_three_charts,
)
from ui.run_view.time_use import draw_time_use


def draw_run(run: Run, *, key: str, live: bool) -> None:
    """Draw all of `run`, or with `live` what a running race already has. `key` is unique for each place of a page."""
    theme = detect_theme()
    with st.container(gap="xsmall"):
        step = draw_header(run, key, live)
        draw_metrics(run, step, theme, live)
        draw_evidence_line(run, step, key, theme)
        draw_failure(run)
        if live:
            draw_activity(run, theme)
            draw_live_race_chart(run, step, theme)
        else:
            draw_race_chart(run, step, key, theme)
    if live:
        # It costs a browser on the cores of the arms too much while it changes with every pair.
        if run.statistics and run.state in STATES_AFTER_PAIRS:
            draw_steps_chart(run, key, theme)
        draw_time_use(run, key, theme, live)
        return
    if run.statistics:
        draw_three_charts(run, step, key, theme)
        draw_steps(run, key, theme)
    draw_pictures(run, theme)
    draw_tables(run)
    attempts = load_attempts(run)
    draw_heading("Claim")
    draw_claim_card(append_attempts(describe_outcome(run, step), attempts), run.claim(step))
    draw_time_use(run, key, theme, live)
    draw_environment(run, key, theme)
    draw_downloads(run, attempts, key)
