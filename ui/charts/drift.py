"""Whether an arm became slower or faster while it was measured: every sample against the arm's median, over time."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from textwrap import wrap

import plotly.graph_objects as go

from bench.formatting import format_duration
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL
from ui.charts.axes import MAX_LABEL_LINE_CHARS
from ui.charts.labels import build_note
from ui.charts.race_points import RacePoint, collect_points, find_race_time, shift_points, thin_points
from ui.design.plotly_template import MARGINS, TOOL_BAR_PX, new_figure
from ui.design.theme import PALETTES, Theme, arm_style

MAX_SAMPLES = 300
"""Most samples per arm that are drawn; of more, the fastest and the slowest of every few."""
MIN_WINDOW, WINDOW_SHARE = 5, 0.1
"""The running median covers this share of the samples, and at least so many."""
MAX_PERCENT = 300.0
"""Slower samples are drawn at the edge of the axis, as triangles."""
NAME_MARGIN_PX = 104
"""Room for the arms' names, right of the plot."""


def build_drift_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 260) -> go.Figure:
    """Each sample of the race as a share of its arm's median, with a running median, over time."""
    race_time = find_race_time(run)
    comparison = run.comparison(step)
    layout = {
        "showlegend": False,
        "xaxis": {"title": {"text": race_time.title}},
        "yaxis": {"title": {"text": "time, of the arm's median [%]"}, "zeroline": False},
        "margin": MARGINS | {"r": NAME_MARGIN_PX + TOOL_BAR_PX},
    }
    shifted, _ = shift_points(collect_points(run, step), race_time)
    raced = {arm: [point for point in points if not point.warm_up] for arm, points in shifted.items()}
    if comparison is None or not all(raced.values()) or min(comparison.summary(arm).median for arm in Arm) <= 0:
        return new_figure(theme, height, [], layout | {"annotations": [build_note("No pairs yet", centred=True)]})
    traces: list[dict] = []
    ends: dict[Arm, float] = {}
    for arm, points in raced.items():
        typical_s = comparison.summary(arm).median
        running = [100 * seconds / typical_s for seconds in compute_running_median([point.seconds for point in points])]
        traces.append(_samples_trace(run, arm, points, typical_s, theme))
        traces.append(_running_trace(run, arm, points, running, theme))
        ends[arm] = running[-1]
    line = {"color": PALETTES[theme].faint, "width": 1, "dash": "dot"}
    position = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 100, "y1": 100, "layer": "below"}
    layout["shapes"] = [position | {"line": line}]
    layout["annotations"] = _name_labels(run, ends, theme)
    return new_figure(theme, height, traces, layout)


def compute_running_median(times: Sequence[float]) -> list[float]:
    """The median of the samples around each one; at both ends of fewer samples."""
    half = max(MIN_WINDOW, round(WINDOW_SHARE * len(times))) // 2
    return [median(times[max(0, index - half) : index + half + 1]) for index in range(len(times))]


def _samples_trace(run: Run, arm: Arm, points: Sequence[RacePoint], typical_s: float, theme: Theme) -> dict:
    """The samples; those beyond the axis as triangles at its edge."""
    style, name = arm_style(arm, theme), run.snapshot.arms[arm]
    drawn = thin_points(points, MAX_SAMPLES)
    percents = [100 * point.seconds / typical_s for point in drawn]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.at for point in drawn],
        "y": [round(min(percent, MAX_PERCENT), 2) for percent in percents],
        "marker": {
            "symbol": ["triangle-up-open" if percent > MAX_PERCENT else style.symbol for percent in percents],
            "color": style.colour,
            "size": 6,
            "opacity": 0.5,
        },
        "customdata": [
            f"{format_duration(point.seconds)}, {percent:.1f} % of the median<br>pair {point.number}"
            for point, percent in zip(drawn, percents, strict=True)
        ],
        "name": name,
        "hovertemplate": f"<b>{name}</b><br>%{{customdata}}, at %{{x:.1f}} s<extra></extra>",
    }


def _running_trace(run: Run, arm: Arm, points: Sequence[RacePoint], running: Sequence[float], theme: Theme) -> dict:
    style = arm_style(arm, theme)
    stride = max(1, len(points) // MAX_SAMPLES)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [point.at for point in points[::stride]],
        "y": [round(percent, 2) for percent in running[::stride]],
        "line": {"color": style.colour, "dash": style.dash, "width": 2.2},
        "name": f"{run.snapshot.arms[arm]}, running median",
        "hovertemplate": "running median %{y:.1f} %, at %{x:.1f} s<extra></extra>",
    }


def _name_labels(run: Run, ends: dict[Arm, float], theme: Theme) -> list[dict]:
    """Each arm's name at the end of its running median: that of the higher end above the other."""
    upper = max(Arm, key=lambda arm: ends[arm])
    return [
        {
            "x": 1,
            "xref": "paper",
            "xanchor": "left",
            "xshift": 4,
            "y": ends[arm],
            "yref": "y",
            "yanchor": "bottom" if arm is upper else "top",
            "align": "left",
            "text": f"{arm_style(arm, theme).glyph} " + "<br>".join(wrap(run.snapshot.arms[arm], MAX_LABEL_LINE_CHARS)),
            "font": {"color": arm_style(arm, theme).colour},
        }
        for arm in Arm
    ]
