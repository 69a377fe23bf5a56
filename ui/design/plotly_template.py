"""The Plotly template of all charts, one for each theme. A figure sets only what differs from it.

On a page, Streamlit replaces the template's fonts, backgrounds and grid colours by those of the theme in the browser,
which may have been switched since the figure was built. In a report the template is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import plotly.graph_objects as go
import plotly.io as pio

from ui.design.theme import PALETTES, Theme

PLOTLY_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d", "pan2d", "select2d", "lasso2d"],
}
"""Plotly's settings of every chart: dragging zooms, a double click shows everything again."""
FONT_FAMILY = (
    "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Ubuntu, Cantarell, 'Noto Sans', 'Liberation Sans', Arial, "
    "system-ui"
)
"""`font` of the theme in `.streamlit/config.toml`."""
BASE_FONT_SIZE_PX = 15
"""`baseFontSize` of the theme in `.streamlit/config.toml`."""
MARGIN_PX = 8
MARGINS = dict.fromkeys(("l", "r", "t", "b"), MARGIN_PX)
"""Part of every figure and not of the template, because Streamlit resets the margins of templates."""


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
    small, medium = 0.75 * BASE_FONT_SIZE_PX, 0.875 * BASE_FONT_SIZE_PX
    axis = {
        "automargin": True,
        "gridcolor": palette.grid,
        "zerolinecolor": palette.grid,
        "title": {"font": {"size": medium, "color": palette.label}},
        "tickfont": {"size": small, "color": palette.label},
        "minor": {"gridcolor": palette.grid},
    }
    return go.layout.Template(
        layout={
            "font": {"family": FONT_FAMILY, "size": small, "color": palette.label},
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
                "font": {"color": palette.ink},
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
                "font": {"color": palette.ink},
            },
            "annotationdefaults": {"showarrow": False, "font": {"size": 12}},
        }
    )


for _theme in get_args(Theme):
    pio.templates[template_name(_theme)] = _build_template(_theme)
