"""Charts that explain how a run was measured: its pairs, its warm-up, its interval, and other launches."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import format_duration, format_estimate, format_interval, format_ratio
from bench.run.record import Run
from bench.stats.pairing import pair_samples
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.values.statistics import Comparison, Interval
from ui.charts.axes import TimeUnit
from ui.charts.labels import build_note
from ui.charts.race_points import RacePoint, collect_points
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, ink_colour

MAX_PAIRS = 60
"""Most pairs that are drawn."""
MAX_FIRST_PAIRS = 12
"""Pairs that are drawn after the warm-up."""
MAX_WARM_UP_SAMPLES = 12
HEIGHT_PX = 240
INTERVAL_ROWS = ("parts of<br>the race", "by the<br>samples", "with other<br>launches")


def build_pairs_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """The ratio of each of the first pairs, with the glyph of the arm that began it, and the ratio of the race."""
    pairs = pair_samples(sample for arm in Arm for sample in run.samples_of(arm))[:MAX_PAIRS]
    points: dict[Arm, list[tuple[int, float]]] = {arm: [] for arm in Arm}
    for number, pair in enumerate(pairs, 1):
        first = min(Arm, key=lambda arm: pair[arm].place)
        if pair[Arm.ACCELERATED].total_s > 0:
            points[first].append((number, pair[Arm.BASELINE].total_s / pair[Arm.ACCELERATED].total_s))
    traces = [_first_trace(run, arm, points[arm], theme) for arm in Arm]
    comparison = run.comparison()
    layout = {
        "showlegend": True,
        "xaxis": {"title": {"text": "pair"}, "nticks": 10},
        "yaxis": {"title": {"text": "ratio of the pair"}, "ticksuffix": "x", "nticks": 5},
        "shapes": _ratio_band(comparison.ratio, theme) if comparison else [],
    }
    return new_figure(theme, HEIGHT_PX, traces, layout)


def _first_trace(run: Run, arm: Arm, points: Sequence[tuple[int, float]], theme: Theme) -> dict:
    style = arm_style(arm, theme)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [number for number, _ in points],
        "y": [round(ratio, 4) for _, ratio in points],
        "marker": {
            "symbol": style.symbol,
            "color": style.colour,
            "size": 8,
            "line": {"width": 1.4, "color": style.colour},
        },
        "name": f"{run.snapshot.arms[arm]} first",
        "hovertemplate": f"<b>%{{y:.3f}}x</b><br>pair %{{x}}, {run.snapshot.arms[arm]} first<extra></extra>",
    }


def _ratio_band(ratio: Interval, theme: Theme) -> list[dict]:
    """The ratio of the race as a line, with its interval as an area."""
    across = {"xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    area = {"type": "rect", "y0": ratio.low, "y1": ratio.high, "line": {"width": 0}}
    line = {"type": "line", "y0": ratio.value, "y1": ratio.value, "line": {"color": ink_colour(theme), "width": 1.5}}
    return [across | area | {"fillcolor": add_opacity(ink_colour(theme), 0.1)}, across | line]


def build_warm_up_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """The last samples of the warm-up and the first that count, of each arm, in their order."""
    drawn: dict[Arm, list[RacePoint]] = {}
    for arm, points in collect_points(run, TOTAL).items():
        warm_up = [point for point in points if point.warm_up][-MAX_WARM_UP_SAMPLES:]
        drawn[arm] = warm_up + [point for point in points if not point.warm_up][:MAX_FIRST_PAIRS]
    unit = TimeUnit.of_all([point.seconds for points in drawn.values() for point in points])
    traces = [_warm_up_trace(run, arm, points, unit, theme) for arm, points in drawn.items()]
    counts = [sum(point.warm_up for point in points) for points in drawn.values()]
    layout = {
        "showlegend": True,
        "xaxis": {"title": {"text": "sample: 0 and below are warm-up"}, "nticks": 10},
        "yaxis": {"title": {"text": f"total time [{unit.name}]"}, "rangemode": "tozero", "nticks": 5},
        "shapes": [_vertical_line(0.5, theme)],
    }
    if not max(counts, default=0):
        layout["annotations"] = [build_note("The arms warmed up before they were ready")]
    return new_figure(theme, HEIGHT_PX, traces, layout)


def _warm_up_trace(run: Run, arm: Arm, points: Sequence[RacePoint], unit: TimeUnit, theme: Theme) -> dict:
    style, warm = arm_style(arm, theme), sum(point.warm_up for point in points)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [position - warm for position in range(1, len(points) + 1)],
        "y": [unit(point.seconds) for point in points],
        "customdata": [format_duration(point.seconds) for point in points],
        "marker": {
            "symbol": [style.warm_up_symbol if point.warm_up else style.symbol for point in points],
            "color": style.colour,
            "size": 8,
            "line": {"width": 1.4, "color": style.colour},
        },
        "line": {"color": style.colour, "dash": style.dash, "width": 1.2},
        "name": run.snapshot.arms[arm],
        "hovertemplate": f"<b>{run.snapshot.arms[arm]}</b><br>%{{customdata}}, sample %{{x}}<extra></extra>",
    }


def _vertical_line(x: float, theme: Theme) -> dict:
    line = {"color": faint_colour(theme), "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}


def build_interval_figure(comparison: Comparison, theme: Theme = "light") -> go.Figure:
    """The ratios of the parts of a race, the interval by the samples alone, and the interval of the claim."""
    ratio, ink = comparison.ratio, ink_colour(theme)
    sampled = Interval(
        value=ratio.value,
        low=ratio.value * (1 - comparison.precision),
        high=ratio.value * (1 + comparison.precision),
    )
    blocks = {
        "type": "scatter",
        "mode": "markers",
        "x": [round(block, 4) for block in comparison.block_ratios],
        "y": [0] * len(comparison.block_ratios),
        "marker": {"symbol": "line-ns-open", "size": 18, "color": ink, "line": {"width": 2}},
        "customdata": list(map(format_ratio, comparison.block_ratios)),
        "hovertemplate": "%{customdata} in one part of the race<extra></extra>",
    }
    traces = [blocks, *(_interval_trace(one, row, theme) for row, one in ((1, sampled), (2, ratio)))]
    return new_figure(theme, HEIGHT_PX, traces, _rows_layout(INTERVAL_ROWS) | {"shapes": [_vertical_line(1, theme)]})


def build_launches_figure(launches: Sequence[tuple[str, Interval]], theme: Theme = "light") -> go.Figure:
    """The ratio of several runs of one plan, each with other processes, the newest at the top."""
    traces = [_interval_trace(ratio, row, theme) for row, (_, ratio) in enumerate(launches)]
    layout = _rows_layout([name for name, _ in launches])
    return new_figure(theme, HEIGHT_PX, traces, layout | {"shapes": [_vertical_line(1, theme)]})


def _interval_trace(ratio: Interval, row: int, theme: Theme) -> dict:
    ink = ink_colour(theme)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(ratio.value, 4)],
        "y": [row],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [ratio.high - ratio.value],
            "arrayminus": [ratio.value - ratio.low],
            "color": ink,
            "thickness": 2,
            "width": 7,
        },
        "marker": {"size": 9, "color": ink},
        "hovertemplate": f"<b>{format_estimate(ratio)}</b>, {format_interval(ratio)}<extra></extra>",
    }


def _rows_layout(names: Sequence[str]) -> dict:
    return {
        "showlegend": False,
        "xaxis": {"title": {"text": "ratio"}, "ticksuffix": "x", "nticks": 6},
        "yaxis": {
            "tickvals": list(range(len(names))),
            "ticktext": list(names),
            "range": [len(names) - 0.4, -0.6],
            "showgrid": False,
            "zeroline": False,
        },
    }
