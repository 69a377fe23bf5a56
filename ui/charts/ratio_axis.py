"""The logarithmic axis of ratios that several charts share."""

from __future__ import annotations

import math

from ui.design.theme import Theme, faint_colour

MIN_TICK_DISTANCE = 0.12
"""Smallest distance of two ticks, as a share of the axis: labels such as 100x stay apart on a phone."""
RATIO_TICKS = (
    *(0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9),
    *(1, 1.1, 1.25, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500),
)
"""Candidates for ticks on an axis of ratios."""


def build_ratio_axis(low: float, high: float, min_distance: float = MIN_TICK_DISTANCE) -> dict:
    """A logarithmic axis between two decimal logarithms. Ticks close to 1 take precedence, and `min_distance` is that
    of two ticks, as a share of the axis."""
    visible = [tick for tick in RATIO_TICKS if low <= math.log10(tick) <= high]
    ticks: list[float] = [1]
    for tick in sorted(visible, key=lambda tick: abs(math.log10(tick))):
        if all(abs(math.log10(tick / other)) > min_distance * (high - low) for other in ticks):
            ticks.append(tick)
    ticks.sort()
    return {
        "type": "log",
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}x" for tick in ticks],
        # Plotly would rotate the labels on a phone; it leaves some out if they may not rotate.
        "tickangle": 0,
        "ticklabeloverflow": "hide past div",
        "title": {"text": "ratio (log):<br>baseline time / accelerated time"},
    }


def build_line_at_one(theme: Theme) -> dict:
    """A dotted vertical line at a ratio of 1, as a Plotly shape."""
    line = {"color": faint_colour(theme), "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}
