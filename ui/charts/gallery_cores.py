"""Scaling over cores of many cases: the times of both arms and their ratio, with one line for each number of cores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bench.claims.case_table import CaseLine
from bench.formatting import format_cores, format_estimate, format_median, format_ratio_with_interval
from bench.values.base import Arm
from bench.values.statistics import Comparison
from ui.charts.axes import log_time_axis
from ui.charts.gallery import MIN_RATIO, choose_colour, wrap_name
from ui.charts.ratio_axis import build_line_at_one, build_ratio_axis
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour

LINE_PX = 20
"""Height of the line of one number of cores."""
GAP_LINES = 1.0
"""Distance between two cases, in lines."""
AXIS_PX = 124
"""Height of everything but the lines: the axes above them, and the legend below."""
TIME_DOMAIN, RATIO_DOMAIN = (0.0, 0.47), (0.55, 1.0)
"""The parts of the width with the times and with the ratios."""
TIME_PADDING = 0.1
"""Room at the ends of the axis of times, as a part of it; twice as much at the left, for the numbers of cores."""
MIN_TICK_DISTANCE, MIN_RATIO_TICK_DISTANCE = 0.25, 0.36
"""Smallest distance of two ticks, as a part of their axis. The labels of ratios have one line."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A case on a number of cores."""

    line: CaseLine
    comparison: Comparison
    cores: int
    y: float


def build_core_counts_figure(cases: Sequence[Mapping[int, CaseLine]], theme: Theme = "light") -> go.Figure:
    """`cases` from the top; each has the line of its total by number of cores. Those without a ratio are left out;
    there must be one with a ratio."""
    marks, labels, height = _place(cases)
    times = [mark.comparison.summary(arm).median for mark in marks for arm in Arm]
    first, last = math.log10(min(times)), math.log10(max(times))
    padding = max(TIME_PADDING * (last - first), 0.05)
    low, high = _find_ratio_range(marks)
    layout = {
        "xaxis": _thin_out(log_time_axis(times), last - first + 3 * padding)
        | {"side": "top", "domain": TIME_DOMAIN, "title": {"text": "total time (log)"}, "tickangle": 0}
        | {"range": [first - 2 * padding, last + padding]}
        | {"ticklabeloverflow": "hide past div", "showgrid": True},
        "xaxis2": build_ratio_axis(low, high, MIN_RATIO_TICK_DISTANCE)
        | {"side": "top", "domain": RATIO_DOMAIN, "anchor": "y", "title": {"text": "ratio (log)"}},
        "yaxis": {
            "tickvals": [position for position, _ in labels],
            "ticktext": [label for _, label in labels],
            "range": [-height - 0.2, 0.7],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [build_line_at_one(theme) | {"xref": "x2"}],
        "annotations": [annotation for mark in marks for annotation in _label_mark(mark, theme)],
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "yref": "paper"},
        "margin": MARGINS,
    }
    traces = [
        _build_links(marks, theme),
        *(_build_times(marks, arm, theme) for arm in Arm),
        _build_ratios(marks, theme),
    ]
    return new_figure(theme, AXIS_PX + round(LINE_PX * height), traces, layout)


def _thin_out(axis: dict, span: float) -> dict:
    """An axis that is `span` decades long with fewer ticks, and the units below the numbers: it has half of the width,
    on a phone a hundred pixels."""
    ticks: list[tuple[float, str]] = []
    for value, text in zip(axis["tickvals"], axis["ticktext"], strict=True):
        if not ticks or math.log10(value / ticks[-1][0]) >= MIN_TICK_DISTANCE * span:
            ticks.append((value, text.replace(" ", "<br>")))
    return axis | {"tickvals": [value for value, _ in ticks], "ticktext": [text for _, text in ticks]}


