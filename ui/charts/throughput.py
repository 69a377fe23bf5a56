"""TODO: ui.charts.throughput.build_throughput_figure."""

from __future__ import annotations

import plotly.graph_objects as go

from bench.formatting import choose_rate_prefix, format_duration, format_three_digits
from bench.run.record import Run
from bench.values import TOTAL, Arm, Summary
from ui.charts.axes import ARM_ROWS, build_arms_axis
from ui.charts.labels import arm_label, build_note
from ui.design import plotly_template
from ui.design.theme import Theme, arm_style, ink_colour


def build_throughput_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """Bars of the work done a second, from the median time; whiskers from the quartiles."""
    comparison = run.comparison(step)
    unit = run.snapshot.unit
    layout = plotly_template.base_layout(height) | {"showlegend": False, "yaxis": build_arms_axis(run)}
    if comparison is None:
        layout |= {"xaxis": {"title": {"text": f"{unit} a second"}, "range": [0, 1], "showticklabels": False}}
        layout["annotations"] = [build_note("No pair yet", middle=True)]
        return go.Figure({"data": [], "layout": layout})
    factor, prefix = choose_rate_prefix(max(comparison.baseline.throughput, comparison.accelerated.throughput))
    layout["xaxis"] = {"title": {"text": f"{prefix}{unit} a second"}, "rangemode": "tozero", "nticks": 6}
    traces = [_bar_trace(run, arm, getattr(comparison, arm), factor, prefix + unit, theme) for arm in Arm]
    return go.Figure({"data": traces, "layout": layout})


def _bar_trace(run: Run, arm: Arm, summary: Summary, factor: float, unit: str, theme: Theme) -> dict:
    look = arm_style(arm, theme)
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
            "color": look.soft if look.pattern else look.colour,
            "line": {"color": look.colour, "width": 1.5},
            "pattern": {"shape": look.pattern, "fgcolor": look.colour, "fgopacity": 0.35, "size": 7},
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
        "textfont": {"color": ink_colour(theme) if look.pattern else look.on, "size": 14},
        "hovertemplate": (
            f"<b>{arm_label(run, arm)}</b><br>{format_three_digits(rate)} {unit}/s at the median of {format_duration(summary.median)}"
            f"<br>{format_three_digits(slow)} to {format_three_digits(fast)} between the quartiles<extra></extra>"
        ),
    }
