"""TODO: ui.design.plotly_template."""

from __future__ import annotations


def base_layout(height: int) -> dict:
    """What every chart's Plotly layout begins with."""
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "dragmode": "zoom",
        "barcornerradius": 3,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "itemsizing": "trace",
        },
    }


PLOTLY_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoomIn2d", "zoomOut2d", "autoScale2d", "pan2d", "select2d", "lasso2d"],
}
"""Plotly's settings in every chart: dragging zooms, a double click shows all again."""