def _place(cases: Sequence[Mapping[int, CaseLine]]) -> tuple[list[_Mark], list[tuple[float, str]], float]:
    """The marks, the labels of the cases with their positions, and the height in lines."""
    marks: list[_Mark] = []
    labels: list[tuple[float, str]] = []
    top = 0.0
    for case in cases:
        found = [(cores, line, line.comparison) for cores, line in sorted(case.items()) if line.comparison]
        if not found:
            continue
        marks += [_Mark(line, comparison, cores, -top - index) for index, (cores, line, comparison) in enumerate(found)]
        labels.append((-top - (len(found) - 1) / 2, wrap_name(found[0][1].label)))
        top += len(found) + GAP_LINES
    return marks, labels, top


def _find_ratio_range(marks: Sequence[_Mark]) -> tuple[float, float]:
    """The ends of the axis as decimal logarithms, with room for the text beside the last mark."""
    ends = [1.0]
    for mark in marks:
        ends += [max(mark.comparison.ratio.low, MIN_RATIO), max(mark.comparison.ratio.high, MIN_RATIO)]
    low, high = math.log10(min(ends)), math.log10(max(ends))
    padding = max(0.06 * (high - low), 0.05)
    return low - padding, high + 4 * padding


def _label_mark(mark: _Mark, theme: Theme) -> list[dict]:
    """The number of cores left of the times, and the ratio right of its interval."""
    ratio, first = mark.comparison.ratio, min(mark.comparison.summary(arm).median for arm in Arm)
    return [
        # On a logarithmic axis Plotly positions annotations by the logarithm.
        {"x": math.log10(first), "y": mark.y, "text": f"{mark.cores}", "xanchor": "right", "xshift": -9}
        | {"font": {"color": faint_colour(theme)}},
        {"x": math.log10(max(ratio.high, MIN_RATIO)), "y": mark.y, "text": format_estimate(ratio), "xref": "x2"}
        | {"xanchor": "left", "xshift": 9},
    ]


def _build_links(marks: Sequence[_Mark], theme: Theme) -> dict:
    """A line between the times of both arms."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [value for mark in marks for value in (*(mark.comparison.summary(arm).median for arm in Arm), None)],
        "y": [value for mark in marks for value in (mark.y, mark.y, None)],
        "line": {"color": faint_colour(theme), "width": 1},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _build_times(marks: Sequence[_Mark], arm: Arm, theme: Theme) -> dict:
    style, name = arm_style(arm, theme), "stock" if arm is Arm.BASELINE else "accelerated"
    summaries = [mark.comparison.summary(arm) for mark in marks]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [summary.median for summary in summaries],
        "y": [mark.y for mark in marks],
        "marker": {"symbol": style.symbol, "size": 10, "color": style.colour},
        "hovertext": [
            f"<b>{mark.line.label}, {format_cores(mark.cores)}, {name}</b><br>median {format_median(summary)}, "
            f"{summary.effective_cores:.2f} cores used"
            for mark, summary in zip(marks, summaries, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _build_ratios(marks: Sequence[_Mark], theme: Theme) -> dict:
    ratios = [mark.comparison.ratio for mark in marks]
    colours = [choose_colour(mark.line, theme) for mark in marks]
    return {
        "type": "scatter",
        "mode": "markers",
        "xaxis": "x2",
        "showlegend": False,
        "x": [round(max(ratio.value, MIN_RATIO), 4) for ratio in ratios],
        "y": [mark.y for mark in marks],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [round(ratio.high - ratio.value, 4) for ratio in ratios],
            "arrayminus": [round(ratio.value - max(ratio.low, MIN_RATIO), 4) for ratio in ratios],
            "thickness": 1.5,
            "width": 4,
            "color": ink_colour(theme),
        },
        "marker": {
            "symbol": ["diamond" if mark.line.speed else "diamond-open" for mark in marks],
            "size": 10,
            "color": colours,
            "line": {"width": 2, "color": colours},
        },
        "hovertext": [
            f"<b>{mark.line.label}, {format_cores(mark.cores)}</b><br>{format_ratio_with_interval(ratio)}, "
            f"{mark.line.claim_state.value if mark.line.claim_state else 'not decided'}"
            for mark, ratio in zip(marks, ratios, strict=True)
        ],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
