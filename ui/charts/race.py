"""What a run looks like: pure functions from a run to a Plotly figure.

Positions are in the unit that suits the figure (ms, µs …), which its axis names; what is hovered over tells the
absolute numbers. Figures have no title: the page writes one above.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bench.formatting import format_duration, format_ratio
from bench.run.record import Run
from bench.values import TOTAL, Arm, Comparison, Phase
from ui.charts.axes import TimeUnit, typical_value, upper_median
from ui.charts.labels import arm_label, build_note, step_time_label
from ui.design import plotly_template
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, ink_colour

MAX_RACE_POINTS = 500
"""Samples an arm that the race chart draws; beyond, the lowest and the highest of every few."""
MAX_LIVE_POINTS = 200
"""The same while the race is on, since the browser draws beside it."""
MAX_RATIO_POINTS = 160
"""Points of the ratio's course."""
MAX_MEDIAN_MULTIPLE = 3.0
"""Times the slower arm's median beyond which a sample stands on the edge of the axis, as a triangle."""
MIN_LOG_SCALE_RATIO = 12.0
"""Ratio from which the arms' times stand on a logarithmic axis."""


# --- the race ---


def build_race_figure(
    run: Run, step: str = TOTAL, theme: Theme = "light", *, live: bool = False, height: int = 350
) -> go.Figure:
    """Every sample as it landed, both arms, and below the interval of the ratio as it closed."""
    layout = plotly_template.base_layout(height)
    samples = _collect_points(run, step)
    everything = [point.seconds for points in samples.values() for point in points]
    unit = TimeUnit.of(typical_value(everything))
    whole = run.comparison(step)
    logarithmic = whole is not None and not 1 / MIN_LOG_SCALE_RATIO < whole.ratio.value < MIN_LOG_SCALE_RATIO
    top = _axis_limit_s(samples)
    traces: list[dict] = []
    most = MAX_LIVE_POINTS if live else MAX_RACE_POINTS
    thinned = 0
    for arm in Arm:
        drawn, count = _race_traces(run, arm, samples[arm], unit, theme, most, top)
        traces += drawn
        thinned = max(thinned, count)
    traces += _ratio_traces(run, step, theme)
    layout |= {
        "xaxis": _seconds_axis(run, samples) | {"anchor": "y2"},
        "yaxis": _time_axis(f"{step_time_label(run, step)} [{unit.name}]", unit, everything, top, logarithmic)
        | {"domain": [0.36, 1]},
        "yaxis2": _ratio_axis(run, step) | {"domain": [0, 0.27], "anchor": "x"},
        "shapes": [_horizontal_line("y2", 1, faint_colour(theme), "dot"), *_median_lines(whole, unit, theme)],
        "annotations": [*_median_labels(whole, unit, theme, logarithmic), *_ratio_label(run, step, theme)],
        "margin": {"l": 8, "r": 64, "t": 8, "b": 8},
        "showlegend": False,
    }
    if thinned:
        layout["annotations"].append(build_note(f"{most} of {thinned:,} samples an arm drawn, the extremes among them"))
    if not everything:
        layout["annotations"].append(build_note("The first sample lands when both arms are ready", middle=True))
    return go.Figure({"data": traces, "layout": layout})


@dataclass(frozen=True, slots=True)
class RacePoint:
    """One sample on the time axis."""

    at: float
    """When it landed, seconds from the start of the run."""
    seconds: float
    pair: int
    warm_up: bool


def _collect_points(run: Run, step: str) -> dict[Arm, list[RacePoint]]:
    """Each arm's samples of warm-up and race, in one pass: there may be thousands, and this is done beside the race."""
    timed: dict[Arm, list[RacePoint]] = {arm: [] for arm in Arm}
    cores = run.plan.cores
    for sample in run.samples:
        phase = sample.phase
        if phase is Phase.CORES or sample.cores != cores:
            continue
        measured = sample.repetition
        at = round(measured.began + measured.wall_s, 3)
        timed[sample.arm].append(RacePoint(at, sample.seconds(step), sample.pair, phase is not Phase.RACE))
    return timed


