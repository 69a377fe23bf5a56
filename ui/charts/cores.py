"""TODO: ui.charts.cores.build_cores_figure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import quantiles

import plotly.graph_objects as go

from bench.formatting import format_duration
from bench.run.record import Run
from bench.values import Arm
from ui.charts.axes import TimeUnit, typical_value
from ui.charts.labels import arm_label, build_note
from ui.design import plotly_template
from ui.design.theme import Theme, arm_style


def build_cores_figure(run: Run, theme: Theme = "light", *, height: int = 260) -> go.Figure:
    """Time of the whole against the number of cores, both arms, with quartiles."""
    unit = TimeUnit.of(typical_value([count.whole.median for count in run.core_counts]))
    tried = sorted({count.cores for count in run.core_counts})
    traces = []
    for arm in Arm:
        look = arm_style(arm, theme)
        counts = [count for count in run.core_counts if count.arm == arm]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [str(count.cores) for count in counts],
                "y": [unit(count.whole.median) for count in counts],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [unit(count.whole.upper_quartile - count.whole.median) for count in counts],
                    "arrayminus": [unit(count.whole.median - count.whole.lower_quartile) for count in counts],
                    "color": look.colour,
                    "thickness": 1.3,
                    "width": 5,
                },
                "line": {"color": look.colour, "dash": look.dash, "width": 2},
                "marker": {"symbol": look.symbol, "size": 10, "color": look.colour, "line": {"width": 2}},
                "customdata": [
                    f"{format_duration(count.whole.median)} ({format_duration(count.whole.lower_quartile)} to "
                    f"{format_duration(count.whole.upper_quartile)} between the quartiles)<br>"
                    f"{count.whole.count} samples, {count.whole.effective_cores:.2f} cores used"
                    for count in counts
                ],
                "name": arm_label(run, arm),
                "hovertemplate": f"<b>{arm_label(run, arm)}</b>, cores: %{{x}}<br>%{{customdata}}<extra></extra>",
            }
        )
    layout = plotly_template.base_layout(height) | {
        "xaxis": {
            "title": {"text": "cores asked for"},
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [str(count) for count in tried],
            "showgrid": False,
        },
        "yaxis": {"title": {"text": f"the whole [{unit.name}]"}, "rangemode": "tozero", "automargin": True},
    }
    if not run.core_counts:
        layout["annotations"] = [build_note("No other core count was tried", middle=True)]
    return go.Figure({"data": traces, "layout": layout})


def build_median_trace(
    x: Sequence[float], series: Sequence[Sequence[float]], arm: Arm, name: str, hover: str, theme: Theme
) -> dict:
    """A line in an arm's look: the median of the times at each `x`, in seconds, with their quartiles."""
    look = arm_style(arm, theme)
    spread = [quantiles(times, n=4, method="inclusive") for times in series]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": list(x),
        "y": [middle for _, middle, _ in spread],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [high - middle for _, middle, high in spread],
            "arrayminus": [middle - low for low, middle, _ in spread],
            "thickness": 1.2,
        },
        "name": name,
        "line": {"color": look.colour, "dash": look.dash, "width": 2},
        "marker": {"color": look.colour, "symbol": look.symbol, "size": 10},
        "customdata": [format_duration(middle) for _, middle, _ in spread],
        "hovertemplate": f"<b>{name}</b>, {hover}<extra></extra>",
    }
