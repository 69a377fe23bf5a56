"""Slides of a sweep: the map of ratios as a table, native charts, every cell with its reason, and every caveat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pptx.chart.data import XyChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches

from bench.formatting import choose_rate_prefix, choose_time_unit, format_estimate
from bench.run.sweep import SweepCell, SweepRecord
from bench.stats.break_even import SizeVerdict
from bench.sweep.best_cell import find_largest_ratio
from bench.sweep.counting import cell_counts, name_arms
from bench.sweep.frontier import find_sweet_spot
from bench.sweep.report import describe_counts, describe_result
from bench.sweep.scaling import describe_curve
from bench.values.base import Arm
from ui.design.theme import arm_style
from ui.reports import sweep_content
from ui.reports.slide_layout import (
    BODY_PT,
    BODY_TOP,
    CHART_WIDTH,
    MARGIN,
    PALETTE,
    SMALL_PT,
    TEXT_WIDTH,
    add_fitting_text,
    add_native_chart,
    add_slide,
    add_text,
    add_text_slides,
    clean,
    rgb,
    style,
    style_axis,
)

Points = Sequence[tuple[float, float]]
MAP_NOTE = (
    "Time of the baseline over that of the accelerated version. A filled cell has the colour of the faster one: teal "
    "for the accelerated version, dark for the baseline. ≈ is too close to call. What is in brackets does not count."
)
MAX_TABLE_ROWS, MAX_TABLE_COLUMNS = 8, 8
"""Of the map on one slide. A larger one is continued on further slides."""
WINNERS: Mapping[SizeVerdict | None, Arm] = {SizeVerdict.FASTER: Arm.ACCELERATED, SizeVerdict.SLOWER: Arm.BASELINE}
ROW_HEIGHT, HEAD_WIDTH = 0.45, 1.9
MARK_PT = 9


def add_sweep_slides(deck: Any, record: SweepRecord) -> None:
    sweep, snapshot = record.sweep, record.snapshot
    name = sweep_content.sweep_title(record)
    _add_map_slides(deck, record, name)
    spot = find_sweet_spot(sweep, snapshot)
    points = {arm: sweep_content.list_arm_points(record, arm) for arm in Arm}
    if any(points.values()):
        slide = add_slide(deck, f"{name}: latency and throughput", sweep_content.describe_arms(record))
        _add_frontier_chart(slide, record, points)
        rest = add_fitting_text(slide, MARGIN + CHART_WIDTH + 0.4, [spot.sentence], BODY_PT)
        add_text_slides(deck, f"{name}: latency and throughput, continued", "", rest)
    else:
        add_text_slides(deck, f"{name}: latency and throughput", "", [spot.sentence])
    for group, curves in sweep_content.group_curves(record).items():
        title = f"{name}: scaling with cores{f' at {group}' if group else ''}"
        slide = add_slide(deck, title, "Measured speedup of each version over its fewest cores")
        series = {
            curve.label: (
                curve.arm,
                [(float(point.cores), curve.points[0].seconds.value / point.seconds.value) for point in curve.points],
            )
            for curve in curves
        }
        _add_xy_chart(slide, series, "cores", "speedup")
        rest = add_fitting_text(slide, MARGIN + CHART_WIDTH + 0.4, [describe_curve(curve) for curve in curves], BODY_PT)
        add_text_slides(deck, f"{title}, continued", "", rest)
    arms = sweep_content.describe_arms(record)
    add_text_slides(deck, f"{name}: what the cells show", arms, [describe_counts(sweep), *_list_other_findings(record)])
    add_text_slides(deck, f"{name}: what limits these results", arms, sweep_content.list_caveats(record))
    add_text_slides(deck, f"{name}: all cells", arms, sweep_content.list_cell_lines(record))


def _list_other_findings(record: SweepRecord) -> list[str]:
    """The sentences that are on no slide with a chart."""
    curves = [curve for curves in sweep_content.group_curves(record).values() for curve in curves]
    shown = {find_sweet_spot(record.sweep, record.snapshot).sentence, describe_counts(record.sweep)}
    shown |= {describe_curve(curve) for curve in curves}
    return [sentence for sentence in sweep_content.list_sentences(record) if sentence not in shown]


def _add_map_slides(deck: Any, record: SweepRecord, name: str) -> None:
    """The ratio in each cell, in the colour of the faster arm."""
    sweep = record.sweep
    rows, columns = (None, sweep.axes[0]) if len(sweep.axes) == 1 else (sweep.axes[0], sweep.axes[1])
    row_values = [*rows.values] if rows else [None]
    title = find_largest_ratio(sweep).sentence or f"{name}: no cell counts"
    subtitle = sweep_content.describe_arms(record)
    for first_row in range(0, len(row_values), MAX_TABLE_ROWS):
        for first_column in range(0, len(columns.values), MAX_TABLE_COLUMNS):
            shown_rows = row_values[first_row : first_row + MAX_TABLE_ROWS]
            shown = columns.values[first_column : first_column + MAX_TABLE_COLUMNS]
            slide = add_slide(deck, title, subtitle)
            table = _add_table(slide, len(shown_rows) + 1, len(shown) + 1)
            _fill(table.cell(0, 0), "", PALETTE.label)
            for column, value in enumerate(shown, 1):
                _fill(table.cell(0, column), columns.describe(value), PALETTE.label)
            for row, row_value in enumerate(shown_rows, 1):
                head = rows.describe(row_value) if rows and row_value is not None else "ratio"
                _fill(table.cell(row, 0), head, PALETTE.label)
                for column, value in enumerate(shown, 1):
                    cell = sweep.cell([value] if row_value is None else [row_value, value])
                    if cell is not None:
                        _fill_cell(table.cell(row, column), cell)
            bottom = BODY_TOP + ROW_HEIGHT * (len(shown_rows) + 1) + 0.2
            add_text(slide, MARGIN, bottom, TEXT_WIDTH, 0.6, [MAP_NOTE], size=SMALL_PT, colour=PALETTE.label)
            title = f"{name}: ratios, continued"


def _add_table(slide: Any, row_count: int, column_count: int) -> Any:
    height = Inches(ROW_HEIGHT * row_count)
    frame = slide.shapes.add_table(
        row_count, column_count, Inches(MARGIN), Inches(BODY_TOP), Inches(TEXT_WIDTH), height
    )
    table = frame.table
    table.first_row = table.horz_banding = False
    table.columns[0].width = Inches(HEAD_WIDTH)
    for column in range(1, column_count):
        table.columns[column].width = Inches((TEXT_WIDTH - HEAD_WIDTH) / (column_count - 1))
    return table


def _fill_cell(place: Any, cell: SweepCell) -> None:
    colour, background = PALETTE.label, None
    ratio = format_estimate(cell.ratio) if cell.ratio else ""
    if cell_counts(cell):
        colour = PALETTE.ink
        winner = WINNERS.get(cell.verdict)
        background = arm_style(winner, "light").colour if winner else None
        text = ratio if winner else f"≈ {ratio}"
    else:
        text = f"({ratio}) {describe_result(cell)}" if ratio else describe_result(cell)
    _fill(place, text, "#FFFFFF" if background else colour, background, bold=background is not None)


def _fill(place: Any, text: str, colour: str, background: str | None = None, *, bold: bool = False) -> None:
    place.text = clean(text)
    place.vertical_anchor = MSO_ANCHOR.MIDDLE
    place.fill.solid()
    place.fill.fore_color.rgb = rgb(background or PALETTE.background)
    paragraph = place.text_frame.paragraphs[0]
    style(paragraph, SMALL_PT, bold=bold, colour=colour)
    paragraph.alignment = PP_ALIGN.CENTER


def _add_frontier_chart(slide: Any, record: SweepRecord, points: Mapping[Arm, Points]) -> None:
    every = [point for own in points.values() for point in own]
    unit, unit_s = choose_time_unit(max(latency for latency, _ in every))
    factor, prefix = choose_rate_prefix(max(rate for _, rate in every))
    series = {
        f"{name_arms(record.sweep, record.snapshot, arm)} ({arm})": (arm, [(x / unit_s, y / factor) for x, y in own])
        for arm, own in points.items()
        if own
    }
    _add_xy_chart(slide, series, f"median time of a repetition [{unit}]", f"{prefix}{record.sweep.unit} per second")


def _add_xy_chart(slide: Any, series: Mapping[str, tuple[Arm, Points]], x_title: str, y_title: str) -> None:
    """A native chart of points. Raises ValueError for a number that is not finite, for which PowerPoint would want to
    repair the file."""
    data = XyChartData()
    for name, (_, points) in series.items():
        own = data.add_series(clean(name))
        for x, y in points:
            if not (math.isfinite(x) and math.isfinite(y)):
                raise ValueError(f"Expected finite numbers for a chart, got {x} and {y}.")
            own.add_data_point(float(f"{x:.4g}"), float(f"{y:.4g}"))
    chart = add_native_chart(slide, XL_CHART_TYPE.XY_SCATTER, data)
    chart.has_legend = True
    chart.legend.position = XL_LEGEND_POSITION.BOTTOM
    chart.legend.include_in_layout = False
    style_axis(chart.category_axis, x_title)
    style_axis(chart.value_axis, y_title)
    for own, (arm, _) in zip(chart.plots[0].series, series.values(), strict=True):
        colour = rgb(arm_style(arm, "light").colour)
        own.format.line.fill.background()
        own.marker.style = XL_MARKER_STYLE.CIRCLE if arm is Arm.ACCELERATED else XL_MARKER_STYLE.SQUARE
        own.marker.size = MARK_PT
        own.marker.format.fill.solid()
        own.marker.format.fill.fore_color.rgb = colour
        own.marker.format.line.color.rgb = colour
