"""The ratio of the total and of every step on a logarithmic axis, with intervals and published figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from bench.formatting import format_duration, format_ratio, format_ratio_with_interval
from bench.run.record import Run
from bench.run.snapshot import PublishedSnapshot
from bench.values import Arm, Comparison
from bench.workload.declaration import Case, PublishedRatio
from ui.charts.labels import wrap_html
from ui.design.plotly_template import MARGIN_PX, MARGINS, new_figure
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour, published_colour

Published = PublishedRatio | PublishedSnapshot

MAX_TALL_ROWS = 12
"""With more rows the chart is crowded: rows are low, and ratios are written beside their intervals."""
MAX_CROWDED_RATIO = 30.0
"""In a crowded chart, ratios beyond this one (or below its inverse) are drawn at the edge of the axis, as triangles,
so that the ratios near 1 stay apart."""
TALL_ROW_PX = 46
LOW_ROW_PX = 28
MIN_TICK_DISTANCE = 0.075
"""Smallest distance of two ticks, as a share of the axis."""
NO_CLAIM_REMARK = "<br>no claim is made for this step: select it above to see why"
NO_WORK_REMARK = "<br>excluded from the total: in one arm this step does no work to compare"
RATIO_TICKS = (
    *(0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9),
    *(1, 1.1, 1.25, 1.5, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500),
)
"""Candidates for ticks on an axis of ratios."""


def build_steps_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """The measured ratio of the total and of every step of a run, and the published ratios."""
    snapshot = run.snapshot
    comparisons = {comparison.step: comparison for comparison in run.statistics}
    remarks = {claim.step: NO_CLAIM_REMARK for claim in run.claims if not claim.made}
    remarks |= {step.name: NO_WORK_REMARK for step in snapshot.steps if step.excluded_from_total}
    return _build_ratio_figure(snapshot.labels(), comparisons, snapshot.published_ratios(), remarks, theme)


def build_published_figure(case: Case, published: Mapping[str, PublishedRatio], theme: Theme = "light") -> go.Figure:
    """Published ratios of steps of a case, for a page that has no run to show."""
    labels = {name: label for name, label in case.labels().items() if name in published}
    return _build_ratio_figure(labels, {}, published, {}, theme)


def _build_ratio_figure(
    labels: Mapping[str, str],
    comparisons: Mapping[str, Comparison],
    published: Mapping[str, Published],
    remarks: Mapping[str, str],
    theme: Theme,
) -> go.Figure:
    """One row for every step in `labels`, the first on top. `remarks` are reasons not to make a claim, by step."""
    rows = {name: row for row, name in enumerate(reversed(list(labels)))}
    crowded = len(rows) > MAX_TALL_ROWS
    max_ratio = MAX_CROWDED_RATIO if crowded else math.inf
    drawn = [comparisons[name] for name in rows if name in comparisons]
    ends = [1.0, *(ratio.ratio for ratio in published.values())]
    ends += [end for comparison in drawn for end in (comparison.ratio.low, comparison.ratio.high)]
    low, high = math.log10(max(min(ends), 1 / max_ratio)), math.log10(min(max(ends), max_ratio))
    padding = max(0.07 * (high - low), 0.03)
    layout = {
        "xaxis": _ratio_axis(low - padding, high + padding * (2 if crowded else 1)),
        "yaxis": {
            "tickvals": list(rows.values()),
            "ticktext": [labels[name] for name in rows],
            "range": [-0.55, len(rows) - 0.35],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [_line_at_one(theme)],
        "annotations": _direction_labels(theme),
        "legend": {"x": 1, "xanchor": "right"},
        "margin": MARGINS | {"r": 2 * MARGIN_PX, "t": 30},
    }
    traces = []
    if drawn:
        traces.append(_ratio_trace(drawn, rows, labels, remarks, max_ratio, theme))
        if crowded:
            traces[0]["mode"] = "markers"
            layout["annotations"] += [_ratio_label(comparison, rows[comparison.step]) for comparison in drawn]
    if published:
        traces.append(_published_trace(published, rows, labels, theme))
    height = 88 + (LOW_ROW_PX if crowded else TALL_ROW_PX) * len(rows)
    return new_figure(theme, height, traces, layout)


def _ratio_axis(low: float, high: float) -> dict:
    """A logarithmic axis between two decimal logarithms. Ticks close to 1 take precedence."""
    visible = [tick for tick in RATIO_TICKS if low <= math.log10(tick) <= high]
    ticks: list[float] = [1]
    for tick in sorted(visible, key=lambda tick: abs(math.log10(tick))):
        if all(abs(math.log10(tick / other)) > MIN_TICK_DISTANCE * (high - low) for other in ticks):
            ticks.append(tick)
    ticks.sort()
    return {
        "type": "log",
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}x" for tick in ticks],
        "title": {"text": "ratio: baseline time / accelerated time, log"},
    }


def _line_at_one(theme: Theme) -> dict:
    line = {"color": faint_colour(theme), "width": 1.5, "dash": "dot"}
    return {"type": "line", "x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}


def _direction_labels(theme: Theme) -> list[dict]:
    """Which side of 1 is faster."""
    # On a logarithmic axis Plotly positions annotations by the logarithm: 0 is a ratio of 1.
    position = {"x": 0, "xref": "x", "y": 1, "yref": "paper", "yanchor": "bottom"}
    font = {"color": faint_colour(theme)}
    return [
        position | {"text": "← slower", "xanchor": "right", "xshift": -6, "font": font},
        position | {"text": "faster →", "xanchor": "left", "xshift": 6, "font": font},
    ]


def _ratio_label(comparison: Comparison, row: int) -> dict:
    """The ratio as text, right of its interval."""
    end = _clamp(comparison.ratio.high, MAX_CROWDED_RATIO)
    text = format_ratio(comparison.ratio.value)
    return {"x": math.log10(end), "y": row, "text": text, "xanchor": "left", "xshift": 8}


def _clamp(ratio: float, max_ratio: float) -> float:
    return min(max(ratio, 1 / max_ratio), max_ratio)


def _is_beyond(ratio: float, max_ratio: float) -> bool:
    return not 1 / max_ratio <= ratio <= max_ratio


def _winner(comparison: Comparison, remarks: Mapping[str, str]) -> Arm | None:
    """The faster arm; None if the interval includes 1 or nothing is claimed."""
    if comparison.ratio.includes(1) or comparison.step in remarks:
        return None
    return Arm.ACCELERATED if comparison.ratio.value > 1 else Arm.BASELINE


def _symbol(comparison: Comparison, winner: Arm | None, max_ratio: float) -> str:
    if _is_beyond(comparison.ratio.value, max_ratio):
        return "triangle-left-open" if comparison.ratio.value < 1 else "triangle-right-open"
    return arm_style(winner, "light").symbol if winner else "square-open"


def _ratio_trace(
    comparisons: Sequence[Comparison],
    rows: Mapping[str, int],
    labels: Mapping[str, str],
    remarks: Mapping[str, str],
    max_ratio: float,
    theme: Theme,
) -> dict:
    """A marker for each ratio in the style of the faster arm; grey and hollow if there is none."""
    ratios = [comparison.ratio for comparison in comparisons]
    winners = [_winner(comparison, remarks) for comparison in comparisons]
    colours = [arm_style(winner, theme).colour if winner else faint_colour(theme) for winner in winners]
    # At the edge of the axis an interval would be drawn around the wrong ratio.
    visible = [not _is_beyond(ratio.value, max_ratio) for ratio in ratios]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [round(_clamp(ratio.value, max_ratio), 4) for ratio in ratios],
        "y": [rows[comparison.step] for comparison in comparisons],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [
                round((ratio.high - ratio.value) * shown, 4) for ratio, shown in zip(ratios, visible, strict=True)
            ],
            "arrayminus": [
                round((ratio.value - ratio.low) * shown, 4) for ratio, shown in zip(ratios, visible, strict=True)
            ],
            "thickness": 2,
            "width": 6,
            "color": ink_colour(theme),
        },
        "marker": {
            "symbol": [_symbol(c, winner, max_ratio) for c, winner in zip(comparisons, winners, strict=True)],
            "size": 12,
            "color": colours,
            "line": {"width": 2, "color": colours},
        },
        "text": [f"<b>{format_ratio(ratio.value)}</b>" for ratio in ratios],
        "textposition": "top center",
        "textfont": {"size": 12},
        "customdata": [_describe(comparison) for comparison in comparisons],
        "hovertemplate": [
            f"<b>{labels[comparison.step]}</b><br>%{{customdata}}{remarks.get(comparison.step, '')}<extra></extra>"
            for comparison in comparisons
        ],
        "name": "measured here, 95 % interval",
        "showlegend": False,
    }


def _describe(comparison: Comparison) -> str:
    times = " and ".join(format_duration(comparison.summary(arm).median) for arm in Arm)
    ratio = format_ratio_with_interval(comparison.ratio)
    return f"{times}<br>{ratio}, p {comparison.p_value:.2g}, {comparison.baseline.count} pairs"


def _published_trace(
    published: Mapping[str, Published], rows: Mapping[str, int], labels: Mapping[str, str], theme: Theme
) -> dict:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [ratio.ratio for ratio in published.values()],
        "y": [rows[name] for name in published],
        "marker": {"symbol": "star-open", "size": 13, "color": published_colour(theme), "line": {"width": 1.6}},
        "customdata": [
            f"<b>{labels[name]}, published: {ratio.ratio:g}x</b><br>{wrap_html(ratio.source)}<br><br>"
            f"{wrap_html(ratio.why_it_differs)}"
            for name, ratio in published.items()
        ],
        "hovertemplate": "%{customdata}<extra></extra>",
        "name": "published",
        "showlegend": True,
    }