def thin_points(points: Sequence[RacePoint], most: int) -> list[RacePoint]:
    """At most `most` of the points, in order: the lowest and the highest of every few, so that no extreme is lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(2 * len(points) / most)
    kept: list[RacePoint] = []
    for start in range(0, len(points), size):
        few = points[start : start + size]
        ends = {id(point): point for point in (min(few, key=_point_seconds), max(few, key=_point_seconds))}
        kept += [point for point in few if id(point) in ends]
    return kept


def _point_seconds(point: RacePoint) -> float:
    return point.seconds


def _race_traces(
    run: Run, arm: Arm, points: list[RacePoint], unit: TimeUnit, theme: Theme, most: int, top: float
) -> tuple[list[dict], int]:
    """An arm's traces, and how many samples of the race it has where not all are drawn."""
    look, name = arm_style(arm, theme), arm_label(run, arm)
    raced = [point for point in points if not point.warm_up]
    drawn = thin_points(raced, most)
    warm_up = [point for point in points if point.warm_up and point.seconds <= top]
    dim = {"symbol": look.dim_symbol, "color": look.colour, "size": 6, "opacity": 0.45}
    size, opacity = (7, 0.9) if len(drawn) <= 120 else (5, 0.7)
    full = {"symbol": look.symbol, "color": look.colour, "size": size, "line": {"width": 1.4}, "opacity": opacity}
    traces = [
        _points_trace(warm_up, unit, f"{name}, warm-up", dim, arm is Arm.BASELINE, "warm-up", theme),
        _points_trace([p for p in drawn if p.seconds <= top], unit, name, full, True, arm.value, theme),
    ]
    beyond = [p for p in drawn + [q for q in points if q.warm_up] if p.seconds > top]
    if beyond:
        edge = {"symbol": "triangle-up-open", "color": look.colour, "size": 9}
        trace = _points_trace(beyond, unit, f"{name}, beyond the axis", edge, True, f"beyond-{arm}", theme)
        traces.append(trace | {"y": [unit(top)] * len(beyond), "name": f"{look.glyph} beyond the axis"})
    return traces, len(raced) if len(drawn) < len(raced) else 0


def _points_trace(
    points: list[RacePoint], unit: TimeUnit, name: str, marker: dict, legend: bool, group: str, theme: Theme
) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point.at for point in points],
        "y": [unit(point.seconds) for point in points],
        "text": [format_duration(point.seconds) for point in points],
        "customdata": [point.pair for point in points],
        "marker": marker,
        "name": "warm-up" if group == "warm-up" else name,
        "legendgroup": group,
        "showlegend": legend,
        "hovertemplate": f"<b>{name}</b><br>%{{text}}<br>at %{{x:.1f}} s, pair %{{customdata}}<extra></extra>",
    }


def _axis_limit_s(samples: dict[Arm, list[RacePoint]]) -> float:
    """The time beyond which a sample stands on the edge of the axis; the end of the axis where none is beyond."""
    middles = [
        upper_median([p.seconds for p in points if not p.warm_up] or [p.seconds for p in points])
        for points in samples.values()
    ]
    return max(middles, default=0.0) * MAX_MEDIAN_MULTIPLE or math.inf


def _time_axis(title: str, unit: TimeUnit, seconds: Sequence[float], top: float, logarithmic: bool) -> dict:
    """From zero, so that lengths may be compared; logarithmic where the arms are too far apart for that."""
    axis = {"title": {"text": title}, "automargin": True, "fixedrange": False}
    if not seconds:
        return axis | {"range": [0, 1], "showticklabels": False}
    if logarithmic:
        return axis | {"type": "log", "title": {"text": f"{title}, log"}, "dtick": 1, "minor": {"dtick": "D2"}}
    return axis | {"range": [0, unit(min(max(seconds), top)) * 1.08]}


def _seconds_axis(run: Run, samples: dict[Arm, list[RacePoint]]) -> dict:
    axis = {"title": {"text": "since the start of the run [s]"}, "showgrid": False, "zeroline": False}
    ends = [points[place].at for points in samples.values() if points for place in (0, -1)]
    if not ends:
        return axis | {"range": [0, max(1.0, run.last_at)], "showticklabels": False}
    pad = max(0.25, 0.015 * (max(ends) - min(ends)))
    return axis | {"range": [min(ends) - pad, max(ends) + pad]}


