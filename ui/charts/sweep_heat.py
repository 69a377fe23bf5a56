"""The ratio in each cell of a sweep, as a map of colours with the ratio as text.

The colour is that of the faster arm, the stronger the larger the ratio. A cell whose interval includes 1 has no colour.
Cells without a ratio say why. Works from the values of a sweep alone, so a report can embed it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from bench.formatting import format_duration, format_estimate, format_ratio_with_interval
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import CellState, Sweep, SweepAxis, SweepCell
from bench.stats.break_even import SizeVerdict
from bench.sweep.break_even import BreakEvenLine
from bench.sweep.counting import name_arm
from bench.sweep.report import describe_result
from bench.values.base import Arm
from bench.workload.parameters import Setting
from ui.charts.labels import wrap_html
from ui.design.plotly_template import MARGIN_PX, MARGINS, new_figure
from ui.design.theme import Theme, add_opacity, arm_style, faint_colour, ink_colour

ROW_PX, AXES_PX = 54, 118
"""Height of a row of cells, and of everything else."""
MAX_HEIGHT_PX = 900
MAX_OPACITY = 0.45
"""Of the strongest colour: text on it stays readable in both themes."""
MIN_OPACITY = 0.10
"""Of the weakest colour of a cell with a winner."""
MAX_SHADED_RATIO = 4.0
"""A ratio from which on the colour is not stronger."""
REUSED_MARK, EARLY_MARK = "↺", "■"
STATE_TEXTS = {CellState.WAITING: "·", CellState.FAILED: "✕ failed", CellState.HOPELESS: "– hopeless"}
UNSOUND_TEXTS = {SizeVerdict.NO_CLAIM: "no claim", SizeVerdict.FALLBACK: "no fast path"}
ACTIVE_TEXT = "▶ races"


def build_heat_figure(
    sweep: Sweep, snapshot: DeclarationSnapshot, break_evens: Sequence[BreakEvenLine] = (), theme: Theme = "light"
) -> go.Figure:
    """One row for each value of the first axis, one column for each of the second. With one axis there is one row."""
    rows, columns = _choose_axes(sweep)
    row_values: list[Setting | None] = [*rows.values] if rows else [None]
    grid = [[_find_cell(sweep, row, column) for column in columns.values] for row in row_values]
    extent = math.log(MAX_SHADED_RATIO)
    layout = {
        "xaxis": _axis(columns) | {"side": "top"},
        "yaxis": (_axis(rows) if rows else {"showticklabels": False, "range": [-0.5, 0.5]})
        | {"autorange": "reversed", "showgrid": False, "zeroline": False},
        "shapes": [_line_shape(line, rows, columns, theme) for line in break_evens if _has_line(line)],
        "margin": MARGINS | {"t": MARGIN_PX},
        "showlegend": False,
    }
    trace = {
        "type": "heatmap",
        "x": list(range(len(columns.values))),
        "y": list(range(len(row_values))),
        "z": [[_shade(cell) for cell in row] for row in grid],
        "zmin": -extent,
        "zmax": extent,
        "colorscale": _build_scale(theme),
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
        "text": [[_write_cell(sweep, cell) for cell in row] for row in grid],
        "texttemplate": "%{text}",
        "textfont": {"color": ink_colour(theme)},
        "hovertext": [[_describe_cell(sweep, snapshot, cell) for cell in row] for row in grid],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "hoverongaps": False,
    }
    height = min(MAX_HEIGHT_PX, AXES_PX + ROW_PX * len(row_values))
    return new_figure(theme, height, [trace], layout)


def describe_marks(sweep: Sweep) -> str:
    """What the signs in the cells mean, of those that occur."""
    marks = []
    if any(cell.is_reused for cell in sweep.cells):
        marks.append(f"{REUSED_MARK} measured before this sweep")
    if any(cell.ended_early for cell in sweep.cells):
        marks.append(f"{EARLY_MARK} ended early, because the interval excludes a win")
    return ", ".join(marks)


def _choose_axes(sweep: Sweep) -> tuple[SweepAxis | None, SweepAxis]:
    """The axis of the rows, None without one, and that of the columns."""
    return (None, sweep.axes[0]) if len(sweep.axes) == 1 else (sweep.axes[0], sweep.axes[1])


def _find_cell(sweep: Sweep, row: Setting | None, column: Setting) -> SweepCell:
    cell = sweep.cell([column] if row is None else [row, column])
    assert cell is not None
    return cell


def _axis(axis: SweepAxis) -> dict:
    return {
        "title": {"text": axis.label},
        "tickvals": list(range(len(axis.values))),
        "ticktext": [wrap_html(label) for label in axis.labels],
        "range": [-0.5, len(axis.values) - 0.5],
        "showgrid": False,
        "zeroline": False,
        "tickangle": 0,
    }


def _build_scale(theme: Theme) -> list[tuple[float, str]]:
    baseline, accelerated = (arm_style(arm, theme).colour for arm in Arm)
    faint = add_opacity(faint_colour(theme), 0.06)
    return [
        (0.0, add_opacity(baseline, MAX_OPACITY)),
        (0.4999, add_opacity(baseline, MIN_OPACITY)),
        (0.49991, faint),
        (0.50009, faint),
        (0.5001, add_opacity(accelerated, MIN_OPACITY)),
        (1.0, add_opacity(accelerated, MAX_OPACITY)),
    ]


def _shade(cell: SweepCell) -> float:
    """The logarithm of the ratio if one arm has won, else 0."""
    if cell.ratio is None or cell.verdict not in (SizeVerdict.FASTER, SizeVerdict.SLOWER):
        return 0.0
    extent = math.log(MAX_SHADED_RATIO)
    return float(f"{max(-extent, min(extent, math.log(cell.ratio.value))):.4g}")


def _write_cell(sweep: Sweep, cell: SweepCell) -> str:
    if cell.digest and cell.digest == sweep.active and cell.state is CellState.WAITING:
        return ACTIVE_TEXT
    if cell.state is not CellState.MEASURED:
        return STATE_TEXTS[cell.state]
    marks = REUSED_MARK * cell.is_reused + EARLY_MARK * cell.ended_early
    ratio = format_estimate(cell.ratio) if cell.ratio else "too few pairs"
    if cell.verdict in (SizeVerdict.FASTER, SizeVerdict.SLOWER):
        text = f"<b>{ratio}</b>"
    elif cell.verdict is SizeVerdict.UNDECIDED:
        text = f"≈ {ratio}"
    else:
        text = f"({ratio})<br>{UNSOUND_TEXTS.get(cell.verdict, '') if cell.verdict else ''}"
    return f"{text} {marks}".rstrip()


def _describe_cell(sweep: Sweep, snapshot: DeclarationSnapshot, cell: SweepCell) -> str:
    lines = [f"<b>{sweep.describe_values(cell.values)}</b>: {describe_result(cell)}"]
    for arm in Arm:
        if times := cell.arm(arm):
            low, high = format_duration(times.seconds.low), format_duration(times.seconds.high)
            lines.append(
                f"{name_arm(sweep, snapshot, cell, arm)}: {format_duration(times.seconds.value)} ({low} to {high})"
            )
    if cell.ratio:
        lines.append(f"ratio {format_ratio_with_interval(cell.ratio)}, {cell.pairs} pairs")
    if cell.is_reused and cell.raced_at:
        lines.append(f"measured before, {cell.raced_at:%Y-%m-%d %H:%M} UTC")
    if cell.reason:
        lines.append(wrap_html(cell.reason))
    if cell.state is CellState.FAILED and cell.command:
        lines.append(wrap_html(cell.command))
    return "<br>".join(lines)


def _has_line(line: BreakEvenLine) -> bool:
    return line.last_loss is not None and line.first_win is not None


def _line_shape(line: BreakEvenLine, rows: SweepAxis | None, columns: SweepAxis, theme: Theme) -> dict:
    """The border between the last value that does not win and the first one that does."""
    assert line.first_win is not None
    border = line.axis.values.index(line.first_win) - 0.5
    other = rows if line.axis.name == columns.name else columns
    place = other.values.index(line.other_value) if other is not None and line.other_value is not None else 0
    ends = {"0": place - 0.5, "1": place + 0.5}
    along, across = ("x", "y") if line.axis.name == columns.name else ("y", "x")
    shape = {"type": "line", "line": {"color": ink_colour(theme), "width": 3}}
    return shape | {f"{along}{end}": border for end in ends} | {f"{across}{end}": value for end, value in ends.items()}
