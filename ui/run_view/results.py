"""The charts, tables and images of a run."""

from __future__ import annotations

import base64

import pandas as pd
import streamlit as st

from bench.formatting import (
    MIN_PERCENTILE_SAMPLES,
    describe_missing_percentiles,
    describe_percentiles,
    format_estimate,
    format_interval,
    format_median,
    format_percentile,
)
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import Phase
from ui.charts.accuracy import build_accuracy_figure
from ui.charts.distribution import build_distribution_figure
from ui.charts.live_race import PAGE_LAYOUT, Layout, build_live_race_svg, describe_live_race
from ui.charts.race import build_race_figure
from ui.charts.steps import build_steps_figure
from ui.charts.throughput import build_throughput_figure
from ui.design.data_table import draw_data_table
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.tables import escape_table
from ui.design.theme import Theme, arm_name_markdown, arm_style
from ui.run_view.figures import RunChart, draw_chart

RATIO_COLUMN = "ratio"
MIN_P_VALUE = 1e-16
"""Smaller p values are shown as a bound."""


def draw_live_race_chart(run: Run, step: str, theme: Theme) -> None:
    """Samples so far over time, and the ratio, as an image that costs a browser on the cores of the arms little."""
    _draw_race_heading(run, "Samples so far", theme)
    draw_race_image(run, step, theme)


def draw_race_image(run: Run, step: str, theme: Theme, layout: Layout = PAGE_LAYOUT) -> None:
    """The image of `draw_live_race_chart` alone."""
    st.image(build_live_race_svg(run, step, theme, layout), width="stretch", alt=describe_live_race(run, step))


def _draw_race_heading(run: Run, title: str, theme: Theme) -> None:
    arms = ", ".join(arm_name_markdown(arm, run.snapshot.arms[arm], theme) for arm in Arm)
    draw_heading(title, f"{arms}. Warm-up samples are pale. Below: the ratio with its 95 % interval.")


def draw_race_chart(run: Run, step: str, key: str, theme: Theme) -> None:
    """Every sample of a run that is over, and the ratio."""
    if not run.samples:
        return
    _draw_race_heading(run, "All samples", theme)
    count = sum(sample.phase is not Phase.CORES for sample in run.samples)
    chart = RunChart(
        run,
        "race",
        theme,
        version=(step, count, len(run.estimates)),
        build=lambda: build_race_figure(run, step, theme),
        alt=f"Times of {count} samples of both arms over time, and the ratio with its interval",
    )
    draw_chart(chart, key)


def draw_three_charts(run: Run, step: str, key: str, theme: Theme) -> None:
    """Latency, throughput and accuracy, side by side in an expander. They are drawn when it is opened."""
    if not run.statistics:
        return
    section = st.expander(
        "Latency, throughput and accuracy", icon=":material/bar_chart:", key=f"{key}-charts", on_change="rerun"
    )
    if not section.open:
        return
    version = (step, len(run.estimates))
    label = run.snapshot.labels()[step]
    charts = {
        "Latency": RunChart(
            run,
            "latency",
            theme,
            version,
            build=lambda: build_distribution_figure(run, step, theme),
            alt=f"Distribution of the times of {label}, both arms",
        ),
        "Throughput": RunChart(
            run,
            "throughput",
            theme,
            version,
            build=lambda: build_throughput_figure(run, step, theme),
            alt=f"Throughput of {label}, both arms",
        ),
        "Accuracy": RunChart(
            run,
            "accuracy",
            theme,
            version=run.quality is not None,
            build=lambda: build_accuracy_figure(run, theme),
            alt="Accuracy that the accelerated arm keeps, and the limit",
        ),
    }
    for column, (title, chart) in zip(section.columns(3, gap="medium"), charts.items(), strict=True):
        with column:
            draw_heading(title)
            draw_chart(chart, key)
            if title == "Latency":
                _draw_percentiles(run, step, theme)


def _draw_percentiles(run: Run, step: str, theme: Theme) -> None:
    """The percentiles of both arms, or why they are not shown."""
    comparison = run.comparison(step)
    if comparison is None:
        return
    for arm in Arm:
        text = escape_markdown(describe_percentiles(comparison.summary(arm)))
        st.markdown(f":small[{arm_name_markdown(arm, run.snapshot.arms[arm], theme)}: {text}]")


