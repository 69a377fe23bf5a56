"""TODO: ui.views.runs.compare."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.formatting import format_duration
from bench.run.comparability import find_differences
from bench.run.record import Run
from bench.values import Arm, Summary
from ui.design import browser, theme
from ui.design.badges import claim_badge
from ui.design.text import format_date_time, format_optional_ratio


def draw_comparison(one: Run, other: Run) -> None:
    reasons = find_differences(one, other)
    if reasons:
        st.warning(
            "They differ in what moves the times by itself. Race both with the same plan on the same machine.\n"
            + "\n".join(f"- {reason}" for reason in reasons),
            title="These two runs may not be compared",
            icon=":material/compare_arrows:",
        )
        return
    st.markdown("**The whole, side by side**")
    frame = pd.DataFrame(
        {f"{format_date_time(run.started)} `{run.id[:8]}`": _build_column(run) for run in (one, other)}
    )
    st.table(frame, border="horizontal", alt="Two runs side by side: medians of both arms and their ratio")
    ratios = [run.comparison().ratio for run in (one, other)]
    excluded_from_total = ratios[0].high < ratios[1].low or ratios[1].high < ratios[0].low
    st.caption(
        "The intervals of the two ratios do not overlap: something changed between the runs."
        if excluded_from_total
        else "The intervals of the two ratios overlap: the runs agree within what they can tell."
    )


def _build_column(run: Run) -> dict[str, str]:
    comparison, claim = run.comparison(), run.claim()
    ratio = comparison.ratio
    arms = run.snapshot.arms
    return {
        theme.arm_name_markdown(Arm.BASELINE, arms[Arm.BASELINE], browser.detect_theme()): _format_median(
            comparison.baseline
        ),
        theme.arm_name_markdown(Arm.ACCELERATED, arms[Arm.ACCELERATED], browser.detect_theme()): _format_median(
            comparison.accelerated
        ),
        "ratio, 95 % interval": f"**{format_optional_ratio(ratio.value, ratio.low, ratio.high)}**",
        "pairs": str(comparison.baseline.count),
        "claim": claim_badge(claim.made if claim else None),
    }


def _format_median(summary: Summary) -> str:
    quartiles = f"{format_duration(summary.lower_quartile)} to {format_duration(summary.upper_quartile)}"
    return f"**{format_duration(summary.median)}**, middle half {quartiles}"
