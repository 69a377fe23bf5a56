"""The accuracy that the accelerated arm keeps, or how many of its results equal the baseline's."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import plotly.graph_objects as go

from bench.claims.quality import MeasureLoss, measure_loss
from bench.formatting import format_difference, format_measure, format_observations
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.quality import Measure
from ui.charts.labels import build_note, wrap_html
from ui.design.plotly_template import new_figure
from ui.design.theme import PALETTES, Theme, add_opacity, arm_style, faint_colour, published_colour

MeasurePair = tuple[Measure, Measure]
"""The same measure of the baseline and of the accelerated arm."""
AXIS_TITLE = "accuracy kept [%]"
MAX_LABEL_LINE_CHARS = 16
LINE_PX, AXIS_PX = 17, 80
"""Height of a line of a label, and of what is above and below the rows."""


def build_accuracy_figure(run: Run, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """For every decisive measure the share of the baseline's accuracy that is kept, and the limit.

    If the run compares results instead of measuring an accuracy, the number of steps with equal results.
    """
    pairs = pair_decisive_measures(run)
    if pairs:
        return _build_share_figure(run, pairs, height, theme)
    if agreement := list_result_agreement(run):
        return _build_equality_figure(agreement, height, theme)
    note = "Not measured yet" if run.snapshot.changes_arithmetic else "The lever does not change the arithmetic"
    layout = {
        "xaxis": {"title": {"text": AXIS_TITLE}, "range": [98, 101]},
        "annotations": [build_note(note, centred=True)],
    }
    return new_figure(theme, height, [], layout)


def pair_decisive_measures(run: Run) -> list[MeasurePair]:
    """The measures on which a claim depends, of both arms."""
    if run.quality is None:
        return []
    accelerated = {measure.name: measure for measure in run.quality.accelerated}
    return [(m, accelerated[m.name]) for m in run.quality.baseline if m.decisive and m.name in accelerated]


def list_result_agreement(run: Run) -> list[Measure]:
    """For every step whose results are compared, the share of equal results in percent."""
    return [measure for measure in run.quality.agreement if measure.decisive] if run.quality else []


def _build_share_figure(run: Run, pairs: list[MeasurePair], height: int, theme: Theme) -> go.Figure:
    """One row per measure: a line from the baseline, at 100 %, to the accelerated arm. Higher than `height` if the
    labels need it."""
    labels = [textwrap.wrap(baseline.label, MAX_LABEL_LINE_CHARS) for baseline, _ in pairs]
    height = max(height, AXIS_PX + LINE_PX * len(pairs) * max(map(len, labels)))
    limit = 100 * run.plan.accuracy_limit
    rows = list(range(len(pairs) - 1, -1, -1))
    assert run.quality
    losses = [measure_loss(run.quality, *pair, 1 - run.plan.accuracy_limit) for pair in pairs]
    shares = [100 * (1 - loss.value) for loss in losses]
    intervals = [loss.interval for loss in losses if loss.interval]
    ends = [100.0, limit, *shares]
    ends += [100 * (1 - loss) for interval in intervals for loss in (interval.low, interval.high)]
    padding = 0.24 * (max(ends) - min(ends)) + 0.1
    low, high = min(ends) - padding, max(ends) + padding
    layout = {
        "showlegend": False,
        "xaxis": {"title": {"text": AXIS_TITLE}, "range": [low, high], "nticks": 5},
        "yaxis": {
            "tickvals": rows,
            "ticktext": ["<br>".join(lines) for lines in labels],
            "range": [-0.7, len(pairs) - 0.3],
            "showgrid": False,
            "zeroline": False,
        },
        "shapes": [_limit_area(low, limit, theme)],
        "annotations": [_limit_label(limit, theme), *_value_labels(pairs, rows, theme)],
    }
    return new_figure(theme, height, _dumbbell_traces(run, pairs, losses, rows, theme), layout)


def _limit_area(low: float, limit: float, theme: Theme) -> dict:
    """The area of accuracies below the limit."""
    area = {"type": "rect", "xref": "x", "x0": low, "x1": limit, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return area | {"fillcolor": add_opacity(published_colour(theme), 0.12), "line": {"width": 0}}


def _limit_label(limit: float, theme: Theme) -> dict:
    position = {"x": limit, "xref": "x", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "top"}
    return position | {"text": f"limit {limit:g} %", "font": {"color": published_colour(theme)}}


def _value_labels(pairs: list[MeasurePair], rows: list[int], theme: Theme) -> list[dict]:
    """Both arms' absolute values, under each line and away from the area below the limit, which is at the left."""
    glyphs = [arm_style(arm, "light").glyph for arm in (Arm.BASELINE, Arm.ACCELERATED)]
    return [
        {
            "x": 1,
            "xref": "paper",
            "xanchor": "right",
            "y": row - 0.3,
            "yref": "y",
            "bgcolor": PALETTES[theme].background,
            "yanchor": "top" if len(rows) == 1 else "middle",
            "text": f"{glyphs[0]} {format_measure(baseline)}   {glyphs[1]} {format_measure(accelerated)}",
        }
        for row, (baseline, accelerated) in zip(rows, pairs, strict=True)
    ]


