"""How both arms scale with the cores of a sweep: speedup, its fits, and their projection to more cores.

The projection is in a shaded area of its own with a label, and dotted: it is the fit, not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import format_cores, format_duration, format_percent
from bench.stats.scaling_laws import ScalingFit
from bench.sweep.scaling import ScalingCurve
from bench.values.statistics import Interval
from ui.charts.axes import build_log_axis, shade_projection
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour

HEIGHT_PX = 420
FIT_POINTS = 25


def build_scaling_figure(curves: Sequence[ScalingCurve], max_cores: int, theme: Theme = "light") -> go.Figure:
    """The speedup of `curves`, one for each arm, relative to the fewest cores. If `max_cores` is more than was
    measured, the curves with a fit are projected to that. The times of an arm may count from a larger number of cores
    on: its curve begins there on the ideal line."""
    first = min(point.cores for curve in curves for point in curve.points)
    measured = max(point.cores for curve in curves for point in curve.points)
    last = max(measured, max_cores)
    traces: list[dict] = [_ideal_trace(first, last, theme)]
    values = [1.0, last / first]
    for curve in curves:
        base = _base(curve, first)
        for fit in curve.fits:
            traces.append(_fit_trace(curve, fit, base, theme))
        if last > measured and curve.fit is not None:
            projected = [(cores, curve.fit.project(cores)) for cores in _space(curve.points[-1].cores, last)]
            traces += _projection_traces(curve, curve.fit, base, projected, theme)
            values += [base / times.high for _, times in projected] + [base / times.low for _, times in projected]
        traces.append(_measured_trace(curve, base, theme))
        values += [base / end for point in curve.points for end in (point.seconds.low, point.seconds.high)]
    ticks = sorted({1 << power for power in range(last.bit_length()) if first <= 1 << power <= last} | {first, last})
    layout = {
        "xaxis": {
            "type": "log",
            "title": {"text": "cores (log)"},
            "tickvals": ticks,
            "ticktext": [f"{tick}" for tick in ticks],
            "range": [math.log10(first) - 0.03, math.log10(last) + 0.03],
        },
        "yaxis": build_log_axis(values) | {"title": {"text": f"speedup over {format_cores(first)} (log)"}},
    }
    figure = new_figure(theme, HEIGHT_PX, traces, layout)
    if last > measured:
        shade_projection(figure, measured, last, theme, at_top=False)
    return figure


def _base(curve: ScalingCurve, first: int) -> float:
    """The time that a speedup is relative to: on `first` cores, or what it would ideally be there."""
    return curve.points[0].seconds.value * curve.points[0].cores / first


def _space(low: float, high: float) -> list[float]:
    """Numbers from `low` to `high` with equal ratios."""
    last = FIT_POINTS - 1
    return [low * (high / low) ** (index / last) for index in range(FIT_POINTS)]


def _ideal_trace(first: int, last: int, theme: Theme) -> dict:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "ideal",
        "x": [first, last],
        "y": [1, last / first],
        "line": {"color": faint_colour(theme), "dash": "dot", "width": 1},
        "hoverinfo": "skip",
    }


def _measured_trace(curve: ScalingCurve, base: float, theme: Theme) -> dict:
    style = arm_style(curve.arm, theme)
    speedups = [base / point.seconds.value for point in curve.points]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": curve.label,
        "x": [point.cores for point in curve.points],
        "y": speedups,
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [base / p.seconds.low - s for p, s in zip(curve.points, speedups, strict=True)],
            "arrayminus": [s - base / p.seconds.high for p, s in zip(curve.points, speedups, strict=True)],
            "color": style.colour,
            "thickness": 1.5,
            "width": 5,
        },
        "marker": {"symbol": style.symbol, "size": 11, "color": style.colour, "line": {"width": 2}},
        "hovertext": [
            f"<b>{curve.label}, {format_cores(point.cores)}</b><br>{format_duration(point.seconds.value)}, "
            f"efficiency {_format_shares(efficiency)}"
            for point, efficiency in zip(curve.points, curve.efficiencies, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _fit_trace(curve: ScalingCurve, fit: ScalingFit, base: float, theme: Theme) -> dict:
    cores = _space(curve.points[0].cores, curve.points[-1].cores)
    style = arm_style(curve.arm, theme)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{fit.law}, {curve.label}",
        "x": cores,
        "y": [base / fit.project(count).value for count in cores],
        "line": {"color": style.colour, "dash": style.dash, "width": 1.5 if fit is curve.fit else 0.8},
        "hovertemplate": f"{fit.law}, %{{x:.1f}} cores: %{{y:.2f}}x<extra></extra>",
        "showlegend": False,
    }


def _projection_traces(
    curve: ScalingCurve, fit: ScalingFit, base: float, projected: Sequence[tuple[float, Interval]], theme: Theme
) -> list[dict]:
    """The band of the interval, and the dotted line."""
    style = arm_style(curve.arm, theme)
    cores = [count for count, _ in projected]
    low = [base / times.high for _, times in projected]
    high = [base / times.low for _, times in projected]
    band = {
        "type": "scatter",
        "mode": "lines",
        "x": [*cores, *reversed(cores)],
        "y": [*low, *reversed(high)],
        "fill": "toself",
        "fillcolor": add_opacity(style.colour, 0.12),
        "line": {"width": 0},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": f"{curve.label}, projected",
        "x": cores,
        "y": [base / times.value for _, times in projected],
        "customdata": [f"{a:.2f} to {b:.2f}x" for a, b in zip(low, high, strict=True)],
        "line": {"color": style.colour, "dash": "dot", "width": 1.5},
        "hovertemplate": f"{fit.law}, projected, %{{x:.0f}} cores: %{{y:.2f}}x<br>%{{customdata}}<extra></extra>",
        "showlegend": False,
    }
    return [band, line]


def _format_shares(interval: Interval) -> str:
    ends = f"{format_percent(interval.low, 0)} to {format_percent(interval.high, 0)}"
    return f"{format_percent(interval.value, 0)} ({ends})"
