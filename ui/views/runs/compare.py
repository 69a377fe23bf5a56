"""Runs of a plan side by side: what differs in their environments, and how far times and ratios differ."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bench.formatting import format_estimate, format_interval, format_ratio_with_interval, format_time_change
from bench.run.record import Run
from bench.run.run_comparison import RunComparison, compare_runs, list_obstacles
from bench.stats.change import estimate_change
from bench.storage.attempts import format_position
from bench.values.base import Arm
from bench.values.output import Table
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison, Interval
from ui.design.badges import claim_state_badge
from ui.design.browser import detect_theme
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown, quote_code
from ui.design.tables import escape_table
from ui.design.text import format_date_time
from ui.design.theme import arm_name_markdown
from ui.run_view.attempts import load_attempts

NO_CHANGE = "cannot be distinguished"


def draw_comparison(runs: Sequence[Run]) -> None:
    """Runs of one plan, the earliest first, or why they cannot be compared."""
    comparison = _compare(runs)
    if comparison is None:
        return
    for warning in comparison.warnings:
        st.warning(escape_markdown(warning), icon=":material/devices:")
    _draw_environment(comparison)
    first, second, *more = comparison.runs
    if not more:
        _draw_change(first, second, bool(comparison.differences.rows))
    draw_heading(
        "Time of each arm",
        "Medians, and from the second run on their ratio to the first run with its 95 % interval: below 1, the arm got "
        "faster. The intervals are widened for their number.",
    )
    _draw_text_table(comparison.arms)
    if more:
        draw_heading("Ratio of both arms", "And how far it differs from that of the first run.")
        _draw_text_table(comparison.ratios)
    else:
        _draw_steps(first, second)
    _draw_runs(comparison.runs)


def _compare(runs: Sequence[Run]) -> RunComparison | None:
    """None if the runs may not be compared: then the reasons are drawn, and where only the machines differ, a box."""
    reasons = list_obstacles(runs)
    if not reasons:
        return compare_runs(runs)
    st.warning(
        "These runs used different settings or machines, or one of them cannot be used, so their times cannot be "
        "compared. Race the same plan on the same machine.\n"
        + "\n".join(f"- {escape_markdown(text)}" for text in reasons),
        title="These runs cannot be compared",
        icon=":material/compare_arrows:",
    )
    if list_obstacles(runs, different_machines=True):
        return None
    key = "compare-machines-" + "-".join(run.id[:8] for run in runs)
    is_wanted = st.checkbox("Yes, compare different machines", key=key)
    return compare_runs(runs, different_machines=True) if is_wanted else None


def _draw_change(first: Run, second: Run, differ: bool) -> None:
    """What may be said of the change of the total ratio of two runs."""
    totals = first.comparison(), second.comparison()
    if totals[0] and totals[1]:
        st.markdown(_describe_total(totals[0].ratio, totals[1].ratio, differ))
        if any(total.sampling_half_width is None for total in totals if total):
            st.caption(
                ":material/info: The interval of a run of version 0.1.0 leaves out that two processes of one program "
                "differ, so the interval of the change is too narrow."
            )


def _draw_environment(comparison: RunComparison) -> None:
    """The differences, and nothing that is equal."""
    if not comparison.differences.rows:
        st.markdown(":material/check: Same settings, same machine, same software and environment.")
        return
    draw_heading("What differs in the environment", "Each of these may explain a change. Everything else is equal.")
    _draw_text_table(comparison.differences)


def _draw_text_table(content: Table) -> None:
    frame = pd.DataFrame(content.rows, columns=pd.Index(_make_unique(content.columns)))
    st.table(escape_table(frame), border="horizontal", hide_index=True, alt=content.label)


def _make_unique(titles: Sequence[str]) -> list[str]:
    """Columns of a table need different names."""
    return [title + " again" * titles[:position].count(title) for position, title in enumerate(titles)]


def _describe_total(before: Interval, after: Interval, differ: bool) -> str:
    """What may be said of the change of the total ratio, as Markdown."""
    change = estimate_change(before, after)
    factor = f"{format_ratio_with_interval(change)}, 95 % interval"
    if change.includes(1.0):
        return (
            f"**The ratios cannot be distinguished by these two runs.** The second is {factor}, of the first. A change "
            "within this interval would not be detected; longer races make it narrower."
        )
    why = (
        "One or more of the differences above may explain it."
        if differ
        else "No difference of the environment is known that explains it. Race the plan again to see whether it stays."
    )
    direction = "higher" if change.value > 1 else "lower"
    return f"**The ratio of the second run is {direction}**: it is {factor}, of the first. {why}"


def _draw_steps(first: Run, second: Run) -> None:
    """The total and every step that both runs have: the times of each arm, both ratios, and the change."""
    draw_heading(
        "Per step",
        "Medians and ratios, from the first run to the second. The change is the second ratio over the first, with its "
        "95 % interval; the intervals of the steps are widened for their number.",
    )
    pairs = [(one, other) for one in first.statistics if (other := second.comparison(one.step))]
    family = sum(one.step != TOTAL for one, _ in pairs) or 1
    labels, theme = second.snapshot.labels(), detect_theme()
    names = dict(second.snapshot.arms)
    if names[Arm.BASELINE] == names[Arm.ACCELERATED]:
        # Columns of a table need different names.
        names[Arm.ACCELERATED] += " again"
    headings = {arm: arm_name_markdown(arm, names[arm], theme) for arm in Arm}
    rows = [
        {"step": escape_markdown(labels.get(one.step, one.step))}
        | {headings[arm]: escape_markdown(format_time_change(one.summary(arm), other.summary(arm))) for arm in Arm}
        | _describe_ratios(one, other, 1 if one.step == TOTAL else family)
        for one, other in pairs
    ]
    st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Change of the total and of every step")


def _describe_ratios(one: Comparison, other: Comparison, family: int) -> dict[str, str]:
    change = estimate_change(one.ratio, other.ratio, family=family)
    verdict = NO_CHANGE if change.includes(1.0) else "**higher**" if change.value > 1 else "**lower**"
    return {
        "ratio": f"{format_estimate(one.ratio)} → {format_estimate(other.ratio)}",
        "change": f"{format_estimate(change)} ({format_interval(change)})",
        "the ratio": verdict,
    }


def _draw_runs(runs: Sequence[Run]) -> None:
    draw_heading("Both runs" if len(runs) == 2 else "All runs")
    titles = _make_unique([f"{format_date_time(run.started)} {quote_code(run.id[:8])}" for run in runs])
    columns = dict(zip(titles, map(_build_column, runs), strict=True))
    st.table(pd.DataFrame(columns), border="horizontal", alt="The runs: ratio, pairs, claim and attempt")


def _build_column(run: Run) -> dict[str, str]:
    claim, total, attempts = run.claim(), run.comparison(), load_attempts(run)
    return {
        "ratio of the total, 95 % interval": format_ratio_with_interval(total.ratio) if total else "unknown",
        "pairs": str(total.baseline.count) if total else "0",
        "claim": claim_state_badge(claim.state if claim else None),
        "noise at rest": f"{run.noise.score:.1f} % ({run.noise.word})" if run.noise else "unknown",
        "attempt": format_position(attempts) if attempts else "unknown",
    }
