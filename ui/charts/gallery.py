"""The ratios of many cases on a logarithmic axis, one row for each case, in groups by the path that ran.

A large diamond is the total of a case. Triangles are its first step, above, and its second, below. A mark is filled if
a claim is made, and then has the colour of the faster arm; without a claim it is hollow and grey.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

import plotly.graph_objects as go

from bench.claims.case_table import CaseLine, CasePath
from bench.formatting import format_estimate, format_ratio_with_interval, format_time_change
from bench.values.base import Arm
from bench.values.claims import Speed
from bench.values.statistics import Interval
from ui.charts.labels import wrap_html
from ui.charts.ratio_axis import build_line_at_one, build_ratio_axis
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour

ROW_PX = 40
AXIS_PX = 96
"""Height of everything but the rows: the axis above them, and the direction labels below."""
BOTTOM_PX = 30
STEP_OFFSET = 0.27
"""Distance of the marks of the steps from the middle of the row, as a share of its height."""
MAX_LABEL_CHARS = 18
"""Longer names of cases get a second line, so that a phone has room for the plot."""
MIN_TICK_DISTANCE = 0.16
MIN_RATIO = 1e-3
"""The axis ends there: an interval may reach to 0."""
MARKS = (("diamond", 13, 0.0), ("triangle-up", 9, STEP_OFFSET), ("triangle-down", 9, -STEP_OFFSET))
"""Symbol, size and position in the row: of the total, of the first step and of the second."""


def build_gallery_figure(cases: Sequence[Sequence[CaseLine]], theme: Theme = "light") -> go.Figure:
    """`cases` has the lines of each case, the total first, as `describe_case` gives them. Those without a ratio are
    left out; there must be one with a ratio."""
    drawn = [lines for lines in cases if lines[0].comparison is not None]
    groups = {path: [lines for lines in drawn if lines[0].path is path] for path in CasePath}
    groups = {path: members for path, members in groups.items() if members}
    # The rows from the top: each group has one for its name.
    labels: list[str] = []
    positions: list[tuple[int, Sequence[CaseLine]]] = []
    for path, members in groups.items():
        labels.append(f"<b>{path.value}: {len(members)}</b>")
        for lines in sorted(members, key=_ratio_of_total, reverse=True):
            positions.append((len(labels), lines))
            labels.append(wrap_name(lines[0].label))
    count = len(labels)
    low, high = _find_range(drawn)
    layout = {
        "showlegend": False,
        "xaxis": build_ratio_axis(low, high, MIN_TICK_DISTANCE)
        | {"side": "top", "title": {"text": "ratio (log): baseline time / accelerated time"}},
        "yaxis": {
            "tickvals": [count - row for row in range(count)],
            "ticktext": labels,
            "range": [0.4, count + 0.6],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [build_line_at_one(theme)],
        "annotations": [*_direction_labels(theme), *(_label_ratio(count - row, lines) for row, lines in positions)],
        "margin": MARGINS | {"b": BOTTOM_PX},
    }
    traces = [
        _build_trace([(count - row, lines[mark]) for row, lines in positions if len(lines) > mark], mark, theme)
        for mark in reversed(range(len(MARKS)))
    ]
    return new_figure(theme, AXIS_PX + ROW_PX * count, traces, layout)


def wrap_name(name: str) -> str:
    """A name in CamelCase in lines of at most `MAX_LABEL_CHARS`, for a label of Plotly."""
    lines = [""]
    for part in re.findall(r"[A-Z]+[^A-Z]*|[^A-Z]+", name):
        if lines[-1] and len(lines[-1]) + len(part) > MAX_LABEL_CHARS:
            lines.append("")
        lines[-1] += part
    return "<br>".join(lines)


def _ratio_of_total(lines: Sequence[CaseLine]) -> float:
    comparison = lines[0].comparison
    return comparison.ratio.value if comparison else 0.0


def _list_ratios(lines: Iterable[CaseLine]) -> list[Interval]:
    return [line.comparison.ratio for line in lines if line.comparison]


def _find_range(cases: Sequence[Sequence[CaseLine]]) -> tuple[float, float]:
    """The ends of the axis as decimal logarithms, with room for the text beside the last mark."""
    ends = [1.0]
    for ratio in _list_ratios(line for lines in cases for line in lines[: len(MARKS)]):
        ends += [max(ratio.low, MIN_RATIO), max(ratio.high, MIN_RATIO)]
    low, high = math.log10(min(ends)), math.log10(max(ends))
    padding = max(0.06 * (high - low), 0.05)
    return low - padding, high + 2.5 * padding


def _direction_labels(theme: Theme) -> list[dict]:
    """Which side of 1 is faster, below the rows."""
    # On a logarithmic axis Plotly positions annotations by the logarithm: 0 is a ratio of 1.
    position = {"x": 0, "xref": "x", "y": 0, "yref": "paper", "yanchor": "top", "font": {"color": faint_colour(theme)}}
    return [
        position | {"text": "← slower", "xanchor": "right", "xshift": -6},
        position | {"text": "faster →", "xanchor": "left", "xshift": 6},
    ]


def _label_ratio(row: int, lines: Sequence[CaseLine]) -> dict:
    """The ratio of the total as text, right of all intervals of the row."""
    ratios = _list_ratios(lines[: len(MARKS)])
    end = max(max(ratio.high, MIN_RATIO) for ratio in ratios)
    return {"x": math.log10(end), "y": row, "text": format_estimate(ratios[0]), "xanchor": "left", "xshift": 9}


def _build_trace(points: Sequence[tuple[int, CaseLine]], mark: int, theme: Theme) -> dict:
    """The totals of all cases, or one of their steps."""
    symbol, size, offset = MARKS[mark]
    marked = [(row, line, line.comparison) for row, line in points if line.comparison]
    ratios = [comparison.ratio for _, _, comparison in marked]
    colours = [choose_colour(line, theme) for _, line, _ in marked]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(max(ratio.value, MIN_RATIO), 4) for ratio in ratios],
        "y": [row + offset for row, _, _ in marked],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [round(ratio.high - ratio.value, 4) for ratio in ratios],
            "arrayminus": [round(ratio.value - max(ratio.low, MIN_RATIO), 4) for ratio in ratios],
            "thickness": 1 if offset else 2,
            "width": 3 if offset else 5,
            "color": faint_colour(theme) if offset else ink_colour(theme),
        },
        "marker": {
            "symbol": [symbol if line.speed else f"{symbol}-open" for _, line, _ in marked],
            "size": size,
            "color": colours,
            "line": {"width": 2, "color": colours},
        },
        "hovertext": [_describe_mark(line) for _, line, _ in marked],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "name": "step" if offset else "total",
    }


def choose_colour(line: CaseLine, theme: Theme) -> str:
    """That of the faster arm if a claim is made, else grey."""
    if line.speed is Speed.FASTER:
        return arm_style(Arm.ACCELERATED, theme).colour
    if line.speed is Speed.SLOWER:
        return arm_style(Arm.BASELINE, theme).colour
    return faint_colour(theme)


def _describe_mark(line: CaseLine) -> str:
    assert line.comparison
    comparison = line.comparison
    claim = line.claim_state.value if line.claim_state else "not decided"
    text = (
        f"<b>{line.label}, {line.step_label}</b><br>{format_time_change(comparison.baseline, comparison.accelerated)}"
        f"<br>{format_ratio_with_interval(comparison.ratio)}, {claim}<br>{line.path.value}"
    )
    return f"{text}<br>{wrap_html(line.reason)}" if line.reason else text
