"""Total time on other core counts, and each arm at its best one."""

from __future__ import annotations

import streamlit as st

from bench.claims.best_core_counts import describe_best_ratio, find_best_core_counts
from bench.formatting import format_cores, format_count, format_median
from bench.run.record import Run
from ui.charts.cores import build_cores_figure
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme, arm_name_markdown
from ui.run_view.figures import RunChart, draw_chart


def draw_core_counts(run: Run, key: str, theme: Theme) -> None:
    """An expander; nothing if no other core count was tried or skipped. The chart is drawn when it is opened."""
    if not (run.core_counts or run.skipped_core_counts):
        return
    section = st.expander(
        "Best against best: total time on other core counts",
        icon=":material/memory:",
        key=f"{key}-core-counts",
        on_change="rerun",
    )
    if not section.open:
        return
    with section:
        if run.core_counts:
            _draw_chart(run, key, theme)
        for core_count, why in sorted(run.skipped_core_counts.items()):
            st.markdown(f":material/block: {format_cores(core_count)} not tried: {escape_markdown(why)}.")


def _draw_chart(run: Run, key: str, theme: Theme) -> None:
    chart_column, text_column = st.columns([2, 1], gap="medium", vertical_alignment="center")
    chart = RunChart(
        run,
        "cores",
        theme,
        version=len(run.core_counts),
        build=lambda: build_cores_figure(run, theme),
        alt="Total time against the number of cores, both arms",
    )
    with chart_column:
        draw_chart(chart, key)
    with text_column:
        for arm, best in find_best_core_counts(run.core_counts).items():
            name = arm_name_markdown(arm, run.snapshot.arms[arm], theme)
            count = format_count(best.whole.count, "sample")
            st.markdown(f"{name}: **{format_median(best.whole)}** on {format_cores(best.cores)}, {count}")
        st.markdown(f"Best against best: {describe_best_ratio(run)}")
