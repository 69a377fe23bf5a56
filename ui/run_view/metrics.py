"""TODO: ui.run_view.metrics."""

from __future__ import annotations

import streamlit as st

from bench.formatting import (
    format_duration,
    format_four_digits,
    format_interval,
    format_measure,
    format_rate,
    format_ratio,
)
from bench.run.record import Run
from bench.values import Arm, Comparison, Phase
from ui.charts import accuracy
from ui.design import badges, markdown, theme
from ui.design.theme import Theme


def draw_metrics(run: Run, step: str, colours: Theme, live: bool) -> None:
    """Absolute times first, then their ratio, then what was paid for it in quality."""
    comparison = run.comparison(step)
    columns = st.columns([1, 1, 1, 1], gap="small")
    for column, arm in zip(columns, Arm, strict=False):
        with column:
            _draw_arm_metric(run, arm, comparison, colours, live)
    with columns[2]:
        _draw_ratio_metric(run, comparison)
    with columns[3]:
        _draw_quality_metric(run, colours)


def _draw_arm_metric(run: Run, arm: Arm, comparison: Comparison | None, colours: Theme, live: bool) -> None:
    name = run.snapshot.arms[arm]
    label = theme.arm_name_markdown(arm, name, colours)
    if comparison is None:
        waiting = live and run.prepared_arm(arm) is None
        text = run.progress.get(arm) or ("starting" if run.prepared_arm(arm) is None else _describe_warm_up(run, arm))
        st.metric(
            label,
            "–",
            markdown.escape_markdown(text),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            icon="spinner" if waiting else None,
        )
        return
    summary = getattr(comparison, arm)
    st.metric(
        label,
        format_duration(summary.median),
        format_rate(summary.throughput, run.snapshot.unit),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=f"Median of {summary.count} samples; half of them lie between {format_duration(summary.lower_quartile)} and "
        f"{format_duration(summary.upper_quartile)}. Throughput follows from the median.",
    )


def _describe_warm_up(run: Run, arm: Arm) -> str:
    warm = run.samples_of(arm, Phase.WARM_UP) or run.samples_of(arm, Phase.EARLY)
    return f"warm-up, last {format_duration(warm[-1].total_s)}" if warm else "ready"


def _draw_ratio_metric(run: Run, comparison: Comparison | None) -> None:
    if comparison is None:
        word = "no pair" if run.state.over else "no pair yet"
        st.metric("Ratio", "–", word, delta_color="off", delta_arrow="off", border=True, height="stretch")
        return
    ratio = comparison.ratio
    found = run.claim(comparison.step)
    words = format_interval(ratio)
    colour = badges.SPEED_BADGES[found.verdict.speed].colour if found else "gray"
    st.metric(
        "Ratio",
        format_ratio(ratio.value),
        words,
        delta_color=colour,
        delta_arrow="off",
        delta_description=_shorten_speed(found.verdict.speed.value) if found else "95 % interval",
        border=True,
        height="stretch",
        help="Median time of the baseline over median time of the accelerated arm, with its 95 % bootstrap interval. "
        "Above 1 the accelerated arm is faster.",
    )


def _shorten_speed(words: str) -> str:
    return "no difference" if words.startswith("no difference") else words


def _draw_quality_metric(run: Run, colours: Theme) -> None:
    pairs = accuracy.pair_decisive_measures(run)
    settings = {"delta_color": "off", "delta_arrow": "off", "border": True, "height": "stretch"}
    compared = accuracy.list_result_agreement(run)
    if not pairs and compared:
        equal = sum(measure.value == 100 for measure in compared)
        st.metric(
            "Equal results",
            f"{equal} of {len(compared)}",
            "both arms" if equal == len(compared) else "see the table of results",
            **settings,
            help="Steps whose results are the same in both arms, within the tolerance that stands below.",
        )
        return
    if not pairs:
        exact = not run.snapshot.changes_arithmetic
        st.metric(
            "Quality",
            "same" if exact and run.statistics else "–",
            _describe_quality(run, exact),
            **settings,
        )
        return
    baseline, accelerated = pairs[0]
    unit = f" {baseline.unit}" if baseline.unit else ""
    one, other = (format_four_digits(measure.value) for measure in (baseline, accelerated))
    found = run.claim()
    word = f"{found.verdict.accuracy} the limit" if found and found.verdict.accuracy != "not measured" else "both arms"
    more = "".join(f"\n\n{a.label}: {format_measure(a)} and {format_measure(b)}" for a, b in pairs[1:])
    st.metric(
        f"{markdown.escape_markdown(baseline.label)}{unit and f' [{unit.strip()}]'}",
        f"{one} | {other}",
        word,
        **settings,
        help=f"{theme.arm_glyph_markdown(Arm.BASELINE, colours)} baseline | {theme.arm_glyph_markdown(Arm.ACCELERATED, colours)} accelerated; "
        f"the limit is {run.plan.accuracy_limit:.1%} of the baseline's.{more}",
    )


def _describe_quality(run: Run, exact: bool) -> str:
    if exact:
        return "by construction"
    return "not measured" if run.state.over else "not measured yet"