def _dumbbell_traces(
    run: Run, pairs: list[MeasurePair], losses: list[MeasureLoss], rows: list[int], theme: Theme
) -> list[dict]:
    shares = [100 * (1 - loss.value) for loss in losses]
    lines = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [100, share],
            "y": [row, row],
            "line": {"color": faint_colour(theme), "width": 3},
            "hoverinfo": "skip",
        }
        for share, row in zip(shares, rows, strict=True)
    ]
    baselines = [baseline for baseline, _ in pairs]
    accelerated = [measure for _, measure in pairs]
    return [
        *lines,
        _arm_trace(run, Arm.BASELINE, baselines, [100.0] * len(pairs), rows, theme),
        _arm_trace(run, Arm.ACCELERATED, accelerated, shares, rows, theme) | {"error_x": _interval_bars(losses)},
    ]


def _interval_bars(losses: list[MeasureLoss]) -> dict:
    """The 95 % interval of each share that is kept; of no length where it is not known."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [100 * (loss.value - loss.interval.low) if loss.interval else 0.0 for loss in losses],
        "arrayminus": [100 * (loss.interval.high - loss.value) if loss.interval else 0.0 for loss in losses],
        "thickness": 2,
        "width": 6,
    }


def _arm_trace(
    run: Run, arm: Arm, measures: list[Measure], shares: Sequence[float], rows: list[int], theme: Theme
) -> dict:
    style = arm_style(arm, theme)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [round(share, 4) for share in shares],
        "y": rows,
        "marker": {
            "symbol": style.symbol,
            "color": style.colour,
            "size": 14,
            "line": {"width": 2.5, "color": style.colour},
        },
        "text": [_describe_measure(run, measure) for measure in measures],
        "hovertemplate": f"<b>{run.snapshot.arms[arm]}</b><br>%{{text}}<br>%{{x:.2f}} % kept<extra></extra>",
    }


def _describe_measure(run: Run, measure: Measure) -> str:
    """The value, the observations, and the interval of the difference, for the hover text."""
    text = f"{measure.label} {format_measure(measure)}<br>{format_observations(measure)}"
    difference = run.quality.difference(measure.name) if run.quality else None
    return f"{text}<br>{format_difference(difference)}" if difference else text


def _build_equality_figure(agreement: list[Measure], height: int, theme: Theme) -> go.Figure:
    """How many steps had equal results, and the names of the others."""
    different = [measure.step or measure.label for measure in agreement if measure.value < 100]
    style = arm_style(Arm.ACCELERATED, theme)
    counts = {"equal": len(agreement) - len(different), "different": len(different)}
    colours = {"equal": style.colour, "different": published_colour(theme)}
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [count],
            "y": [0],
            "name": outcome,
            "text": f"<b>{count} {outcome}</b>",
            "textposition": "inside",
            "insidetextanchor": "start",
            "textangle": 0,
            "textfont": {"color": style.text, "size": 14},
            "width": 0.3,
            "marker": {"color": colours[outcome]},
            "hovertemplate": f"{count} steps with {outcome} results<extra></extra>",
        }
        for outcome, count in counts.items()
        if count
    ]
    layout = {
        "barmode": "stack",
        "showlegend": False,
        "xaxis": {
            "title": {"text": "steps with compared results"},
            "range": [0, len(agreement)],
            "dtick": max(1, math.ceil(len(agreement) / 6)),
        },
        "yaxis": {"visible": False, "range": [-0.6, 0.6]},
    }
    if different:
        layout["annotations"] = [build_note(wrap_html(f"different: {', '.join(different)}"))]
    return new_figure(theme, height, bars, layout)
