"""The logarithmic axis of ratios that several charts share."""

from __future__ import annotations

import math
from itertools import pairwise

from ui.design.theme import Theme, faint_colour

MIN_TICK_DISTANCE = 0.12
"""Smallest distance of two ticks, as a share of the axis: labels such as 100x stay apart on a phone."""
NARROW_TICKS = (0.33, 0.5, 0.67, 0.8, 0.9, 0.95, 0.98, 0.99, 1, 1.01, 1.02, 1.05, 1.1, 1.25, 1.5, 2, 3)
"""Candidates for ticks on an axis that is too narrow for one of `TICK_GRIDS`."""
TICK_GRIDS = ((1, 2, 5), (1, 3), (1,))
"""Positions of ticks in a decade above 1, densest first; below 1 are their reciprocals."""
MIN_TICKS = 3
"""Least number of ticks for which a grid is used."""
MAX_DECADES = 6


def build_ratio_axis(low: float, high: float, min_distance: float = MIN_TICK_DISTANCE) -> dict:
    """A logarithmic axis between two decimal logarithms; `min_distance` of two ticks is a share of the axis."""
    ticks = _choose_ticks(low, high, min_distance * (high - low))
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


def _choose_ticks(low: float, high: float, min_distance: float) -> list[float]:
    """The ticks between two decimal logarithms, at least `min_distance` apart: the densest grid that fits, or on a
    narrow axis those of `NARROW_TICKS` that fit, with precedence for those close to 1."""
    for digits in TICK_GRIDS:
        above = [digit * 10.0**decade for decade in range(MAX_DECADES) for digit in digits]
        # Rounded, so that the label is where it says: 0.33x.
        below = [float(f"{1 / tick:.2g}") for tick in above[1:]]
        ticks = sorted(tick for tick in above + below if low <= math.log10(tick) <= high)
        distances = [math.log10(second / first) for first, second in pairwise(ticks)]
        if len(ticks) >= MIN_TICKS and min(distances) > min_distance:
            return ticks
    ticks = [1.0]
    for tick in sorted(NARROW_TICKS, key=lambda tick: abs(math.log10(tick))):
        is_apart = all(abs(math.log10(tick / other)) > min_distance for other in ticks)
        if is_apart and low <= math.log10(tick) <= high:
            ticks.append(tick)
    return sorted(ticks)


def build_line_at_one(theme: Theme) -> dict:
    """A dotted vertical line at a ratio of 1, as a Plotly shape."""
    line = {"color": faint_colour(theme), "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}
