"""TODO: ui.charts.telemetry.build_telemetry_figure."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from bench.run.record import Run
from ui.charts.labels import build_note
from ui.design import plotly_template
from ui.design.theme import Theme, load_colour_scale


def build_telemetry_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """How busy every logical processor was while the run was on."""
    readings = run.telemetry[:: max(1, math.ceil(len(run.telemetry) / 400))]
    count = max((len(reading.cores) for reading in readings), default=1)
    busy = [
        [round(100 * r.cores[core].busy) if core < len(r.cores) else None for r in readings] for core in range(count)
    ]
    layout = plotly_template.base_layout(90 + min(420, max(16, 34 - count) * count)) | {
        "xaxis": {"title": {"text": "since the start of the run [s]"}, "showgrid": False},
        "yaxis": {
            "title": {"text": "processor"},
            "showgrid": False,
            "dtick": max(1, count // 16),
            "autorange": "reversed",
            "automargin": True,
        },
    }
    heat = {
        "type": "heatmap",
        "x": [round(reading.at, 2) for reading in readings],
        "y": list(range(count)),
        "z": busy,
        "customdata": [
            [_format_mhz(r.cores[core].mhz) if core < len(r.cores) else "" for r in readings] for core in range(count)
        ],
        "zmin": 0,
        "zmax": 100,
        "xgap": 0,
        "ygap": 2,
        "colorscale": load_colour_scale(theme),
        "colorbar": {"title": {"text": "load [%]"}, "thickness": 10, "outlinewidth": 0},
        "hovertemplate": "<b>processor %{y}</b>: %{z} %%{customdata}<br>at %{x:.1f} s<extra></extra>",
    }
    if not readings:
        layout["annotations"] = [build_note("Nothing was read", middle=True)]
    return go.Figure({"data": [heat] if readings else [], "layout": layout})


def _format_mhz(mhz: float | None) -> str:
    return f", {mhz:,.0f} MHz" if mhz is not None else ""
