"""Two runs side by side."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.formatting import format_duration, format_ratio_with_interval
from bench.run.comparability import find_differences
from bench.run.record import Run
from bench.storage.attempts import format_position
from bench.values import Arm, Comparison, Summary
from ui.design.badges import claim_badge
from ui.design.browser import detect_theme
from ui.design.text import format_date_time
from ui.design.theme import arm_name_markdown
from ui.run_view.attempts import load_attempts


def draw_comparison(first: Run, second: Run) -> None:
    """The totals of two runs of the same plan on the same machine, or why the runs cannot be compared."""
    reasons = find_differences(first, second)
    if reasons:
        st.warning(
            "They differ in conditions that change the times. Run the same plan on the same machine.\n"
            + "\n".join(f"- {reason}" for reason in reasons),
            title="These two runs cannot be compared",
            icon=":material/compare_arrows:",
        )
        return
    totals = [(run, run.comparison()) for run in (first, second)]
    columns = {_column_title(run): _build_column(run, total) for run, total in totals if total}
    intervals = [total.ratio for _, total in totals if total]
    if len(intervals) < len(totals):
        st.info("At least one of these runs has no pairs, so there is nothing to compare.", icon=":material/info:")
        return
    st.markdown("**Total, side by side**")
    st.table(
        pd.DataFrame(columns), border="horizontal", alt="Two runs side by side: medians of both arms and their ratio"
    )
    if intervals[0].high < intervals[1].low or intervals[1].high < intervals[0].low:
        st.caption("The intervals of the two ratios do not overlap: something changed between the runs.")
    else:
        st.caption("The intervals of the two ratios overlap: no change can be detected between the runs.")


def _column_title(run: Run) -> str:
    return f"{format_date_time(run.started)} `{run.id[:8]}`"


def _build_column(run: Run, total: Comparison) -> dict[str, str]:
    claim, attempts = run.claim(), load_attempts(run)
    times = {
        arm_name_markdown(arm, run.snapshot.arms[arm], detect_theme()): _format_median(total.summary(arm))
        for arm in Arm
    }
    return times | {
        "ratio, 95 % interval": f"**{format_ratio_with_interval(total.ratio)}**",
        "pairs": str(total.baseline.count),
        "claim": claim_badge(claim.made if claim else None),
        "attempt": format_position(attempts) if attempts else "not known",
    }


def _format_median(summary: Summary) -> str:
    quartiles = f"{format_duration(summary.lower_quartile)} to {format_duration(summary.upper_quartile)}"
    return f"**{format_duration(summary.median)}**, middle half {quartiles}"
