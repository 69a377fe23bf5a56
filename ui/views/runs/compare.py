"""Two runs of a plan side by side: what differs in their environments, and how far their ratios differ."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bench.formatting import format_estimate, format_interval, format_ratio_with_interval, format_time_change
from bench.run.comparability import Difference, find_differences, find_obstacles
from bench.run.record import Run
from bench.stats.change import estimate_change
from bench.storage.attempts import format_position
from bench.values.base import Arm
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


def draw_comparison(first: Run, second: Run) -> None:
    """Two runs, the earlier one first, or why they cannot be compared."""
    if obstacles := find_obstacles(first, second):
        st.warning(
            "These runs used different settings or machines, or one of them cannot be used, so their times cannot be "
            "compared. Race the same plan twice on the same machine.\n"
            + "\n".join(f"- {escape_markdown(obstacle)}" for obstacle in obstacles),
            title="These two runs cannot be compared",
            icon=":material/compare_arrows:",
        )
        return
    differences = find_differences(first, second)
    _draw_environment(first, second, differences)
    totals = first.comparison(), second.comparison()
    if totals[0] and totals[1]:
        st.markdown(_describe_total(totals[0].ratio, totals[1].ratio, differences))
        if any(total.sampling_half_width is None for total in totals if total):
            st.caption(
                ":material/info: The interval of a run of version 0.1.0 leaves out that two processes of one program "
                "differ, so the interval of the change is too narrow."
            )
    _draw_steps(first, second)
    _draw_runs(first, second)


def _draw_environment(first: Run, second: Run, differences: Sequence[Difference]) -> None:
    """The differences, and nothing that is equal."""
    if not differences:
        st.markdown(":material/check: Same settings, same machine, same software and environment.")
        return
    draw_heading("What differs in the environment", "Each of these may explain a change. Everything else is equal.")
    titles = _column_titles(first, second)
    rows = [{"what": d.name, "first": d.first, "second": d.second} for d in differences]
    frame = escape_table(pd.DataFrame(rows)).rename(columns=dict(zip(("first", "second"), titles, strict=True)))
    st.table(frame, border="horizontal", hide_index=True, alt="Differences of the environment")


def _describe_total(before: Interval, after: Interval, differences: Sequence[Difference]) -> str:
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
        if differences
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


def _draw_runs(first: Run, second: Run) -> None:
    draw_heading("Both runs")
    columns = dict(zip(_column_titles(first, second), map(_build_column, (first, second)), strict=True))
    st.table(pd.DataFrame(columns), border="horizontal", alt="Both runs: ratio, pairs, claim and attempt")


def _column_titles(first: Run, second: Run) -> tuple[str, str]:
    titles = [f"{format_date_time(run.started)} {quote_code(run.id[:8])}" for run in (first, second)]
    if titles[0] == titles[1]:
        # Columns of a table need different names.
        titles[1] += " again"
    return titles[0], titles[1]


def _build_column(run: Run) -> dict[str, str]:
    claim, total, attempts = run.claim(), run.comparison(), load_attempts(run)
    return {
        "ratio of the total, 95 % interval": format_ratio_with_interval(total.ratio) if total else "unknown",
        "pairs": str(total.baseline.count) if total else "0",
        "claim": claim_state_badge(claim.state if claim else None),
        "noise at rest": f"{run.noise.score:.1f} % ({run.noise.word})" if run.noise else "unknown",
        "attempt": format_position(attempts) if attempts else "unknown",
    }
