"""The distribution of the times of one step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import format_duration, format_median, format_percentile
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.values.statistics import Summary
from ui.charts.axes import ARM_ROWS, TimeUnit, build_arms_axis
from ui.charts.labels import build_note, step_time_label
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, arm_style

MAX_DISTRIBUTION_POINTS = 400
"""Most samples per arm that are drawn."""
MIN_BOX_SAMPLES = 20
"""With fewer samples per arm, quartiles say little: all samples are drawn in a row, with a line at the median."""
SHIFT_BELOW_BOX = 0.34
MEDIAN_HALF_LENGTH = 0.3
GOLDEN_RATIO = 0.618034


def build_distribution_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """The samples of each arm, with a box if there are many. Outliers are marked; the statistics include them."""
    comparison = run.comparison(step)
    times = {arm: [sample.seconds(step) for sample in run.samples_of(arm)] for arm in Arm}
    unit = TimeUnit.of_all([seconds for arm in Arm for seconds in times[arm]])
    title = f"{step_time_label(run, step)} [{unit.name}]"
    most = max(len(times[arm]) for arm in Arm)
    if most > MAX_DISTRIBUTION_POINTS:
        title += f"<br>{MAX_DISTRIBUTION_POINTS} of {most:,} samples per arm drawn"
    layout = {
        "showlegend": False,
        "yaxis": build_arms_axis(run),
        "xaxis": {"title": {"text": title}, "nticks": 6},
    }
    if comparison is None:
        return new_figure(theme, height, [], layout | {"annotations": [build_note("No pairs yet", centred=True)]})
    # Percentiles are those of single requests then, and have no place among the means of samples.
    has_requests = all(comparison.summary(arm).requests for arm in Arm)
    if has_requests:
        layout["xaxis"]["title"]["text"] = f"{title}<br>each sample is the mean of its requests"
    limit_s = max(_axis_limit_s(comparison.summary(arm)) for arm in Arm)
    traces: list[dict] = []
    for arm in Arm:
        summary = comparison.summary(arm)
        boxed = len(times[arm]) >= MIN_BOX_SAMPLES
        if boxed:
            traces.append(_box_trace(run, arm, times[arm], summary, unit, theme))
        else:
            traces.append(_median_trace(run, arm, summary, unit, theme))
        row = ARM_ROWS[arm] - (SHIFT_BELOW_BOX if boxed else 0)
        traces += _sample_traces(run, arm, times[arm], summary, unit, theme, limit_s, row)
        if not has_requests:
            traces += _percentile_traces(run, arm, summary, unit, theme, limit_s)
    return new_figure(theme, height, traces, layout)


def _axis_limit_s(summary: Summary) -> float:
    """The time beyond which outliers are drawn at the edge of the axis."""
    return max(summary.upper_quartile + 8 * (summary.upper_quartile - summary.lower_quartile), 1.2 * summary.median)


def _box_trace(run: Run, arm: Arm, times: list[float], summary: Summary, unit: TimeUnit, theme: Theme) -> dict:
    """A box of the run's own statistics, so that it agrees with the tables."""
    style = arm_style(arm, theme)
    outliers = set(summary.outliers)
    inside = [seconds for index, seconds in enumerate(times) if index not in outliers] or [summary.median]
    return {
        "type": "box",
        "orientation": "h",
        "y": [ARM_ROWS[arm]],
        "lowerfence": [unit(min(inside))],
        "q1": [unit(summary.lower_quartile)],
        "median": [unit(summary.median)],
        "q3": [unit(summary.upper_quartile)],
        "upperfence": [unit(max(inside))],
        "width": 0.34,
        "line": {"color": style.colour, "width": 1.8},
        "fillcolor": style.fill,
        "name": run.snapshot.arms[arm],
        "hoverinfo": "skip",
    }


def _median_trace(run: Run, arm: Arm, summary: Summary, unit: TimeUnit, theme: Theme) -> dict:
    """A line across the row of an arm at its median."""
    colour = arm_style(arm, theme).colour
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [unit(summary.median)] * 2,
        "y": [ARM_ROWS[arm] - MEDIAN_HALF_LENGTH, ARM_ROWS[arm] + MEDIAN_HALF_LENGTH],
        "line": {"color": colour, "width": 2.5},
        "name": "median",
        "text": [format_median(summary)] * 2,
        "hovertemplate": f"<b>{run.snapshot.arms[arm]}</b>, median<br>%{{text}}<extra></extra>",
    }


def _sample_traces(
    run: Run,
    arm: Arm,
    times: list[float],
    summary: Summary,
    unit: TimeUnit,
    theme: Theme,
    limit_s: float,
    row: float,
) -> list[dict]:
    """The samples at height `row`: outliers as crosses, those beyond the axis as triangles at its edge."""
    style, name = arm_style(arm, theme), run.snapshot.arms[arm]
    outliers = set(summary.outliers)

    def build_trace(indices: list[int], remark: str, marker: dict) -> dict:
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [unit(min(times[index], limit_s)) for index in indices],
            "y": [row + _jitter(index) for index in indices],
            "text": [format_duration(times[index]) for index in indices],
            "marker": {"color": style.colour} | marker,
            "hovertemplate": f"<b>{name}</b>{remark}<br>%{{text}}<extra></extra>",
        }

    drawn = _choose_samples(len(times), summary.outliers)
    ordinary = [index for index in drawn if index not in outliers]
    visible_outliers = [index for index in drawn if index in outliers and times[index] <= limit_s]
    beyond = [index for index in drawn if times[index] > limit_s]
    traces = [
        build_trace(ordinary, "", {"symbol": style.symbol, "size": 5, "opacity": 0.55}),
        build_trace(visible_outliers, ", outlier", {"symbol": "x-thin-open", "size": 7, "line": {"width": 1.6}}),
        build_trace(beyond, ", outlier beyond the axis", {"symbol": "triangle-right-open", "size": 8}),
    ]
    return [trace for trace in traces if trace["x"]]


def _choose_samples(count: int, outliers: Sequence[int]) -> Sequence[int]:
    """Indices of the samples to draw: all, or evenly spaced ones and the first outliers."""
    if count <= MAX_DISTRIBUTION_POINTS:
        return range(count)
    stride = math.ceil(count / MAX_DISTRIBUTION_POINTS)
    return sorted({*range(0, count, stride), *outliers[:MAX_DISTRIBUTION_POINTS]})


def _percentile_traces(
    run: Run, arm: Arm, summary: Summary, unit: TimeUnit, theme: Theme, limit_s: float
) -> list[dict]:
    """Marks of the 90th and 99th percentile, if there are enough samples of single calls, and they are within the
    axis."""
    style, name = arm_style(arm, theme), run.snapshot.arms[arm]
    return [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": [unit(seconds)],
            "y": [ARM_ROWS[arm] + 0.2],
            "text": [percentile],
            "textposition": "top center",
            "textfont": {"color": style.colour},
            "marker": {"symbol": "triangle-down", "size": 7, "color": style.colour},
            "hovertemplate": f"<b>{name}</b><br>{percentile} {format_duration(seconds)}<extra></extra>",
        }
        for percentile, seconds in (("p90", summary.p90), ("p99", summary.p99))
        if seconds is not None and format_percentile(summary, percentile) and seconds <= limit_s
    ]


def _jitter(index: int) -> float:
    """A vertical offset that separates neighbouring samples and is the same in every drawing."""
    return ((index * GOLDEN_RATIO) % 1 - 0.5) * 0.2
