"""The Plotly template of all charts, one for each theme. A figure sets only what differs from it.

A page is drawn again after its theme was switched, so Streamlit's own theme for Plotly, whose grey texts are too small
and too pale, is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import plotly.graph_objects as go
import plotly.io as pio

from ui.design.theme import PALETTES, Theme

PLOTLY_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoom2d", "zoomIn2d", "zoomOut2d", "autoScale2d", "pan2d", "select2d", "lasso2d"],
}
"""Plotly's settings of every chart: dragging zooms, a double click shows everything again. The tool bar only has
buttons for a picture, for the whole chart and for the whole screen."""
FONT_FAMILY = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Ubuntu, Cantarell, 'Noto Sans', 'Liberation Sans', Arial, "
    "system-ui"
)
"""`font` of the theme in `.streamlit/config.toml`."""
TEXT_SIZE_PX = 13
"""Of every text in a chart. Nothing is smaller."""
MARGIN_PX = 8
TOOL_BAR_PX = 28
"""Width of Plotly's tool bar, which stands upright in the right margin, where no text and no mark is."""
MARGINS = dict.fromkeys(("l", "t", "b"), MARGIN_PX) | {"r": TOOL_BAR_PX + MARGIN_PX}


def new_figure(
    theme: Theme, height: int, traces: Iterable[Mapping[str, Any]] = (), layout: Mapping[str, Any] | None = None
) -> go.Figure:
    """A figure in the look of `theme`, `height` pixels high, with `traces` and its own additions to the layout."""
    shared = {"template": template_name(theme), "height": height, "margin": MARGINS}
    return go.Figure({"data": list(traces), "layout": {**shared, **(layout or {})}})


def template_name(theme: Theme) -> str:
    """The name under which Plotly knows the template of `theme`."""
    return f"fairlap-{theme}"


def _build_template(theme: Theme) -> go.layout.Template:
    palette = PALETTES[theme]
    axis = {
        "automargin": True,
        "ticks": "",
        "ticklabelstandoff": 6,
        "gridcolor": palette.grid,
        "zerolinecolor": palette.grid,
        "title": {"font": {"size": TEXT_SIZE_PX, "color": palette.label}},
        "tickfont": {"size": TEXT_SIZE_PX, "color": palette.label},
        "minor": {"gridcolor": palette.grid},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT_FAMILY, "size": TEXT_SIZE_PX, "color": palette.label},
            "paper_bgcolor": palette.background,
            "plot_bgcolor": palette.background,
            "colorway": palette.series,
            "xaxis": axis | {"showgrid": False, "zeroline": False},
            "yaxis": axis,
            "hovermode": "closest",
            "hoverlabel": {
                "align": "left",
                "bgcolor": palette.background,
                "bordercolor": palette.border,
                "font": {"size": TEXT_SIZE_PX, "color": palette.ink},
            },
            "modebar": {
                "orientation": "v",
                "bgcolor": palette.background,
                "color": palette.label,
                "activecolor": palette.ink,
            },
            "dragmode": "zoom",
            "barcornerradius": 3,
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
                "itemsizing": "trace",
                "font": {"size": TEXT_SIZE_PX, "color": palette.ink},
            },
            "annotationdefaults": {"showarrow": False, "font": {"size": TEXT_SIZE_PX, "color": palette.ink}},
        }
    )


for _theme in get_args(Theme):
    pio.templates[template_name(_theme)] = _build_template(_theme)