def draw_steps_chart(run: Run, key: str, theme: Theme) -> None:
    """The ratio of every step."""
    draw_heading(
        "Ratio per step", "With 95 % intervals. A star is a published ratio: hover over it to see why ours differs."
    )
    chart = RunChart(
        run,
        "steps",
        theme,
        version=len(run.estimates),
        build=lambda: build_steps_figure(run, theme),
        alt="Ratio of every step with its interval, and published ratios",
    )
    draw_chart(chart, key)


def draw_steps(run: Run, key: str, theme: Theme) -> None:
    """The chart of every step; folded, the table and why the published ratios differ."""
    draw_steps_chart(run, key, theme)
    with st.container(gap="xsmall"):
        with st.expander("Times, ratios and p values of every step", icon=":material/table_rows:"):
            st.table(_build_steps_table(run), border="horizontal", hide_index=True, alt="Times and ratio of every step")
            if run.statistics and (missing := describe_missing_percentiles(run.statistics[0].baseline)):
                st.caption(f"{missing}.")
        _draw_published_ratios(run)


def _draw_published_ratios(run: Run) -> None:
    published_ratios = run.snapshot.published_ratios()
    if not published_ratios:
        return
    labels = run.snapshot.labels()
    with st.expander("Why our ratios differ from the published ones", icon=":material/compare_arrows:"):
        for step, published in published_ratios.items():
            comparison = run.comparison(step)
            measured = f", here {format_estimate(comparison.ratio)}" if comparison else ""
            st.markdown(
                f"**{escape_markdown(labels[step])}**: published {published.ratio:g}x{measured}. "
                f"{escape_markdown(published.why_it_differs)} :gray[:small[{escape_markdown(published.source)}]]"
            )


def _build_steps_table(run: Run) -> pd.DataFrame:
    """One row for the total and for every step."""
    published_ratios = run.snapshot.published_ratios()
    labels = run.snapshot.labels()
    names = dict(run.snapshot.arms)
    if names[Arm.BASELINE] == names[Arm.ACCELERATED]:
        # Columns of a table need different names.
        names[Arm.ACCELERATED] += " again"
    rows = []
    for comparison in run.statistics:
        published = published_ratios.get(comparison.step)
        p_value = comparison.p_value
        times = {f"{arm_style(arm, 'light').glyph} {names[arm]}": format_median(comparison.summary(arm)) for arm in Arm}
        rows.append(
            {"step": labels[comparison.step]}
            | times
            | {
                percentile: " | ".join(format_percentile(comparison.summary(arm), percentile) for arm in Arm)
                for percentile in MIN_PERCENTILE_SAMPLES
                if format_percentile(run.statistics[0].baseline, percentile)
            }
            | {
                RATIO_COLUMN: format_estimate(comparison.ratio),
                "95 % interval": format_interval(comparison.ratio),
                f"p ({run.statistics[-1].p_test})": f"< {MIN_P_VALUE:g}" if p_value < MIN_P_VALUE else f"{p_value:.2g}",
                "cores used": " | ".join(f"{comparison.summary(arm).effective_cores:.2f}" for arm in Arm),
                "published": f"{published.ratio:g}x" if published else "",
            }
        )
    table = escape_table(pd.DataFrame(rows))
    table[RATIO_COLUMN] = [f"**{ratio}**" for ratio in table[RATIO_COLUMN]] if rows else []
    return table


def draw_pictures(run: Run, theme: Theme) -> None:
    """The images that each arm made, one row per arm."""
    if not any(run.pictures.values()):
        return
    draw_heading("Result")
    for arm in Arm:
        pictures = run.pictures.get(arm, [])
        if not pictures:
            continue
        name = run.snapshot.arms[arm]
        st.markdown(arm_name_markdown(arm, name, theme))
        columns = st.columns(max(3, len(pictures)), gap="small")
        for column, picture in zip(columns, pictures, strict=False):
            alt = f"{picture.label}, {name}"
            column.image(
                base64.b64decode(picture.base64), caption=escape_markdown(picture.label), alt=alt, width="stretch"
            )


def draw_tables(run: Run) -> None:
    """The tables that the workload made, each in an expander."""
    for table in run.tables:
        with st.expander(f"{escape_markdown(table.label)} ({len(table.rows)})", icon=":material/table_rows:"):
            if table.rows:
                draw_data_table(pd.DataFrame(table.rows, columns=pd.Index(table.columns)), alt=table.label)
            else:
                st.markdown("No rows.")
