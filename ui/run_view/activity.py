"""What a live run does apart from taking samples: the activity of each arm, as a line for each."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count, format_ratio_with_interval
from bench.run.events import State
from bench.run.record import Run
from bench.values.base import Arm
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress
from ui.design.theme import Theme, arm_name_markdown

STATES_AFTER_PAIRS = (State.CHECKING, State.CORES, State.NOISE)


def draw_activity(run: Run, theme: Theme) -> None:
    """The measured result if the pairs are complete, and what each arm does, with a progress bar if it is known how far
    it has come. Without an active arm, the stage and its duration; nothing while the arms take samples."""
    comparison = run.comparison()
    if comparison and run.state in STATES_AFTER_PAIRS:
        pairs = format_count(comparison.baseline.count, "pair")
        st.markdown(
            f"**{format_ratio_with_interval(comparison.ratio)}** from {pairs}. "
            "Whether this supports a claim is decided at the end of the run."
        )
    active = [arm for arm in Arm if arm in run.progress]
    for column, arm in zip(st.columns(len(active)) if active else (), active, strict=True):
        text = f"{arm_name_markdown(arm, str(arm), theme)} {escape_markdown(run.progress[arm])}"
        with column:
            if arm in run.progress_shares:
                draw_progress(run.progress_shares[arm], text, f"Progress of the {arm} arm")
            else:
                st.markdown(f":material/progress_activity: {text}")
