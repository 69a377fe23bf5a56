"""The history of a plan: the times of both arms and the ratio of every run, and the steps in them."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import format_duration, format_interval
from bench.storage.job_row import JobRow
from bench.storage.plan_history import PlanHistory, StepChange
from bench.values.base import Arm
from ui.charts.axes import TimeUnit
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, add_opacity, arm_style, ink_colour, published_colour

HEIGHT_PX = 380


def build_history_figure(history: PlanHistory, theme: Theme = "light") -> go.Figure:
    """One mark per run in the order of time: above the medians of both arms, below the ratio with its interval. A
    vertical line is a step."""
    rows = history.rows
    unit = TimeUnit.of_all([seconds for row in rows for seconds in _list_times(row)])
    names = [f"{row.started:%Y-%m-%d %H:%M} {row.id[:8]}" for row in rows]
    numbers = list(range(1, len(rows) + 1))
    traces = [_build_arm_trace(rows, arm, unit, numbers, names, theme) for arm in Arm]
    traces.append(_build_ratio_trace(rows, numbers, names, theme))
    layout = {
        "xaxis": {"title": {"text": "run, the earliest first"}, "anchor": "y2", "nticks": 10},
        "yaxis": {"title": {"text": f"total time [{unit.name}]"}, "domain": [0.42, 1], "rangemode": "tozero"},
        "yaxis2": {"title": {"text": "ratio, 95 %"}, "ticksuffix": "x", "domain": [0, 0.3], "anchor": "x", "nticks": 4},
        "shapes": [_build_line(step, theme) for step in history.steps],
        "showlegend": True,
    }
    return new_figure(theme, HEIGHT_PX, traces, layout)


def _list_times(row: JobRow) -> list[float]:
    return [seconds for seconds in (row.baseline_s, row.accelerated_s) if seconds is not None]


def _build_arm_trace(
    rows: Sequence[JobRow], arm: Arm, unit: TimeUnit, numbers: Sequence[int], names: Sequence[str], theme: Theme
) -> dict:
    style = arm_style(arm, theme)
    times_s = [(row.baseline_s if arm is Arm.BASELINE else row.accelerated_s) or 0.0 for row in rows]
    label = rows[-1].baseline_label if arm is Arm.BASELINE else rows[-1].accelerated_label
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": numbers,
        "y": [unit(seconds) for seconds in times_s],
        "customdata": [[name, format_duration(seconds)] for name, seconds in zip(names, times_s, strict=True)],
        "name": f"{label} ({arm})",
        "marker": {"symbol": style.symbol, "color": style.colour, "size": 8},
        "line": {"color": style.colour, "dash": style.dash, "width": 1.2},
        "hovertemplate": "<b>%{customdata[1]}</b><br>%{customdata[0]}<extra></extra>",
    }


def _build_ratio_trace(rows: Sequence[JobRow], numbers: Sequence[int], names: Sequence[str], theme: Theme) -> dict:
    intervals = [row.interval for row in rows if row.interval]
    ink = ink_colour(theme)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": numbers,
        "y": [interval.value for interval in intervals],
        "yaxis": "y2",
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [interval.high - interval.value for interval in intervals],
            "arrayminus": [interval.value - interval.low for interval in intervals],
            "color": add_opacity(ink, 0.5),
            "thickness": 1.2,
            "width": 3,
        },
        "customdata": [[name, format_interval(one)] for name, one in zip(names, intervals, strict=True)],
        "name": "ratio with 95 % interval",
        "marker": {"symbol": "square", "color": ink, "size": 6},
        "hovertemplate": "<b>ratio %{y:.3f}x</b> (%{customdata[1]})<br>%{customdata[0]}<extra></extra>",
    }


def _build_line(step: StepChange, theme: Theme) -> dict:
    """A line between the last run before the step and the first after it."""
    line = {"color": published_colour(theme), "width": 1.5, "dash": "dash"}
    # Positions begin at 0, and runs are numbered from 1.
    x = step.position + 0.5
    panel = [0, 0.3] if step.series == "ratio" else [0.42, 1]
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": panel[0], "y1": panel[1], "line": line}
