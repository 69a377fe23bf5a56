"""The race chart: every sample of both arms over time, and below it the ratio with its interval. While the arms are
timed, `ui.charts.live_race` draws it.

Chart modules are pure functions from a run to a Plotly figure. Times are drawn in the unit that suits the figure (ms,
µs, …), which the axis names; hover labels show absolute values. Figures have no title, because pages put one above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median_high

import plotly.graph_objects as go

from bench.formatting import format_duration, format_estimate, format_median
from bench.run.record import RatioEstimate, Run
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison
from ui.charts.axes import TimeUnit
from ui.charts.labels import NOTE_ABOVE_PX, build_note, step_time_label
from ui.charts.race_points import RacePoint, RaceTime, collect_points, find_race_time, shift_points, thin_points
from ui.design.plotly_template import MARGINS, TOOL_BAR_PX, new_figure
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, ink_colour

MAX_RACE_POINTS = 500
"""Most samples per arm that are drawn; of more, the fastest and the slowest of every few."""
MAX_RATIO_POINTS = 160
"""Most points of the ratio's curve."""
MAX_MEDIAN_MULTIPLE = 3.0
"""Slower samples than this multiple of the slower arm's median are drawn at the edge of the axis, as triangles."""
MIN_LOG_SCALE_RATIO = 12.0
"""From this ratio on, the time axis is logarithmic."""
MAX_LARGE_MARKERS = 120
"""Up to this many samples per arm have large markers."""
LABEL_MARGIN_PX = 72
"""Room for the medians and the ratio, right of the plot."""


def build_race_figure(run: Run, step: str = TOTAL, theme: Theme = "light", *, height: int = 350) -> go.Figure:
    """Every sample of a step (or of the total) when it was taken, and below it how the ratio's interval narrowed."""
    race_time = find_race_time(run)
    points, warm_up_note = shift_points(collect_points(run, step), race_time)
    times = [point.seconds for arm in Arm for point in points[arm]]
    unit = TimeUnit.of_all(times)
    comparison = run.comparison(step)
    logarithmic = is_log_scale(comparison)
    limit_s = axis_limit_s(points)
    traces: list[dict] = []
    for arm in Arm:
        traces += _arm_traces(run, arm, points[arm], unit, theme, limit_s)
    traces += _ratio_traces(run, step, theme, race_time)
    time_axis = _time_axis(f"{step_time_label(run, step)} [{unit.name}]", unit, times, limit_s, logarithmic)
    layout = {
        "xaxis": _elapsed_axis(run, points, race_time) | {"anchor": "y2"},
        "yaxis": time_axis | {"domain": [0.36, 1]},
        "yaxis2": _ratio_axis(run, step) | {"domain": [0, 0.27], "anchor": "x"},
        "shapes": [_horizontal_line("y2", 1, faint_colour(theme), "dot"), *_median_lines(comparison, unit, theme)],
        "annotations": [*_median_labels(comparison, unit, theme, logarithmic), *_ratio_label(comparison, theme)],
        "margin": MARGINS | {"r": LABEL_MARGIN_PX + TOOL_BAR_PX},
        "showlegend": False,
    }
    count = max(_count_raced(points[arm]) for arm in Arm)
    notes = [warm_up_note] if warm_up_note else []
    if count > MAX_RACE_POINTS:
        notes.append(f"{MAX_RACE_POINTS} of {count:,} samples per arm drawn, including the fastest and the slowest")
    if notes:
        layout["annotations"].append(build_note("; ".join(notes), above=True))
        layout["margin"] |= {"t": NOTE_ABOVE_PX}
    if not times:
        layout["annotations"].append(build_note("The first sample appears when both arms are ready", centred=True))
    return new_figure(theme, height, traces, layout)


def is_log_scale(comparison: Comparison | None) -> bool:
    """Whether the arms are so far apart that the time axis is logarithmic."""
    ratio = comparison.ratio.value if comparison else 1.0
    return not 1 / MIN_LOG_SCALE_RATIO < ratio < MIN_LOG_SCALE_RATIO


def _count_raced(points: Sequence[RacePoint]) -> int:
    return sum(not point.warm_up for point in points)


