"""TODO: ui.charts.accuracy.build_accuracy_figure."""

from __future__ import annotations

import textwrap

import plotly.graph_objects as go

from bench.claims.quality import relative_accuracy
from bench.formatting import format_measure
from bench.run.record import Run
from bench.values import Arm, Measure
from ui.charts.labels import arm_label, build_note, wrap_html
from ui.design import plotly_template
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, published_colour


def build_accuracy_figure(run: Run, theme: Theme = "light", *, height: int = 240) -> go.Figure:
    """How much of the baseline's accuracy the accelerated arm keeps, for every decisive measure; the limit beside."""
    pairs = pair_decisive_measures(run)
    limit = 100 * run.plan.accuracy_limit
    layout = plotly_template.base_layout(height) | {"showlegend": False}
    if not pairs and (found := list_result_agreement(run)):
        return _build_equality_figure(found, height, theme)
    if not pairs:
        why = "Not measured yet" if run.snapshot.changes_arithmetic else "The lever does not change the arithmetic"
        axis = {"title": {"text": "of the baseline's accuracy [%]"}, "range": [98, 101]}
        return go.Figure(
            {"data": [], "layout": layout | {"xaxis": axis, "annotations": [build_note(why, middle=True)]}}
        )
    rows = list(range(len(pairs) - 1, -1, -1))
    kept = [100 * relative_accuracy(baseline, accelerated) for baseline, accelerated in pairs]
    ends = [100.0, limit, *kept]
    pad = 0.12 * (max(ends) - min(ends)) + 0.05
    low, high = min(ends) - 2 * pad, max(ends) + 2 * pad
    layout |= {
        "xaxis": {
            "title": {"text": "of the baseline's accuracy [%]"},
            "range": [low, high],
            "zeroline": False,
            "nticks": 5,
        },
        "yaxis": {
            "tickvals": rows,
            "ticktext": ["<br>".join(textwrap.wrap(a.label, 16)) for a, _ in pairs],
            "range": [-0.7, len(pairs) - 0.3],
            "showgrid": False,
            "zeroline": False,
            "automargin": True,
        },
        "shapes": [_limit_zone(low, limit, theme)],
        "annotations": [_limit_label(limit, theme), *_absolute_labels(pairs, rows, theme)],
    }
    return go.Figure({"data": _dumbbell_traces(run, pairs, kept, rows, theme), "layout": layout})


def pair_decisive_measures(run: Run) -> list[tuple[Measure, Measure]]:
    """The measures that a claim stands on, of both arms."""
    if run.quality is None:
        return []
    other = {measure.name: measure for measure in run.quality.accelerated}
    return [(m, other[m.name]) for m in run.quality.baseline if m.decisive and m.name in other]


def list_result_agreement(run: Run) -> list[Measure]:
    """Shares of equal results, a step each, where results themselves are compared."""
    return [measure for measure in run.quality.agreement if measure.decisive] if run.quality else []


def _build_equality_figure(found: list[Measure], height: int, theme: Theme) -> go.Figure:
    """How many steps had equal results, and the names of those that had not."""
    differ = [measure.step or measure.label for measure in found if measure.value < 100]
    counts = {"equal": len(found) - len(differ), "different": len(differ)}
    colours = {"equal": arm_style(Arm.ACCELERATED, theme).colour, "different": published_colour(theme)}
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [count],
            "y": [0],
            "name": word,
            "text": f"<b>{count} {word}</b>",
            "textposition": "inside",
            "insidetextanchor": "start",
            "textangle": 0,
            "textfont": {"color": arm_style(Arm.ACCELERATED, theme).on, "size": 14},
            "width": 0.3,
            "marker": {"color": colours[word]},
            "hovertemplate": f"{count} steps with {word} results<extra></extra>",
        }
        for word, count in counts.items()
        if count
    ]
    layout = plotly_template.base_layout(height) | {
        "barmode": "stack",
        "showlegend": False,
        "xaxis": {
            "title": {"text": "steps whose results were compared"},
            "range": [0, len(found)],
            "dtick": max(1, -(-len(found) // 6)),
        },
        "yaxis": {"visible": False, "range": [-0.6, 0.6]},
    }
    if differ:
        layout["annotations"] = [build_note(wrap_html(f"different: {', '.join(differ)}"))]
    return go.Figure({"data": bars, "layout": layout})


def _limit_zone(low: float, limit: float, theme: Theme) -> dict:
    """What would be outside the limit."""
    area = {"type": "rect", "xref": "x", "x0": low, "x1": limit, "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    return area | {"fillcolor": add_opacity(published_colour(theme), 0.12), "line": {"width": 0}}


def _limit_label(limit: float, theme: Theme) -> dict:
    label = {"x": limit, "xref": "x", "xanchor": "left", "y": 1, "yref": "paper", "yanchor": "top", "showarrow": False}
    return label | {"text": f"limit {limit:g} %", "font": {"size": 11, "color": published_colour(theme)}}


def _absolute_labels(pairs: list[tuple[Measure, Measure]], rows: list[int], theme: Theme) -> list[dict]:
    """Both arms' values in words under each dumbbell."""
    glyphs = {arm: arm_style(arm, theme).glyph for arm in Arm}
    return [
        {
            "x": 0.5,
            "xref": "paper",
            "y": row - 0.3,
            "yref": "y",
            "yanchor": "top" if len(rows) == 1 else "middle",
            "text": f"{glyphs[Arm.BASELINE]} {format_measure(a)}   {glyphs[Arm.ACCELERATED]} {format_measure(b)}",
            "showarrow": False,
            "font": {"size": 12},
        }
        for row, (a, b) in zip(rows, pairs, strict=True)
    ]


def _dumbbell_traces(
    run: Run, pairs: list[tuple[Measure, Measure]], kept: list[float], rows: list[int], theme: Theme
) -> list[dict]:
    bars = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [100, share],
            "y": [row, row],
            "line": {"color": faint_colour(theme), "width": 3},
            "hoverinfo": "skip",
        }
        for share, row in zip(kept, rows, strict=True)
    ]
    for arm, shares in ((Arm.BASELINE, [100.0] * len(pairs)), (Arm.ACCELERATED, kept)):
        look = arm_style(arm, theme)
        measures = [pair[arm is Arm.ACCELERATED] for pair in pairs]
        bars.append(
            {
                "type": "scatter",
                "mode": "markers",
                "x": [round(share, 4) for share in shares],
                "y": rows,
                "marker": {"symbol": look.symbol, "color": look.colour, "size": 14, "line": {"width": 2.5}},
                "text": [f"{m.label} {format_measure(m)}" for m in measures],
                "hovertemplate": f"<b>{arm_label(run, arm)}</b><br>%{{text}}<br>%{{x:.2f}} % kept<extra></extra>",
            }
        )
    return bars
