"""Time against the number of cores."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles
from typing import Any

import plotly.graph_objects as go

from bench.formatting import format_duration, format_median
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.statistics import CoreCount, Summary
from ui.charts.axes import TimeUnit
from ui.charts.labels import build_note
from ui.design.plotly_template import new_figure
from ui.design.theme import Theme, arm_style

MIN_QUARTILE_SAMPLES = 5
"""With fewer samples the median may be a quartile itself, so no bar is drawn: the mark would be at its end."""


def build_cores_figure(run: Run, theme: Theme = "light", *, height: int = 260) -> go.Figure:
    """Median of the total time against the number of cores, for both arms, with quartiles."""
    unit = TimeUnit.of_all([count.whole.median for count in run.core_counts])
    layout: dict[str, Any] = {
        "xaxis": {
            "title": {"text": "cores"},
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [str(cores) for cores in sorted({count.cores for count in run.core_counts})],
        },
        "yaxis": {"title": {"text": f"total time [{unit.name}]"}, "rangemode": "tozero"},
    }
    if not run.core_counts:
        layout["annotations"] = [build_note("No other core counts were measured", centred=True)]
    return new_figure(theme, height, [_arm_trace(run, arm, unit, theme) for arm in Arm], layout)


def _arm_trace(run: Run, arm: Arm, unit: TimeUnit, theme: Theme) -> dict:
    style, name = arm_style(arm, theme), run.snapshot.arms[arm]
    counts = [count for count in run.core_counts if count.arm == arm]
    totals = [count.whole for count in counts]
    ends = [_bar_ends(total) for total in totals]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [str(count.cores) for count in counts],
        "y": [unit(total.median) for total in totals],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [unit(high - total.median) for total, (_, high) in zip(totals, ends, strict=True)],
            "arrayminus": [unit(total.median - low) for total, (low, _) in zip(totals, ends, strict=True)],
            "color": style.colour,
            "thickness": 1.3,
            "width": 5,
        },
        "line": {"color": style.colour, "dash": style.dash, "width": 2},
        "marker": {
            "symbol": style.symbol,
            "size": 10,
            "color": style.colour,
            "line": {"width": 2, "color": style.colour},
        },
        "customdata": [_describe_count(count) for count in counts],
        "name": name,
        "hovertemplate": f"<b>{name}</b>, cores: %{{x}}<br>%{{customdata}}<extra></extra>",
    }


def _bar_ends(total: Summary) -> tuple[float, float]:
    """The quartiles in seconds, or twice the median if there are too few samples for them."""
    if total.count < MIN_QUARTILE_SAMPLES:
        return total.median, total.median
    return total.lower_quartile, total.upper_quartile


def _describe_count(count: CoreCount) -> str:
    total = count.whole
    low, high = _bar_ends(total)
    quartiles = f", quartiles {format_duration(low)} and {format_duration(high)}" if low < high else ""
    return f"median {format_median(total)}{quartiles}<br>{total.count} samples, {total.effective_cores:.2f} cores used"


def build_median_trace(
    x: Sequence[float], times: Sequence[Sequence[float]], arm: Arm, name: str, hover: str, theme: Theme
) -> dict:
    """A line in an arm's style through the median of `times` at each `x`, in seconds, with quartiles.

    `hover` is a Plotly template; its `%{customdata}` is the median as text.
    """
    style = arm_style(arm, theme)
    quartiles = [quantiles(samples, n=4, method="inclusive") for samples in times]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": [median for _, median, _ in quartiles],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - median for _, median, high in quartiles],
            "arrayminus": [median - low for low, median, _ in quartiles],
            "thickness": 1.2,
        },
        "name": name,
        "line": {"color": style.colour, "dash": style.dash, "width": 2},
        "marker": {"color": style.colour, "symbol": style.symbol, "size": 10},
        "customdata": [format_duration(median) for _, median, _ in quartiles],
        "hovertemplate": f"<b>{name}</b>, {hover}<extra></extra>",
    }
