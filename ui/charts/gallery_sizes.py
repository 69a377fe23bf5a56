"""Break-even of many cases: one row for each case, one mark for each number of rows that was raced.

A filled mark has the colour of the faster arm. A hollow, grey one is too close to call, a cross makes no claim, and a
triangle failed.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from bench.formatting import format_ratio_with_interval
from bench.stats.break_even import SizeResult, SizeVerdict
from bench.values.base import Arm
from ui.charts.gallery import wrap_name
from ui.charts.labels import wrap_html
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour

ROW_PX = 46
TEXT_OFFSET = 0.36
"""Distance of the text from the middle of its row, as a share of its height."""
AXIS_PX = 100
"""Height of everything but the rows: legend and axis above them."""
MAX_TEXT_CHARS = 75
"""Longer texts are cut; the table has all of them."""
MIN_PADDING, PADDING = 0.12, 0.06
"""Room at both ends of the axis: decades at least, and a part of its length."""
MARKS = {
    SizeVerdict.FASTER: ("accelerated is faster", "circle"),
    SizeVerdict.SLOWER: ("stock is faster", "square"),
    SizeVerdict.UNDECIDED: ("too close to call", "circle-open"),
    SizeVerdict.NO_CLAIM: ("no claim", "x-thin"),
    SizeVerdict.FALLBACK: ("stock code ran", "line-ns"),
    SizeVerdict.FAILED: ("failed", "triangle-down-open"),
}
"""Name in the legend and symbol."""


@dataclass(frozen=True, slots=True)
class SizesRow:
    """The sizes of one case that were raced."""

    label: str
    text: str
    """The break-even in words."""
    sizes: Sequence[SizeResult]


def build_sizes_figure(rows: Sequence[SizesRow], theme: Theme = "light") -> go.Figure:
    """`rows` from the top; each has one size at least."""
    count = len(rows)
    sizes = sorted({size.rows for row in rows for size in row.sizes})
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])
    padding = max(MIN_PADDING, PADDING * (high - low))
    low, high = low - padding, high + padding
    layout = {
        "xaxis": {
            "type": "log",
            "side": "top",
            "range": [low, high],
            "tickvals": sizes,
            "ticktext": [f"{size:,}" for size in sizes],
            "tickangle": 0,
            "ticklabeloverflow": "hide past div",
            "title": {"text": "rows (log)"},
            "showgrid": True,
        },
        "yaxis": {
            "tickvals": [count - index for index in range(count)],
            "ticktext": [wrap_name(row.label) for row in rows],
            "range": [0.4, count + 0.7],
            "showgrid": False,
            "zeroline": False,
        },
        "annotations": [_label_row(count - index, row, low, theme) for index, row in enumerate(rows)],
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yanchor": "top", "yref": "paper"},
        "margin": MARGINS,
    }
    placed = [(count - index, row, size) for index, row in enumerate(rows) for size in row.sizes]
    lines = _build_lines(rows, count, theme)
    traces = [_build_trace(placed, verdict, theme) for verdict in MARKS]
    return new_figure(theme, AXIS_PX + ROW_PX * count, [lines, *(trace for trace in traces if trace["x"])], layout)


def _label_row(position: int, row: SizesRow, low: float, theme: Theme) -> dict:
    """The break-even above the left end of its row. What is in parentheses is shown by the marks."""
    text = textwrap.shorten(row.text.partition(" (")[0], MAX_TEXT_CHARS, placeholder=" …")
    # On a logarithmic axis Plotly positions annotations by the logarithm.
    place = {"x": low, "y": position + TEXT_OFFSET, "xanchor": "left", "yanchor": "middle", "xshift": 4}
    return place | {"text": text, "font": {"color": ink_colour(theme)}}


def _build_lines(rows: Sequence[SizesRow], count: int, theme: Theme) -> dict:
    """A thin line from the smallest to the largest size of each row."""
    ends = [(count - index, [size.rows for size in row.sizes]) for index, row in enumerate(rows)]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [value for _, sizes in ends for value in (min(sizes), max(sizes), None)],
        "y": [value for position, _ in ends for value in (position, position, None)],
        "line": {"color": faint_colour(theme), "width": 1},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _build_trace(placed: Sequence[tuple[int, SizesRow, SizeResult]], verdict: SizeVerdict, theme: Theme) -> dict:
    name, symbol = MARKS[verdict]
    colours = {
        SizeVerdict.FASTER: arm_style(Arm.ACCELERATED, theme).colour,
        SizeVerdict.SLOWER: arm_style(Arm.BASELINE, theme).colour,
    }
    colour = colours.get(verdict, faint_colour(theme))
    own = [(position, row, size) for position, row, size in placed if size.verdict is verdict]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [size.rows for _, _, size in own],
        "y": [position for position, _, _ in own],
        "marker": {"symbol": symbol, "size": 12, "color": colour, "line": {"width": 2, "color": colour}},
        "hovertext": [_describe_mark(row, size) for _, row, size in own],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }


def _describe_mark(row: SizesRow, size: SizeResult) -> str:
    ratio = f"{format_ratio_with_interval(size.ratio)}, " if size.ratio else ""
    text = f"<b>{row.label}, {size.rows:,} rows</b><br>{ratio}{size.verdict}"
    return f"{text}<br>{wrap_html(size.reason)}" if size.reason else text