def _arm_traces(
    run: Run, arm: Arm, points: list[RacePoint], unit: TimeUnit, theme: Theme, limit_s: float
) -> list[dict]:
    """An arm's warm-up samples, its samples of the race, and those beyond the axis."""
    style, name = arm_style(arm, theme), run.snapshot.arms[arm]
    raced = thin_points([point for point in points if not point.warm_up], MAX_RACE_POINTS)
    warm_up = [point for point in points if point.warm_up]
    size, opacity = (7, 0.9) if len(raced) <= MAX_LARGE_MARKERS else (5, 0.7)
    line = {"width": 1.4, "color": style.colour}
    warm_up_marker = {"symbol": style.warm_up_symbol, "color": style.colour, "size": 6, "opacity": 0.45}
    marker = {"symbol": style.symbol, "color": style.colour, "size": size, "line": line, "opacity": opacity}
    traces = [
        _points_trace([p for p in warm_up if p.seconds <= limit_s], unit, f"{name}, warm-up", warm_up_marker),
        _points_trace([p for p in raced if p.seconds <= limit_s], unit, name, marker),
    ]
    beyond = [point for point in raced + warm_up if point.seconds > limit_s]
    if beyond:
        edge_marker = {"symbol": "triangle-up-open", "color": style.colour, "size": 9}
        trace = _points_trace(beyond, unit, f"{name}, beyond the axis", edge_marker)
        traces.append(trace | {"y": [unit(limit_s)] * len(beyond)})
    return traces


def _points_trace(points: list[RacePoint], unit: TimeUnit, name: str, marker: dict) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.at for point in points],
        "y": [unit(point.seconds) for point in points],
        "text": [format_duration(point.seconds) for point in points],
        "customdata": [f"{'warm-up' if point.warm_up else 'pair'} {point.number}" for point in points],
        "marker": marker,
        "name": name,
        "hovertemplate": f"<b>{name}</b><br>%{{text}}<br>at %{{x:.1f}} s, %{{customdata}}<extra></extra>",
    }


def axis_limit_s(points: dict[Arm, list[RacePoint]]) -> float:
    """The time beyond which samples are drawn at the edge of the axis; infinite before the first sample."""
    medians = []
    for arm_points in points.values():
        times = [p.seconds for p in arm_points if not p.warm_up] or [p.seconds for p in arm_points]
        if times:
            medians.append(median_high(times))
    return max(medians, default=0.0) * MAX_MEDIAN_MULTIPLE or math.inf


def _time_axis(title: str, unit: TimeUnit, times: Sequence[float], limit_s: float, logarithmic: bool) -> dict:
    """An axis that begins at zero, so that lengths can be compared; logarithmic if the arms are too far apart."""
    axis = {"title": {"text": title}, "fixedrange": False}
    if not times:
        return axis | {"range": [0, 1], "showticklabels": False}
    if logarithmic:
        return axis | {"type": "log", "title": {"text": f"{title}, log"}, "dtick": 1, "minor": {"dtick": "D2"}}
    return axis | {"range": [0, unit(min(max(times), limit_s)) * 1.08]}


def _elapsed_axis(run: Run, points: dict[Arm, list[RacePoint]], race_time: RaceTime) -> dict:
    axis = {"title": {"text": race_time.title}}
    ends = [arm_points[index].at for arm_points in points.values() if arm_points for index in (0, -1)]
    if not ends:
        return axis | {"range": [0, max(1.0, run.last_at)], "showticklabels": False}
    padding = max(0.25, 0.015 * (max(ends) - min(ends)))
    return axis | {"range": [min(ends) - padding, max(ends) + padding]}


def select_estimates(run: Run, step: str, max_count: int) -> list[RatioEstimate]:
    """The estimates of a step's ratio in order: evenly selected if there are more than `max_count`, with the newest."""
    estimates = [estimate for estimate in run.estimates if step in estimate.ratios]
    if len(estimates) <= max_count:
        return estimates
    stride = math.ceil(len(estimates) / max_count)
    newest = [estimates[-1]] if (len(estimates) - 1) % stride else []
    return estimates[::stride] + newest


