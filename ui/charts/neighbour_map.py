"""Maps of the same things by several methods, side by side, on which only neighbourhood has a meaning, as of t-SNE."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from bench.values.base import Arm
from ui.charts.labels import escape_name
from ui.design.class_styles import ClassStyle, choose_styled, list_class_styles, other_style
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import PALETTES, Theme, arm_style, ink_colour

HEIGHT_PX = 560
MARKER_PX = 7
RING_PX = 13
HOVER_WIDTH = 52
"""Characters in a line of a hover box."""
MAX_NAME = 28
"""Characters of a group in the legend."""
FADED = 0.4
"""Opacity of points beside marked ones."""
OTHERS = "all others"
GAP = 0.03
"""Share of the width between two maps."""


@dataclass(frozen=True, slots=True)
class MapPanel:
    """One map. All texts are plain."""

    arm: Arm
    title: str
    x: Sequence[float]
    y: Sequence[float]
    groups: Sequence[str]
    """What colours each point."""
    texts: Sequence[str]
    """What each point is, for the hover box."""
    facts: Sequence[Sequence[str]]
    """Lines below the text in the hover box."""
    marked: Sequence[bool]
    """The points that get a ring, if any; the others are paler then."""


def build_neighbour_map(panels: Sequence[MapPanel], theme: Theme = "light", *, marked_name: str = "") -> go.Figure:
    """The maps from left to right with one legend: a click on a group hides it in all maps. With `marked_name`, marked
    points get a ring, which has this name in the legend."""
    styled = choose_styled(group for panel in panels for group in panel.groups)
    styles = dict(zip(styled, list_class_styles(theme), strict=False))
    traces: list[dict[str, Any]] = []
    shown: set[str] = set()
    layout: dict[str, Any] = {
        "margin": MARGINS | {"t": 34},
        "legend": {"y": -0.02, "yanchor": "top", "itemsizing": "constant"},
        "annotations": [],
    }
    width = (1 - GAP * (len(panels) - 1)) / len(panels)
    for number, panel in enumerate(panels):
        suffix = str(number + 1) if number else ""
        left = number * (width + GAP)
        drawn = _list_traces(panel, styles, other_style(theme), is_marking=bool(marked_name))
        if marked_name:
            drawn.append(_make_ring(panel, theme, marked_name))
        for rank, trace in enumerate(drawn):
            # Plotly leaves traces without points out of the legend.
            is_first = bool(trace["x"]) and trace["legendgroup"] not in shown
            if is_first:
                shown.add(trace["legendgroup"])
            axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
            traces.append(trace | axes | {"showlegend": is_first, "legendrank": rank + 1})
        # Positions and distances have no unit and no meaning, so the axes have no numbers.
        axis = {
            "showticklabels": False,
            "showgrid": False,
            "zeroline": False,
            "showline": True,
            "mirror": True,
            "linecolor": PALETTES[theme].border,
        }
        layout[f"xaxis{suffix}"] = axis | {"domain": [left, left + width], "anchor": f"y{suffix}"}
        layout[f"yaxis{suffix}"] = axis | {"anchor": f"x{suffix}"}
        style = arm_style(panel.arm, theme)
        layout["annotations"].append(
            {
                "text": f"{style.glyph} {html.escape(panel.title, quote=False)}",
                "font": {"color": style.colour},
                "x": left,
                "xanchor": "left",
                "xref": "paper",
                "y": 1,
                "yanchor": "bottom",
                "yref": "paper",
            }
        )
    return new_figure(theme, HEIGHT_PX, traces, layout)


def _list_traces(
    panel: MapPanel, styles: dict[str, ClassStyle], other: ClassStyle, *, is_marking: bool
) -> list[dict[str, Any]]:
    """A trace for each styled group, also for one without points in this map, and one for all others."""
    places: dict[str, list[int]] = {group: [] for group in styles}
    for place, group in enumerate(panel.groups):
        places.setdefault(group if group in styles else OTHERS, []).append(place)
    traces: list[dict[str, Any]] = []
    for group, chosen in places.items():
        style = styles.get(group, other)
        marker: dict[str, Any] = {"color": style.colour, "symbol": style.symbol, "size": MARKER_PX}
        if is_marking:
            marker["opacity"] = [1.0 if panel.marked[place] else FADED for place in chosen]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": escape_name(group, MAX_NAME),
                "legendgroup": group,
                "x": [panel.x[place] for place in chosen],
                "y": [panel.y[place] for place in chosen],
                "marker": marker,
                "hovertext": [make_hover(panel.texts[place], panel.facts[place]) for place in chosen],
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    return traces


def _make_ring(panel: MapPanel, theme: Theme, name: str) -> dict[str, Any]:
    places = [place for place, marked in enumerate(panel.marked) if marked]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "x": [panel.x[place] for place in places],
        "y": [panel.y[place] for place in places],
        "marker": {
            "symbol": "circle-open",
            "size": RING_PX,
            "color": ink_colour(theme),
            "line": {"width": 1.5},
        },
        # The point inside has the hover box.
        "hoverinfo": "skip",
    }


def make_hover(text: str, facts: Sequence[str]) -> str:
    """A hover box: `text` in lines of one width, then `facts`. What would be HTML is shown as it is written."""
    lines = textwrap.wrap(text, HOVER_WIDTH) or [""]
    below = [line for fact in facts for line in textwrap.wrap(fact, HOVER_WIDTH)]
    return "<br>".join([*(html.escape(line, quote=False) for line in lines), "", *map(_embolden, below)])


def _embolden(fact: str) -> str:
    """`label: SciPy` with the value in bold."""
    name, separator, value = html.escape(fact, quote=False).partition(": ")
    return f"{name}{separator}<b>{value}</b>" if separator else name
