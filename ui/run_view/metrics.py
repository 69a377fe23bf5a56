"""The four figures of a run: both times, their ratio, and the quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from bench.claims.headline import is_only_undetected
from bench.formatting import (
    format_count,
    format_difference,
    format_duration,
    format_estimate,
    format_interval,
    format_measure,
    format_median,
    format_observations,
    format_percent,
    format_rate,
    format_score_pair,
)
from bench.run.events import State
from bench.run.outcome import count_pairs, measure_pair_times_s
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import Accuracy, Claim
from bench.values.quality import LossKind, Measure
from bench.values.samples import TOTAL, Phase
from ui.charts.accuracy import MeasurePair, list_result_agreement, pair_decisive_measures
from ui.design.badges import NOT_DETECTED, SPEED_BADGES, BadgeColour
from ui.design.markdown import escape_markdown
from ui.design.marking import current_mark
from ui.design.theme import Theme, arm_glyph_markdown, arm_name_markdown

NO_VALUE = "–"
METRICS_KEY = "run-metrics"
"""Key of the container of the cards. `ui.design.page_style` draws them two in a row where four would be cut."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A value with a label above and a note below it, all as Markdown."""

    label: str
    value: str
    note: str
    colour: BadgeColour | Literal["off"] = "off"
    """Of the note."""
    description: str | None = None
    """What the note is."""
    help_text: str | None = None
    icon: str | None = None

    def draw(self, *, has_help: bool = True) -> None:
        """Draw it as a card; without `has_help`, without its tooltip."""
        label, help_text = self.label, self.help_text if has_help else None
        if mark := escape_markdown(current_mark()):
            label = f"{label} :violet[:small[{mark}]]"
            help_text = f"{mark}. {help_text or ''}".rstrip() if has_help else None
        st.metric(
            label,
            self.value,
            self.note,
            delta_color=self.colour,
            delta_arrow="off",
            delta_description=self.description,
            border=True,
            height="stretch",
            help=help_text,
            icon=self.icon,
        )


def draw_metrics(run: Run, step: str, theme: Theme, live: bool) -> None:
    """Absolute times first, then their ratio, then the quality."""
    metrics = [*(build_time(run, arm, step, theme, live) for arm in Arm), build_ratio(run, step)]
    metrics.append(build_quality(run, theme))
    with st.container(key=METRICS_KEY):
        columns = st.columns(len(metrics), gap="small")
    for column, metric in zip(columns, metrics, strict=True):
        with column:
            metric.draw()


def build_time(run: Run, arm: Arm, step: str, theme: Theme, live: bool) -> Metric:
    """The median of an arm for a step or the total; of a race without a complete pair, what is known so far."""
    comparison = run.comparison(step)
    label = arm_name_markdown(arm, run.snapshot.arms[arm], theme)
    if comparison is None and (times_s := measure_pair_times_s(run, step)):
        return Metric(label, format_duration(times_s[arm]), f"of {format_count(count_pairs(run), 'pair')}")
    if comparison is None:
        preparing = run.prepared_arm(arm) is None
        status = "preparing" if preparing else _describe_last_sample(run, arm)
        return Metric(label, NO_VALUE, status, icon="spinner" if live and preparing else None)
    summary = comparison.summary(arm)
    up_to = "up to " if step == TOTAL else ""
    noun = "requests" if summary.requests else "calls"
    calls = f", each the mean of {up_to}{summary.calls:,} {noun}" if summary.calls > 1 else ""
    return Metric(
        label,
        format_median(summary),
        escape_markdown(format_rate(summary.throughput, run.snapshot.unit)),
        help_text=f"Median of {format_count(summary.count, 'sample')}{calls}; the quartiles are "
        f"{format_duration(summary.lower_quartile)} and {format_duration(summary.upper_quartile)}. The throughput is "
        "computed from the median.",
    )


def _describe_last_sample(run: Run, arm: Arm) -> str:
    """The last time of an arm before its first complete pair."""
    for phase, name in ((Phase.RACE, "last"), (Phase.WARM_UP, "warm-up, last"), (Phase.EARLY, "first call")):
        if samples := run.samples_of(arm, phase):
            return f"{name} {format_duration(samples[-1].total_s)}"
    return "ready"


