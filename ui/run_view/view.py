"""A run, drawn from its record alone: while it runs, when it is over, and when it is opened again.

What matters most comes first: the headline, what the arms produced, the race. The rest is in sections, most of them
folded.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext

import streamlit as st

from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.storage.attempts import append_attempts
from ui.components.claim_card import draw_claim_card
from ui.design.browser import detect_theme
from ui.design.headings import draw_heading
from ui.design.theme import Theme
from ui.run_view.activity import STATES_AFTER_PAIRS, draw_activity
from ui.run_view.attempts import load_attempts
from ui.run_view.core_counts import draw_core_counts
from ui.run_view.environment import draw_environment, draw_origin
from ui.run_view.evidence import draw_evidence, draw_evidence_line
from ui.run_view.header import draw_edited_warning, draw_failure, draw_header, draw_imported_notice
from ui.run_view.headline import draw_headline
from ui.run_view.metrics import draw_metrics
from ui.run_view.next_steps import RaceWith
from ui.run_view.phases import draw_phases
from ui.run_view.quality import draw_quality
from ui.run_view.replay_region import draw_replay_region
from ui.run_view.results import (
    draw_live_race_chart,
    draw_pictures,
    draw_race_chart,
    draw_steps,
    draw_steps_chart,
    draw_tables,
    draw_three_charts,
)
from ui.run_view.samples import draw_samples
from ui.run_view.time_use import draw_time_use

DrawResult = Callable[[Run, str, Theme], None]
"""Draws what the arms of a run produced. The text is a key, unique for each place of a page."""


def draw_run(
    run: Run,
    *,
    key: str,
    live: bool,
    draw_result: DrawResult | None = None,
    draw_more: Callable[[], None] | None = None,
    race_with: RaceWith | None = None,
) -> None:
    """Draw all of `run`, or with `live` what a running race already has. `key` is unique for each place of a page.

    `draw_result` draws the workload's own result, of a live run the part that costs little, and `draw_more` what its
    page adds below the details. `race_with` starts the next race from a button.

    A replay is drawn with its mark everywhere, and without what hands on a run or starts another one.
    """
    theme = detect_theme()
    with draw_replay_region(run) if run.is_replay else nullcontext():
        if not run.is_replay:
            draw_edited_warning(run)
            draw_imported_notice(run)
        if live:
            _draw_live(run, key, theme, draw_result)
        else:
            _draw_over(run, key, theme, draw_result, draw_more, race_with)


def _draw_over(
    run: Run,
    key: str,
    theme: Theme,
    draw_result: DrawResult | None,
    draw_more: Callable[[], None] | None,
    race_with: RaceWith | None,
) -> None:
    """All of a run that is over."""
    # Attempts are those of results.
    attempts = None if run.is_replay else load_attempts(run)
    step = draw_headline(run, attempts, key, theme, race_with)
    draw_failure(run)
    with st.container(key="run-result"):
        if draw_result:
            draw_result(run, f"{key}-result", theme)
        else:
            draw_pictures(run, theme)
    with st.container(key="run-chart"):
        draw_race_chart(run, step, key, theme)
    if run.statistics:
        draw_steps(run, key, theme)
    with st.container(key="run-claim"):
        draw_heading("Claim", "all that this run supports")
        outcome = describe_outcome(run, step)
        sentence = outcome if run.is_replay else append_attempts(outcome, attempts)
        draw_claim_card(sentence, run.claim(step), run.inputs)
    with st.container(key="run-details"):
        _draw_details(run, step, key, theme)
    if draw_more:
        draw_more()
    draw_origin(run)


def _draw_live(run: Run, key: str, theme: Theme, draw_result: DrawResult | None) -> None:
    """What costs a browser on the cores of the arms little, as long as it changes with every pair."""
    with st.container(gap="xsmall"):
        step = draw_header(run, key)
        with st.container(key="run-phases"):
            draw_phases(run)
        draw_metrics(run, step, theme, live=True)
        draw_evidence_line(run, step, key, theme)
        draw_activity(run, theme)
        with st.container(key="run-chart"):
            draw_live_race_chart(run, step, theme)
        if draw_result:
            with st.container(key="run-result"):
                draw_result(run, f"{key}-live-result", theme)
    if run.statistics and run.state in STATES_AFTER_PAIRS:
        draw_steps_chart(run, key, theme)
    draw_time_use(run, key, theme, live=True)


def _draw_details(run: Run, step: str, key: str, theme: Theme) -> None:
    """Folded sections, by what a reader who doubts the claim asks for first."""
    draw_heading("Details")
    with st.container(gap="xsmall"):
        draw_three_charts(run, step, key, theme)
        draw_core_counts(run, key, theme)
        if run.quality:
            with st.expander("Quality and agreement of the results", icon=":material/fact_check:"):
                draw_quality(run)
        if run.evidence:
            with st.expander("Evidence: what the libraries reported", icon=":material/quick_reference_all:"):
                draw_evidence(run, theme)
        draw_tables(run)
        draw_environment(run, key, theme)
        draw_samples(run, step, key, theme)
        draw_time_use(run, key, theme, live=False)
