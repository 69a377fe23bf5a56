"""The headline of a run that is over: what it found, how much, whether to believe it, and what to do next."""

from __future__ import annotations

import streamlit as st

from bench.claims.best_step import find_best_step, find_headline_step
from bench.claims.headline import Headline, write_headline
from bench.run.record import Run
from bench.storage.attempts import AttemptSummary
from bench.values.samples import TOTAL
from ui.design.badges import claim_state_badge
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.run_view.evidence import draw_evidence_line
from ui.run_view.header import STATE_BADGES, consume_step_link, describe_progress, draw_step_choice, step_key
from ui.run_view.metrics import draw_metrics
from ui.run_view.next_steps import RaceWith, draw_next_steps
from ui.run_view.share import draw_share_button

STYLE = """<style>
[class*="-headline"] h2 {font-size: 1.75rem; line-height: 1.25; padding: 0.1rem 0 0.2rem; text-wrap: balance}
[class*="-headline"] [data-testid="stMetric"] {border: none}
[class*="-headline"] [data-testid="stMetric"] > div {padding: 0}
[class*="-headline"] [data-testid="stMetricValue"] {font-size: 1.35rem}
@media (max-width: 40rem) {[class*="-headline"] h2 {font-size: 1.4rem}}
</style>"""


def draw_headline(run: Run, attempts: AttemptSummary | None, key: str, theme: Theme, race_with: RaceWith | None) -> str:
    """Draw the headline of the selected step and of the whole. Returns the selected step, or TOTAL.

    At first the step that gained most by a claim is selected, else the whole; of an application, always the whole.
    """
    _select_best_step(run, key)
    st.html(STYLE)
    with st.container(border=True, key=f"{key}-headline", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            badges = st.container(width="content")
            with st.container(horizontal=True, vertical_alignment="center", width="content"):
                step = draw_step_choice(run, key)
                if not run.is_replay:
                    draw_share_button(run, attempts, step, key)
        headline = write_headline(run, step)
        state = STATE_BADGES[run.state].markdown(run.state)
        badges.markdown(f"{claim_state_badge(headline.state)} {state} :gray[:small[{describe_progress(run)}]]")
        st.markdown(f"## {escape_markdown(headline.sentence)}")
        other = _find_other_step(run, step)
        if other is not None:
            second = write_headline(run, other)
            label = run.snapshot.labels()[other]
            name = f"{label[:1].upper()}{label[1:]}"
            # A sentence about a step may begin with its name.
            prefix = "" if second.sentence.startswith(f"{name} ") else f":gray[{escape_markdown(name)}:] "
            st.markdown(f"{prefix}{escape_markdown(second.sentence)} {claim_state_badge(second.state)}")
        draw_metrics(run, step, theme, live=False)
        draw_evidence_line(run, step, key, theme)
        _draw_reason(headline)
        if not run.is_replay:
            draw_next_steps(run, headline.next_steps, key, step_key(key), race_with)
    return step


def _draw_reason(headline: Headline) -> None:
    if headline.reason:
        st.markdown(f":material/info: {escape_markdown(headline.reason)}")


def _find_other_step(run: Run, step: str) -> str | None:
    """What has the second sentence: the total if a step is selected, else the step that gained most."""
    if step != TOTAL:
        return TOTAL
    return find_best_step(run)


def _select_best_step(run: Run, key: str) -> None:
    """Select the step that gained most, or the total of an application, once for a run that is over, unless a link to
    it named a step or the total, or the user has selected a step while the run was live."""
    is_from_link = consume_step_link(key, run.id)
    seen_key = f"{key}-headline-of"
    if st.session_state.get(seen_key) == run.id:
        return
    st.session_state[seen_key] = run.id
    selected = st.session_state.get(step_key(key), TOTAL)
    is_chosen = is_from_link or selected != TOTAL
    # A step that this run has not timed was selected for another run.
    if not is_chosen or selected not in run.list_timed_labels():
        st.session_state[step_key(key)] = find_headline_step(run) or TOTAL
