"""TODO: ui.charts.steps.build_steps_figure."""

from __future__ import annotations

import math
from collections.abc import Mapping

import plotly.graph_objects as go

from bench.formatting import format_duration, format_ratio, format_ratio_with_interval
from bench.run.record import Run
from bench.run.snapshot import PublishedSnapshot
from bench.values import TOTAL, Arm, Comparison
from bench.workload.declaration import Case, PublishedRatio
from ui.charts.labels import wrap_html
from ui.design import plotly_template
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour, published_colour

MAX_STEP_RATIO = 30.0
"""Ratio, either way, beyond which one of very many steps stands on the edge of the axis, as a triangle."""


REFUSED_NOTE = "<br>nothing is claimed of it: choose it above, and see the claim"


NO_WORK_NOTE = "<br>no work was done in an arm: nothing to compare, and no part of the whole"


MAX_TALL_ROWS = 12
"""Steps beyond which their rows are low, and the ratios stand beside them."""


RATIO_TICKS = (
    0.0001,
    0.001,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.33,
    0.5,
    0.67,
    0.8,
    0.9,
    1,
    1.1,
    1.25,
    1.5,
    2,
    3,
    4,
    6,
    8,
    10,
    15,
    20,
    30,
    50,
    100,
    200,
    500,
)
"""Where a logarithmic axis of ratios may have a tick."""


def build_steps_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """The ratio of the whole and of every step with its interval, and what was published."""
    compared = {comparison.step: comparison for comparison in run.statistics}
    raced = {TOTAL, *(step.name for step in run.snapshot.steps)}
    unclaimed = {claim.step: REFUSED_NOTE for claim in run.claims if not claim.made}
    unclaimed |= {step.name: NO_WORK_NOTE for step in run.snapshot.steps if step.excluded_from_total}
    snapshot = run.snapshot
    return _build_ratio_figure(snapshot.labels(), snapshot.published_ratios(), compared, theme, raced, unclaimed)


def build_published_figure(case: Case, theme: Theme = "light") -> go.Figure:
    """The published ratios of a case, before anything was measured."""
    return _build_ratio_figure(case.labels(), case.published_ratios(), {}, theme)