def build_ratio(run: Run, step: str) -> Metric:
    """The ratio of a step or the total with its interval."""
    comparison = run.comparison(step)
    if comparison is None:
        pairs = count_pairs(run)
        few = f"{format_count(pairs, 'pair')}, too few" if pairs else "no pairs"
        return Metric("Ratio", NO_VALUE, few if run.state.over else f"{few} yet")
    claim = run.claim(comparison.step)
    colour, description = "gray", "95 % interval"
    if claim:
        speed = claim.verdict.speed
        # Without a claim, the ratio of the medians is not a finding that one arm is faster.
        colour = SPEED_BADGES[speed].colour if claim.made else "gray"
        description = speed.value if claim.made else _describe_refusal(claim)
    return Metric(
        "Ratio",
        format_estimate(comparison.ratio),
        format_interval(comparison.ratio),
        colour=colour,
        description=description,
        help_text="Median time of the baseline divided by median time of the accelerated arm, with its 95 % "
        "interval. Above 1, the accelerated arm is faster. Not detected: no difference was detected, and nothing else "
        "refuses the claim.",
    )


def _describe_refusal(claim: Claim) -> str:
    is_undetected = is_only_undetected(finding.rule for finding in claim.refusals)
    return NOT_DETECTED if is_undetected else "no claim"


def build_quality(run: Run, theme: Theme) -> Metric:
    """The quality of both arms' results, or how far they agree."""
    pairs = pair_decisive_measures(run)
    if pairs:
        return _build_measure(run, pairs, theme)
    if agreement := list_result_agreement(run):
        equal = sum(measure.value == 100 for measure in agreement)
        return Metric(
            "Equal results",
            f"{equal} of {len(agreement)}",
            "all steps" if equal == len(agreement) else "see the results table",
            help_text="Steps with the same results in both arms, within the tolerance given below.",
        )
    if run.snapshot.changes_arithmetic:
        return Metric("Quality", NO_VALUE, _describe_missing_quality(run))
    return Metric("Quality", "same" if run.statistics else NO_VALUE, "same arithmetic")


def _describe_missing_quality(run: Run) -> str:
    if run.state.over:
        return "not measured"
    return "being measured" if run.state is State.CHECKING else "measured after the pairs"


def _describe_difference(run: Run, measure: Measure) -> str:
    difference = run.quality.difference(measure.name) if run.quality else None
    if difference is None:
        return "" if measure.loss is LossKind.EQUALITY else "The number of observations is not known."
    return f"{format_observations(measure)}: {format_difference(difference)} ({difference.method})."


def _build_measure(run: Run, pairs: list[MeasurePair], theme: Theme) -> Metric:
    """The first decisive measure of both arms, in few digits because the card holds two. The others are in the help."""
    baseline, accelerated = pairs[0]
    claim = run.claim()
    note = "both arms"
    if claim and claim.verdict.accuracy is not Accuracy.NOT_MEASURED:
        verdict = claim.verdict.accuracy
        note = "interval reaches beyond the limit" if verdict is Accuracy.UNDECIDED else f"{verdict} the limit"
    unit = f" [{baseline.unit}]" if baseline.unit else ""
    glyphs = {arm: arm_glyph_markdown(arm, theme) for arm in Arm}
    others = "".join(
        "\n\n" + escape_markdown(f"{first.label}: {format_measure(first)} and {format_measure(second)}")
        for first, second in pairs[1:]
    )
    return Metric(
        escape_markdown(baseline.label + unit),
        " | ".join(format_score_pair(baseline.value, accelerated.value)),
        note,
        help_text=f"{glyphs[Arm.BASELINE]} baseline | {glyphs[Arm.ACCELERATED]} accelerated. "
        f"{escape_markdown(_describe_difference(run, baseline))} The limit is a loss of "
        f"{format_percent(1 - run.plan.accuracy_limit)}.{others}",
    )