def _ratio_traces(run: Run, step: str, theme: Theme) -> list[dict]:
    """The ratio's course and its interval."""
    told = [estimate for estimate in run.estimates if step in estimate.ratios]
    if len(told) > MAX_RATIO_POINTS:
        stride = math.ceil(len(told) / MAX_RATIO_POINTS)
        told = told[::stride] + ([told[-1]] if (len(told) - 1) % stride else [])
    at = [round(estimate.at, 2) for estimate in told]
    ratios = [estimate.ratios[step] for estimate in told]
    low, high = ([round(getattr(ratio, end), 4) for ratio in ratios] for end in ("low", "high"))
    ink = ink_colour(theme)
    edge = {"type": "scatter", "mode": "lines", "x": at, "yaxis": "y2", "hoverinfo": "skip", "showlegend": False}
    return [
        edge | {"y": low, "line": {"width": 0}},
        edge | {"y": high, "line": {"width": 0}, "fill": "tonexty", "fillcolor": add_opacity(ink, 0.14)},
        {
            "type": "scatter",
            "mode": "lines+markers" if len(at) < 40 else "lines",
            "x": at,
            "y": [round(ratio.value, 4) for ratio in ratios],
            "yaxis": "y2",
            "line": {"color": ink, "width": 1.8},
            "marker": {"size": 4, "color": ink},
            "customdata": [f"{r.low:.3f} to {r.high:.3f}, {e.pairs} pairs" for r, e in zip(ratios, told, strict=True)],
            "name": "ratio with 95 % interval",
            "showlegend": False,
            "hovertemplate": "<b>ratio %{y:.3f}x</b><br>%{customdata}<br>at %{x:.1f} s<extra></extra>",
        },
    ]


def _ratio_axis(run: Run, step: str) -> dict:
    """Around 1 and the interval as it was once it meant something; the first, wide ones run out of the picture."""
    axis = {"title": {"text": "ratio, 95 %"}, "ticksuffix": "x", "nticks": 4, "zeroline": False, "automargin": True}
    ratios = [estimate.ratios[step] for estimate in run.estimates if step in estimate.ratios]
    if not ratios:
        return axis | {"range": [0.5, 2.5], "showticklabels": False}
    settled = ratios[len(ratios) // 3 :]
    ends = [1.0, *(ratio.low for ratio in settled), *(ratio.high for ratio in settled)]
    pad = max(0.06 * (max(ends) - min(ends)), 0.01)
    return axis | {"range": [min(ends) - pad, max(ends) + pad]}


def _median_lines(comparison: Comparison | None, unit: TimeUnit, theme: Theme) -> list[dict]:
    if comparison is None:
        return []
    return [
        _horizontal_line(
            "y", unit(getattr(comparison, arm).median), arm_style(arm, theme).colour, arm_style(arm, theme).dash
        )
        for arm in Arm
    ]


def _median_labels(comparison: Comparison | None, unit: TimeUnit, theme: Theme, logarithmic: bool) -> list[dict]:
    """The medians at the right end of their lines: the slower one's above its line, the faster one's below."""
    if comparison is None:
        return []
    slower = Arm.BASELINE if comparison.baseline.median >= comparison.accelerated.median else Arm.ACCELERATED
    return [
        {
            "x": 1,
            "xref": "paper",
            "xanchor": "left",
            "xshift": 4,
            "y": math.log10(unit(median)) if logarithmic else unit(median),
            "yref": "y",
            "yanchor": "bottom" if arm is slower else "top",
            "text": f"{arm_style(arm, theme).glyph} <b>{format_duration(median)}</b>",
            "font": {"color": arm_style(arm, theme).colour, "size": 12},
            "showarrow": False,
        }
        for arm in Arm
        for median in [getattr(comparison, arm).median]
    ]


def _ratio_label(run: Run, step: str, theme: Theme) -> list[dict]:
    comparison = run.comparison(step)
    if comparison is None:
        return []
    label = {"x": 1, "xref": "paper", "xanchor": "left", "xshift": 4, "y": comparison.ratio.value, "yref": "y2"}
    return [
        label
        | {
            "text": f"<b>{format_ratio(comparison.ratio.value)}</b>",
            "font": {"color": ink_colour(theme), "size": 12},
            "showarrow": False,
        }
    ]


def _horizontal_line(axis: str, at: float, colour: str, dash: str) -> dict:
    """A line across the whole width."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "yref": axis,
        "y0": at,
        "y1": at,
        "line": {"color": colour, "width": 1.2, "dash": dash},
        "layer": "below",
    }
