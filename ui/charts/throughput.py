"""The throughput of both arms."""

from __future__ import annotations

import plotly.graph_objects as go

from bench.formatting import choose_rate_prefix, format_median, format_three_digits
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.values.statistics import Summary
from ui.charts.axes import ARM_ROWS, build_arms_axis
from ui.charts.labels import build_note
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, arm_style, ink_colour


def build_throughput_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """Bars of the work per second, from the median time, with whiskers from the quartiles."""
    comparison = run.comparison(step)
    unit = run.snapshot.unit
    layout = {"showlegend": False, "yaxis": build_arms_axis(run)}
    if comparison is None:
        layout["xaxis"] = {"title": {"text": f"{unit} per second"}, "range": [0, 1], "showticklabels": False}
        return new_figure(theme, height, [], layout | {"annotations": [build_note("No pairs yet", centred=True)]})
    factor, prefix = choose_rate_prefix(max(comparison.baseline.throughput, comparison.accelerated.throughput))
    layout["xaxis"] = {"title": {"text": f"{prefix}{unit} per second"}, "rangemode": "tozero", "nticks": 6}
    traces = [_bar_trace(run, arm, comparison.summary(arm), factor, f"{prefix}{unit}/s", theme) for arm in Arm]
    return new_figure(theme, height, traces, layout)


def _bar_trace(run: Run, arm: Arm, summary: Summary, factor: float, unit: str, theme: Theme) -> dict:
    """An arm's bar. `factor` is the number of units of work in one `unit` of the axis."""
    style = arm_style(arm, theme)
    rate = summary.throughput / factor
    work = rate * summary.median
    fast = work / summary.lower_quartile if summary.lower_quartile else rate
    slow = work / summary.upper_quartile if summary.upper_quartile else rate
    return {
        "type": "bar",
        "orientation": "h",
        "y": [ARM_ROWS[arm]],
        "x": [float(f"{rate:.6g}")],
        "width": 0.5,
        "marker": {
            "color": style.fill if style.pattern else style.colour,
            "line": {"color": style.colour, "width": 1.5},
            "pattern": {"shape": style.pattern, "fgcolor": style.colour, "fgopacity": 0.35, "size": 7},
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, fast - rate)],
            "arrayminus": [max(0.0, rate - slow)],
            "color": ink_colour(theme),
            "thickness": 1.5,
            "width": 6,
        },
        "text": [f"<b>{format_three_digits(rate)}</b>"],
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "textfont": {"color": ink_colour(theme) if style.pattern else style.text, "size": 14},
        "hovertemplate": (
            f"<b>{run.snapshot.arms[arm]}</b><br>"
            f"{format_three_digits(rate)} {unit} at the median of {format_median(summary)}<br>"
            f"{format_three_digits(slow)} to {format_three_digits(fast)} between the quartiles<extra></extra>"
        ),
    }
