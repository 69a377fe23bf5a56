"""TODO: ui.charts.distribution.build_distribution_figure."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from bench.formatting import format_duration
from bench.run.record import Run
from bench.values import TOTAL, Arm, Summary
from ui.charts.axes import ARM_ROWS, TimeUnit, build_arms_axis, typical_value
from ui.charts.labels import arm_label, build_note, step_time_label
from ui.design import plotly_template
from ui.design.theme import Theme, arm_style

MAX_DISTRIBUTION_POINTS = 400
"""Samples an arm that the distribution draws."""


def build_distribution_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """Box and points of both arms; outliers are marked, and none is left out of the statistics."""
    comparison = run.comparison(step)
    times = {arm: [sample.seconds(step) for sample in run.samples_of(arm)] for arm in Arm}
    unit = TimeUnit.of(typical_value([seconds for series in times.values() for seconds in series]))
    layout = plotly_template.base_layout(height) | {
        "showlegend": False,
        "yaxis": build_arms_axis(run),
        "xaxis": {"title": {"text": f"{step_time_label(run, step)} [{unit.name}]"}, "zeroline": False, "nticks": 6},
    }
    traces: list[dict] = []
    if comparison is None:
        layout["annotations"] = [build_note("No pair yet", middle=True)]
        return go.Figure({"data": traces, "layout": layout})
    edge = max(_axis_edge_s(getattr(comparison, arm)) for arm in Arm)
    for arm in Arm:
        summary = getattr(comparison, arm)
        traces += [_box_trace(run, arm, times[arm], summary, unit, theme)]
        traces += _strip_traces(run, arm, times[arm], summary, unit, theme, edge)
    if any(len(series) > MAX_DISTRIBUTION_POINTS for series in times.values()):
        count = max(len(series) for series in times.values())
        layout["xaxis"]["title"]["text"] += f"<br><sub>{MAX_DISTRIBUTION_POINTS} of {count:,} points an arm drawn</sub>"
    return go.Figure({"data": traces, "layout": layout})


def _axis_edge_s(summary: Summary) -> float:
    """The time beyond which an outlier stands on the edge of the axis."""
    return max(summary.upper_quartile + 8 * (summary.upper_quartile - summary.lower_quartile), 1.2 * summary.median)


def _box_trace(run: Run, arm: Arm, times: list[float], summary: Summary, unit: TimeUnit, theme: Theme) -> dict:
    """The box from the run's own statistics, so that its numbers are those of the tables."""
    look = arm_style(arm, theme)
    outliers = set(summary.outliers)
    inside = [seconds for place, seconds in enumerate(times) if place not in outliers] or [summary.median]
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
        "line": {"color": look.colour, "width": 1.8},
        "fillcolor": look.soft,
        "name": arm_label(run, arm),
        "hoverinfo": "skip",
    }


def _strip_traces(
    run: Run, arm: Arm, times: list[float], summary: Summary, unit: TimeUnit, theme: Theme, edge: float
) -> list[dict]:
    """Every sample below its box; outliers as crosses, those beyond the axis as triangles on its edge; percentiles."""
    look, name, row = arm_style(arm, theme), arm_label(run, arm), ARM_ROWS[arm]
    outliers = set(summary.outliers)
    places = range(len(times))
    if len(times) > MAX_DISTRIBUTION_POINTS:
        stride = math.ceil(len(times) / MAX_DISTRIBUTION_POINTS)
        places = sorted({*range(0, len(times), stride), *summary.outliers[:MAX_DISTRIBUTION_POINTS]})

    def trace(chosen: list[int], word: str, marker: dict) -> dict:
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [unit(min(times[place], edge)) for place in chosen],
            "y": [row - 0.34 + _jitter(place) for place in chosen],
            "text": [format_duration(times[place]) for place in chosen],
            "marker": {"color": look.colour} | marker,
            "hovertemplate": f"<b>{name}</b>{word}<br>%{{text}}<extra></extra>",
        }

    ordinary = [place for place in places if place not in outliers]
    beyond = [place for place in places if times[place] > edge]
    odd = [place for place in places if place in outliers and times[place] <= edge]
    traces = [
        trace(ordinary, "", {"symbol": look.symbol, "size": 5, "opacity": 0.55}),
        trace(odd, ", outlier", {"symbol": "x-thin-open", "size": 7, "line": {"width": 1.6}}),
        trace(beyond, ", outlier beyond the axis", {"symbol": "triangle-right-open", "size": 8}),
    ]
    tails = [(word, at) for word, at in (("p90", summary.p90), ("p99", summary.p99)) if at is not None and at <= edge]
    return [trace for trace in traces if trace["x"]] + [
        _percentile_trace(arm, name, word, at, unit, theme) for word, at in tails
    ]


def _percentile_trace(arm: Arm, name: str, word: str, at: float, unit: TimeUnit, theme: Theme) -> dict:
    look = arm_style(arm, theme)
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [unit(at)],
        "y": [ARM_ROWS[arm] + 0.2],
        "text": [word],
        "textposition": "top center",
        "textfont": {"size": 10, "color": look.colour},
        "marker": {"symbol": "triangle-down", "size": 7, "color": look.colour},
        "hovertemplate": f"<b>{name}</b><br>{word} {format_duration(at)}<extra></extra>",
    }


def _jitter(place: int) -> float:
    """Spreads neighbours apart, the same way each time."""
    return ((place * 0.618034) % 1 - 0.5) * 0.2
