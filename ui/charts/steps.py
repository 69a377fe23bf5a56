"""The ratio of the total and of every step on a logarithmic axis, with intervals and published figures.

A marker's shape shows what the interval says, and whether it is filled shows what may be claimed. The legend is the key
to the marks that the chart has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum

import plotly.graph_objects as go

from bench.formatting import format_estimate, format_median, format_ratio_with_interval
from bench.run.record import Run
from bench.run.snapshot import PublishedSnapshot
from bench.values.base import Arm
from bench.values.statistics import Comparison
from bench.workload.cases import Case, PublishedRatio
from ui.charts.labels import wrap_html
from ui.charts.ratio_axis import build_line_at_one, build_ratio_axis
from ui.design.plotly_template import MARGINS, new_figure
from ui.design.theme import Theme, arm_style, faint_colour, ink_colour, published_colour

Published = PublishedRatio | PublishedSnapshot

MAX_TALL_ROWS = 12
"""With more rows the chart is crowded: rows are low, and ratios are written beside their intervals."""
MAX_CROWDED_RATIO = 30.0
"""In a crowded chart, ratios beyond this one (or below its inverse) are drawn at the edge of the axis, as triangles,
so that the ratios near 1 stay apart."""
TALL_ROW_PX = 46
LOW_ROW_PX = 28
AXES_PX = 134
"""Height of everything but the rows: the axis, the direction labels and the key."""
KEY_PX = 26
"""Height of the direction labels, which are between the plot and the key."""
NO_CLAIM_REMARK = "<br>no claim is made for this step: select it above to see why"
UNDECIDED_REMARK = "<br>the rules for claims are applied when the run is over"
NO_WORK_REMARK = "<br>excluded from the total: in one arm this step does no work to compare"


class Mark(StrEnum):
    """What a marker says, as the key names it."""

    FASTER = "faster, claimed"
    FASTER_UNCLAIMED = "faster, no claim"
    SAME = "interval includes 1"
    SLOWER = "slower, claimed"
    SLOWER_UNCLAIMED = "slower, no claim"
    NO_WORK = "nothing to compare"


SYMBOLS = {
    Mark.FASTER: "diamond",
    Mark.FASTER_UNCLAIMED: "diamond-open",
    Mark.SAME: "square-open",
    Mark.SLOWER: "circle",
    Mark.SLOWER_UNCLAIMED: "circle-open",
    Mark.NO_WORK: "x-thin-open",
}
"""Plotly markers."""


def build_steps_figure(run: Run, theme: Theme = "light") -> go.Figure:
    """The measured ratio of the total and of every step of a run, and the published ratios."""
    snapshot = run.snapshot
    comparisons = {comparison.step: comparison for comparison in run.statistics}
    remarks = {claim.step: NO_CLAIM_REMARK for claim in run.claims if not claim.made}
    remarks |= {step.name: NO_WORK_REMARK for step in snapshot.steps if step.excluded_from_total}
    if not run.claims:
        remarks = dict.fromkeys(comparisons, UNDECIDED_REMARK) | remarks
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
    row_px = LOW_ROW_PX if crowded else TALL_ROW_PX
    layout = {
        "xaxis": build_ratio_axis(low - padding, high + padding * (2 if crowded else 1)),
        "yaxis": {
            "tickvals": list(rows.values()),
            "ticktext": [labels[name] for name in rows],
            "range": [-0.55, len(rows) - 0.35],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [build_line_at_one(theme)],
        "annotations": _direction_labels(theme),
        "legend": {"y": 1 + KEY_PX / (row_px * len(rows))} if rows else {},
        "margin": MARGINS | {"t": 30},
    }
    traces = []
    for mark in Mark:
        alike = [comparison for comparison in drawn if _choose_mark(comparison, remarks) is mark]
        if alike:
            trace = _ratio_trace(alike, mark, rows, labels, remarks, max_ratio, theme)
            traces.append(trace | {"mode": "markers"} if crowded else trace)
    if crowded:
        layout["annotations"] += [_ratio_label(comparison, rows[comparison.step]) for comparison in drawn]
    if published:
        traces.append(_published_trace(published, rows, labels, theme))
    height = AXES_PX + row_px * len(rows)
    return new_figure(theme, height, traces, layout)


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
    text = format_estimate(comparison.ratio)
    return {"x": math.log10(end), "y": row, "text": text, "xanchor": "left", "xshift": 8}


def _clamp(ratio: float, max_ratio: float) -> float:
    return min(max(ratio, 1 / max_ratio), max_ratio)


def _is_beyond(ratio: float, max_ratio: float) -> bool:
    return not 1 / max_ratio <= ratio <= max_ratio


def _choose_mark(comparison: Comparison, remarks: Mapping[str, str]) -> Mark:
    if remarks.get(comparison.step) == NO_WORK_REMARK:
        return Mark.NO_WORK
    if comparison.ratio.includes(1):
        return Mark.SAME
    claimed = comparison.step not in remarks
    if comparison.ratio.value > 1:
        return Mark.FASTER if claimed else Mark.FASTER_UNCLAIMED
    return Mark.SLOWER if claimed else Mark.SLOWER_UNCLAIMED


def _mark_colour(mark: Mark, theme: Theme) -> str:
    """The colour of the faster arm; grey if there is none."""
    if mark in (Mark.FASTER, Mark.FASTER_UNCLAIMED):
        return arm_style(Arm.ACCELERATED, theme).colour
    if mark in (Mark.SLOWER, Mark.SLOWER_UNCLAIMED):
        return arm_style(Arm.BASELINE, theme).colour
    return faint_colour(theme)


def _symbol(comparison: Comparison, mark: Mark, max_ratio: float) -> str:
    if _is_beyond(comparison.ratio.value, max_ratio):
        return "triangle-left-open" if comparison.ratio.value < 1 else "triangle-right-open"
    return SYMBOLS[mark]


def _ratio_trace(
    comparisons: Sequence[Comparison],
    mark: Mark,
    rows: Mapping[str, int],
    labels: Mapping[str, str],
    remarks: Mapping[str, str],
    max_ratio: float,
    theme: Theme,
) -> dict:
    """The ratios that have the same mark, which the legend explains."""
    ratios = [comparison.ratio for comparison in comparisons]
    colour = _mark_colour(mark, theme)
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
            "symbol": [_symbol(comparison, mark, max_ratio) for comparison in comparisons],
            "size": 12,
            "color": colour,
            "line": {"width": 2, "color": colour},
        },
        "text": [f"<b>{format_estimate(ratio)}</b>" for ratio in ratios],
        "textposition": "top center",
        "textfont": {"color": ink_colour(theme)},
        "customdata": [_describe(comparison) for comparison in comparisons],
        "hovertemplate": [
            f"<b>{labels[comparison.step]}</b><br>%{{customdata}}{remarks.get(comparison.step, '')}<extra></extra>"
            for comparison in comparisons
        ],
        "name": mark.value,
        "showlegend": True,
    }


def _describe(comparison: Comparison) -> str:
    times = " and ".join(format_median(comparison.summary(arm)) for arm in Arm)
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