def _build_ratio_figure(
    labels: Mapping[str, str],
    published: Mapping[str, PublishedRatio] | Mapping[str, PublishedSnapshot],
    compared: dict[str, Comparison],
    theme: Theme,
    raced: set[str] | None = None,
    unclaimed: Mapping[str, str] | None = None,
) -> go.Figure:
    """Of the steps `raced`; where nothing was, of those of which something was published.

    `unclaimed` are those of which nothing is claimed, and why.
    """
    shown = set(published) if raced is None else raced
    told = {name: ratio for name, ratio in published.items() if name in shown}
    labels = {name: label for name, label in labels.items() if name in shown}
    rows = {name: place for place, name in enumerate(reversed(labels))}
    crowded = len(rows) > MAX_TALL_ROWS
    ratios = [comparison.ratio for comparison in compared.values()]
    ends = [1.0, *(r.low for r in ratios), *(r.high for r in ratios), *(one.ratio for one in told.values())]
    # Who is a hundred times slower stands on the edge, and leaves room for those that are near 1.
    farthest = MAX_STEP_RATIO if crowded else math.inf
    low, high = math.log10(max(min(ends), 1 / farthest)), math.log10(min(max(ends), farthest))
    pad = max(0.07 * (high - low), 0.03)
    layout = plotly_template.base_layout(88 + (28 if crowded else 46) * len(rows)) | {
        "xaxis": _log_ratio_axis(low - pad, high + pad * (2 if crowded else 1)),
        "yaxis": {
            "tickvals": list(rows.values()),
            "ticktext": [labels[name] for name in rows],
            "range": [-0.55, len(rows) - 0.35],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
        },
        "shapes": [
            {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
            | {"line": {"color": faint_colour(theme), "width": 1.5, "dash": "dot"}}
        ],
        "annotations": _direction_labels(theme),
    }
    layout["legend"] = layout["legend"] | {"x": 1, "xanchor": "right"}
    layout["margin"] = {"l": 8, "r": 16, "t": 30, "b": 8}
    drawn = [c for name in rows if (c := compared.get(name))]
    dots = [_ratio_trace(drawn, rows, labels, unclaimed or {}, farthest, theme)] if compared else []
    if dots and crowded:
        # Beside the upper end of the interval: between the rows there is no room.
        layout["annotations"] = [*layout["annotations"], *_ratio_labels(compared, rows, theme)]
        dots[0] |= {"mode": "markers"}
    traces: list[dict] = dots
    return go.Figure({"data": traces + _published_traces(told, rows, labels, theme), "layout": layout})


def _ratio_labels(compared: dict[str, Comparison], rows: dict[str, int], theme: Theme) -> list[dict]:
    """The ratio in figures, on the right of its interval."""
    return [
        {
            "x": math.log10(min(max(compared[name].ratio.high, 1 / MAX_STEP_RATIO), MAX_STEP_RATIO)),
            "y": row,
            "text": format_ratio(compared[name].ratio.value),
            "xanchor": "left",
            "xshift": 8,
            "showarrow": False,
            "font": {"size": 12},
        }
        for name, row in rows.items()
        if name in compared
    ]


def _log_ratio_axis(low: float, high: float) -> dict:
    inside = [tick for tick in RATIO_TICKS if low <= math.log10(tick) <= high]
    kept: list[float] = [1]
    for tick in sorted(inside, key=lambda tick: abs(math.log10(tick))):
        if all(abs(math.log10(tick / other)) > 0.075 * (high - low) for other in kept):
            kept.append(tick)
    return {
        "type": "log",
        "range": [low, high],
        "tickvals": sorted(kept),
        "ticktext": [f"{tick:g}x" for tick in sorted(kept)],
        "title": {"text": "time of the baseline over time of the accelerated arm, log"},
        "zeroline": False,
    }


def _direction_labels(theme: Theme) -> list[dict]:
    """Which side of 1 is which."""
    base = {"x": 0, "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom", "showarrow": False}
    font = {"size": 12, "color": faint_colour(theme)}
    return [
        base | {"text": "← slower", "xanchor": "right", "xshift": -6, "font": font},
        base | {"text": "faster →", "xanchor": "left", "xshift": 6, "font": font},
    ]


def _edge_symbol(ratio: float, farthest: float) -> str:
    """The symbol of a ratio beyond the axis; empty for those on it."""
    if 1 / farthest <= ratio <= farthest:
        return ""
    return "triangle-left-open" if ratio < 1 else "triangle-right-open"


def _ratio_trace(
    comparisons: list[Comparison],
    rows: dict[str, int],
    labels: dict[str, str],
    unclaimed: Mapping[str, str],
    farthest: float,
    theme: Theme,
) -> dict:
    """A dot in the winner's look; grey and hollow where the interval includes 1, or nothing is claimed."""
    winners = [
        None if c.ratio.includes(1) or c.step in unclaimed else Arm.ACCELERATED if c.ratio.value > 1 else Arm.BASELINE
        for c in comparisons
    ]
    looks = [arm_style(winner, theme) if winner else None for winner in winners]
    colours = [look.colour if look else faint_colour(theme) for look in looks]
    # On the edge of the axis an interval would stand at the wrong ratio.
    ends = [
        (0.0, 0.0)
        if _edge_symbol(c.ratio.value, farthest)
        else (c.ratio.high - c.ratio.value, c.ratio.value - c.ratio.low)
        for c in comparisons
    ]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [round(min(max(c.ratio.value, 1 / farthest), farthest), 4) for c in comparisons],
        "y": [rows[c.step] for c in comparisons],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [round(above, 4) for above, _ in ends],
            "arrayminus": [round(below, 4) for _, below in ends],
            "thickness": 2,
            "width": 6,
            "color": ink_colour(theme),
        },
        "marker": {
            "symbol": [
                _edge_symbol(c.ratio.value, farthest) or (look.symbol if look else "square-open")
                for c, look in zip(comparisons, looks, strict=True)
            ],
            "size": 12,
            "color": colours,
            "line": {"width": 2},
        },
        "text": [f"<b>{format_ratio(c.ratio.value)}</b>" for c in comparisons],
        "textposition": "top center",
        "textfont": {"size": 12},
        "customdata": [
            f"{format_duration(c.baseline.median)} and {format_duration(c.accelerated.median)}<br>"
            f"{format_ratio_with_interval(c.ratio)}, p {c.p_value:.2g}, "
            f"{c.baseline.count} pairs"
            for c in comparisons
        ],
        "hovertemplate": [
            f"<b>{labels[c.step]}</b><br>%{{customdata}}{unclaimed.get(c.step, '')}<extra></extra>" for c in comparisons
        ],
        "name": "measured here, 95 % interval",
        "showlegend": False,
    }


def _published_traces(
    told: Mapping[str, PublishedRatio | PublishedSnapshot], rows: dict[str, int], labels: dict[str, str], theme: Theme
) -> list[dict]:
    if not told:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "x": [one.ratio for one in told.values()],
            "y": [rows[name] for name in told],
            "marker": {"symbol": "star-open", "size": 13, "color": published_colour(theme), "line": {"width": 1.6}},
            "customdata": [
                f"<b>{labels[name]}, published: {one.ratio:g}x</b><br>{wrap_html(one.source)}<br><br>"
                f"{wrap_html(one.why_it_differs)}"
                for name, one in told.items()
            ],
            "hovertemplate": "%{customdata}<extra></extra>",
            "name": "published",
            "showlegend": True,
        }
    ]
