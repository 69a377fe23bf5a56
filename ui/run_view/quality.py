"""The quality of both arms' results, and how far they agree."""

from __future__ import annotations

import streamlit as st

from bench.formatting import (
    format_agreement,
    format_difference,
    format_measure,
    format_observations,
    measure_label,
)
from bench.run.record import Run
from bench.values.quality import Measure, Quality
from ui.design.markdown import escape_markdown


def draw_quality(run: Run) -> None:
    """Every measure of both arms; nothing if none was measured."""
    if measures := _list_measures(run):
        st.markdown("\n".join(f"- {line}" for line in measures))


def _list_measures(run: Run) -> list[str]:
    """Every measure of both arms, and how far their results agree, as Markdown."""
    if run.quality is None:
        return []
    accelerated = {measure.name: measure for measure in run.quality.accelerated}
    pairs = [(m, accelerated[m.name]) for m in run.quality.baseline if m.name in accelerated]
    return [_format_pair(run.quality, *pair) for pair in pairs] + [
        escape_markdown(format_agreement(measure)) for measure in run.quality.agreement
    ]


def _format_pair(quality: Quality, baseline: Measure, accelerated: Measure) -> str:
    """A measure of both arms with its number of observations and the interval of the difference, as Markdown."""
    label = escape_markdown(measure_label(baseline, accelerated))
    text = f"{label}: {escape_markdown(f'{format_measure(baseline)} | {format_measure(accelerated)}')}"
    observations = escape_markdown(format_observations(baseline))
    if difference := quality.difference(baseline.name):
        return f"{text} ({observations}; {escape_markdown(f'{format_difference(difference)}, {difference.method}')})"
    # Counts and times are no means over observations.
    return f"{text} ({observations})" if baseline.decisive else text
