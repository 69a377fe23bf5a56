"""A number with its bars: as a run says it, or as a trick presents it."""

from __future__ import annotations

import textwrap
from typing import Any

import plotly.graph_objects as go

from bench.claims.tricks.trick import Bar, Presentation
from bench.run.outcome import TRICK_MARK
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, add_opacity, arm_style, ink_colour, trick_colour

MAX_LABEL_LINE_CHARS = 16
BAR_PX, AXIS_PX = 40, 60
"""Height of a bar with its gap, and of the axis and the margins."""
MARK_PX = 34
"""Height of the mark above a trick."""
HEADROOM = 1.3
"""Length of the axis over that of the longest bar: room for the value."""


def build_presentation_figure(presentation: Presentation, theme: Theme = "light", *, is_trick: bool) -> go.Figure:
    """Horizontal bars, the first at the top. A trick has one colour of its own and its mark inside of the figure, so
    that a picture of the chart has the mark too."""
    bars, start = presentation.bars, presentation.axis_start
    longest = max(bar.value for bar in bars)
    layout: dict[str, Any] = {
        "showlegend": False,
        "bargap": 0.35,
        "xaxis": {
            "title": {"text": presentation.axis},
            "range": [start, start + HEADROOM * (longest - start)],
            "nticks": 5,
            "showticklabels": bool(presentation.axis),
        },
        "yaxis": {
            "tickvals": list(range(len(bars))),
            "ticktext": ["<br>".join(textwrap.wrap(_label(bar), MAX_LABEL_LINE_CHARS)) for bar in bars],
            "range": [len(bars) - 0.5, -0.5],
            "showgrid": False,
            "zeroline": False,
        },
    }
    if is_trick:
        layout |= _build_mark(theme)
    height = AXIS_PX + BAR_PX * len(bars) + MARK_PX
    return new_figure(
        theme, height, [_bar_trace(bar, row, start, theme, is_trick) for row, bar in enumerate(bars)], layout
    )


def _label(bar: Bar) -> str:
    return f"{arm_style(bar.arm, 'light').glyph} {bar.label}" if bar.arm else bar.label


def _bar_trace(bar: Bar, row: int, start: float, theme: Theme, is_trick: bool) -> dict:
    """A bar from the start of the axis to its value."""
    style = arm_style(bar.arm, theme) if bar.arm else None
    colour = trick_colour(theme) if is_trick else style.colour if style else ink_colour(theme)
    pattern = style.pattern if style else ""
    return {
        "type": "bar",
        "orientation": "h",
        "base": start,
        "x": [bar.value - start],
        "y": [row],
        "marker": {
            "color": add_opacity(colour, 0.18) if pattern else colour,
            "line": {"color": colour, "width": 1.5},
            "pattern": {"shape": pattern, "fgcolor": colour, "fgopacity": 0.35, "size": 7},
        },
        "text": [f"<b>{bar.text}</b>"],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": ink_colour(theme), "size": 14},
        "hovertemplate": f"<b>{bar.label}</b><br>{bar.text}<extra></extra>",
    }


def _build_mark(theme: Theme) -> dict:
    """The mark of a trick as additions to a layout: its text above the plot, and its colour behind everything."""
    colour = trick_colour(theme)
    title = {
        "text": f"<b>{TRICK_MARK.upper()}</b>",
        "font": {"color": colour, "size": 15},
        "pad": {"l": 10, "t": 8},
        "x": 0,
        "xref": "container",
        "y": 1,
        "yref": "container",
        "yanchor": "top",
    }
    return {
        "title": title,
        "paper_bgcolor": add_opacity(colour, 0.1),
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": MARGINS | {"t": MARK_PX},
    }
