"""Latency against throughput of both arms in the cells of a sweep, with the frontier of each and a latency budget."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import choose_rate_prefix, format_duration, format_rate
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import Sweep
from bench.sweep.counting import name_arms
from bench.sweep.frontier import FrontierPoint, SweetSpot
from bench.values.base import Arm
from bench.values.statistics import Interval
from ui.charts.axes import build_log_axis, log_time_axis, mark_position
from ui.charts.labels import wrap_html
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, add_opacity, arm_style, ink_colour

HEIGHT_PX = 420
MARK_PX, SPOT_PX = 10, 20


def build_frontier_figure(
    sweep: Sweep,
    snapshot: DeclarationSnapshot,
    points: Sequence[FrontierPoint],
    spot: SweetSpot,
    budget_s: float | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """`points` has one point at least; both axes are logarithmic. Points that do not count are pale."""
    factor, prefix = choose_rate_prefix(max(point.throughput.value for point in points))
    unit = f"{prefix}{sweep.unit} per second"
    traces = [*_spot_trace(spot, factor, theme)]
    for arm in Arm:
        own = [point for point in points if point.arm is arm]
        name = name_arms(sweep, snapshot, arm)
        traces += [_frontier_trace(own, arm, name, factor, theme)]
        for is_sound in (True, False):
            chosen = [point for point in own if point.is_sound is is_sound]
            if chosen:
                traces.append(_points_trace(chosen, arm, name, sweep.unit, factor, is_sound, theme))
    latencies = [end for point in points for end in (point.latency.low, point.latency.high)]
    rates = [end / factor for point in points for end in (point.throughput.low, point.throughput.high)]
    layout = {
        "xaxis": log_time_axis(latencies) | {"title": {"text": "latency: median time of a repetition (log)"}},
        "yaxis": build_log_axis(rates) | {"title": {"text": f"{unit} (log)"}},
    }
    figure = new_figure(theme, HEIGHT_PX, traces, layout)
    if budget_s is not None:
        mark_position(figure, budget_s, f" budget {format_duration(budget_s)}", theme)
    return figure


def _frontier_trace(points: Sequence[FrontierPoint], arm: Arm, name: str, factor: float, theme: Theme) -> dict:
    ordered = sorted((point for point in points if point.on_frontier), key=lambda point: point.latency.value)
    style = arm_style(arm, theme)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"frontier, {name}",
        "x": [point.latency.value for point in ordered],
        "y": [point.throughput.value / factor for point in ordered],
        "line": {"color": style.colour, "dash": style.dash, "width": 2, "shape": "hv"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _points_trace(
    points: Sequence[FrontierPoint],
    arm: Arm,
    name: str,
    unit: str,
    factor: float,
    is_sound: bool,
    theme: Theme,
) -> dict:
    style = arm_style(arm, theme)
    colour = style.colour if is_sound else add_opacity(style.colour, 0.4)
    x, y = [point.latency for point in points], [point.throughput for point in points]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name if is_sound else f"{name}, does not count",
        "x": [interval.value for interval in x],
        "y": [interval.value / factor for interval in y],
        "error_x": _build_error_bars(x, 1.0, colour),
        "error_y": _build_error_bars(y, factor, colour),
        "marker": {"symbol": style.symbol, "size": MARK_PX, "color": colour, "line": {"width": 2, "color": colour}},
        "hovertext": [_describe_point(point, unit) for point in points],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _build_error_bars(intervals: Sequence[Interval], factor: float, colour: str) -> dict:
    return {
        "type": "data",
        "symmetric": False,
        "array": [(interval.high - interval.value) / factor for interval in intervals],
        "arrayminus": [(interval.value - interval.low) / factor for interval in intervals],
        "color": colour,
        "thickness": 1,
        "width": 0,
    }


def _spot_trace(spot: SweetSpot, factor: float, theme: Theme) -> list[dict]:
    if spot.best is None:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "best within the budget",
            "x": [spot.best.latency.value],
            "y": [spot.best.throughput.value / factor],
            "marker": {
                "symbol": "circle-open",
                "size": SPOT_PX,
                "color": ink_colour(theme),
                "line": {"width": 2, "color": ink_colour(theme)},
            },
            "hoverinfo": "skip",
        }
    ]


def _describe_point(point: FrontierPoint, unit: str) -> str:
    latency, throughput = point.latency, point.throughput
    lines = [
        f"<b>{point.label}</b>",
        f"{format_duration(latency.value)} ({format_duration(latency.low)} to {format_duration(latency.high)})",
        f"{format_rate(throughput.value, unit)} ({format_rate(throughput.low, unit)} to "
        f"{format_rate(throughput.high, unit)})",
    ]
    if not point.is_sound and point.cell.reason:
        lines.append(wrap_html(point.cell.reason))
    return "<br>".join(lines)
