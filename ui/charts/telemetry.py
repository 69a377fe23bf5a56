"""Load of every processor over the time of a run."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from bench.run.record import Run
from bench.values.readings import Reading
from ui.charts.labels import build_note
from ui.design.plotly_template import TOOL_BAR_PX, new_figure
from ui.design.theme import Theme, load_colour_scale

MAX_READINGS = 400
"""Most readings that the chart draws; of more, every second or third is drawn."""


def build_telemetry_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """A map of the load: one row per logical processor, one column per reading."""
    readings = run.telemetry[:: max(1, math.ceil(len(run.telemetry) / MAX_READINGS))]
    count = max((len(reading.cores) for reading in readings), default=1)
    layout = {
        "xaxis": {"title": {"text": "time since the start of the run [s]"}},
        "yaxis": {
            "title": {"text": "processor"},
            "showgrid": False,
            "dtick": max(1, count // 16),
            "autorange": "reversed",
        },
    }
    height = 90 + min(420, max(16, 34 - count) * count)
    if not readings:
        return new_figure(theme, height, [], layout | {"annotations": [build_note("No readings", centred=True)]})
    heatmap = {
        "type": "heatmap",
        "x": [round(reading.at, 2) for reading in readings],
        "y": list(range(count)),
        "z": [[_load_percent(reading, core) for reading in readings] for core in range(count)],
        "customdata": [[_format_mhz(reading, core) for reading in readings] for core in range(count)],
        "zmin": 0,
        "zmax": 100,
        "xgap": 0,
        "ygap": 2,
        "colorscale": load_colour_scale(theme),
        "colorbar": {
            "tickvals": [0, 100],
            "ticktext": ["idle", "100 % load"],
            "thickness": 10,
            "outlinewidth": 0,
            # The tool bar is right of it.
            "xpad": TOOL_BAR_PX / 2,
        },
        "hovertemplate": "<b>processor %{y}</b>: %{z} %%{customdata}<br>at %{x:.1f} s<extra></extra>",
    }
    return new_figure(theme, height, [heatmap], layout)


def _load_percent(reading: Reading, core: int) -> int | None:
    return round(100 * reading.cores[core].busy) if core < len(reading.cores) else None


def _format_mhz(reading: Reading, core: int) -> str:
    mhz = reading.cores[core].mhz if core < len(reading.cores) else None
    return "" if mhz is None else f", {mhz:,.0f} MHz"