def _ratio_traces(run: Run, step: str, theme: Theme, race_time: RaceTime) -> list[dict]:
    """The ratio over time, with its interval as a band."""
    estimates = select_estimates(run, step, MAX_RATIO_POINTS)
    at = [race_time.shift(estimate.at) for estimate in estimates]
    ratios = [estimate.ratios[step] for estimate in estimates]
    ink = ink_colour(theme)
    edge = {"type": "scatter", "mode": "lines", "x": at, "yaxis": "y2", "hoverinfo": "skip", "line": {"width": 0}}
    return [
        edge | {"y": [round(ratio.low, 4) for ratio in ratios]},
        edge
        | {"y": [round(ratio.high, 4) for ratio in ratios], "fill": "tonexty", "fillcolor": add_opacity(ink, 0.14)},
        {
            "type": "scatter",
            "mode": "lines+markers" if len(at) < 40 else "lines",
            "x": at,
            "y": [round(ratio.value, 4) for ratio in ratios],
            "yaxis": "y2",
            "line": {"color": ink, "width": 1.8},
            "marker": {"size": 4, "color": ink},
            "customdata": [
                f"{ratio.low:.3f} to {ratio.high:.3f}, {estimate.pairs} pairs"
                for ratio, estimate in zip(ratios, estimates, strict=True)
            ],
            "name": "ratio with 95 % interval",
            "hovertemplate": "<b>ratio %{y:.3f}x</b><br>%{customdata}<br>at %{x:.1f} s<extra></extra>",
        },
    ]


def _ratio_axis(run: Run, step: str) -> dict:
    """An axis that holds 1 and the later intervals; the first, wide intervals may extend beyond it."""
    axis = {"title": {"text": "ratio, 95 %"}, "ticksuffix": "x", "nticks": 4, "zeroline": False}
    ratios = [estimate.ratios[step] for estimate in run.estimates if step in estimate.ratios]
    if not ratios:
        return axis | {"range": [0.5, 2.5], "showticklabels": False}
    settled = ratios[len(ratios) // 3 :]
    ends = [1.0, *(ratio.low for ratio in settled), *(ratio.high for ratio in settled)]
    padding = max(0.06 * (max(ends) - min(ends)), 0.01)
    return axis | {"range": [min(ends) - padding, max(ends) + padding]}


def _median_lines(comparison: Comparison | None, unit: TimeUnit, theme: Theme) -> list[dict]:
    if comparison is None:
        return []
    return [
        _horizontal_line(
            "y", unit(comparison.summary(arm).median), arm_style(arm, theme).colour, arm_style(arm, theme).dash
        )
        for arm in Arm
    ]


def _median_labels(comparison: Comparison | None, unit: TimeUnit, theme: Theme, logarithmic: bool) -> list[dict]:
    """The medians at the right ends of their lines: the slower arm's above its line, the faster arm's below."""
    if comparison is None:
        return []
    slower = max(Arm, key=lambda arm: comparison.summary(arm).median)
    labels = []
    for arm in Arm:
        style, summary = arm_style(arm, theme), comparison.summary(arm)
        median = summary.median
        labels.append(
            {
                "x": 1,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 4,
                # On a logarithmic axis Plotly positions annotations by the logarithm.
                "y": math.log10(unit(median)) if logarithmic else unit(median),
                "yref": "y",
                "yanchor": "bottom" if arm is slower else "top",
                "text": f"{style.glyph} <b>{format_median(summary)}</b>",
                "font": {"color": style.colour},
            }
        )
    return labels


def _ratio_label(comparison: Comparison | None, theme: Theme) -> list[dict]:
    if comparison is None:
        return []
    ratio = comparison.ratio
    position = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 4, "y": ratio.value, "yref": "y2"}
    return [position | {"text": f"<b>{format_estimate(ratio)}</b>", "font": {"color": ink_colour(theme)}}]


def _horizontal_line(axis: str, y: float, colour: str, dash: str) -> dict:
    """A line at `y` of an axis, across the whole width of the plot."""
    position = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": axis, "y0": y, "y1": y}
    return position | {"line": {"color": colour, "width": 1.2, "dash": dash}, "layer": "below"}
