"""A sweep as far as it has come: its map, and what it shows about latency, throughput, break-even and cores."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.formatting import format_cores, format_duration, format_ratio_with_interval
from bench.run.sweep import CellState, Sweep, SweepRecord
from bench.sweep.best_cell import CHOICE_NOTE, find_largest_ratio
from bench.sweep.break_even import find_break_evens
from bench.sweep.counting import describe_left_out, name_arms
from bench.sweep.frontier import find_sweet_spot, list_latency_ends, list_points
from bench.sweep.report import describe_counts, describe_result
from bench.sweep.scaling import ScalingCurve, describe_curve, find_scaling
from bench.values.base import Arm
from ui.charts.sweep_frontier import build_frontier_figure
from ui.charts.sweep_heat import build_heat_figure, describe_marks
from ui.charts.sweep_scaling import build_scaling_figure
from ui.design.figures import draw_figure
from ui.design.glossary import explain
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown, quote_code
from ui.design.theme import Theme

ANY_LATENCY = float("inf")
MAX_PROJECTED_CORES = 128
DEFAULT_PROJECTION = 4
"""The projection goes to so many times the measured cores, if nothing else is chosen."""


def draw_sweep(record: SweepRecord, theme: Theme, *, key: str, live: bool = False) -> None:
    """`key` is unique for the place. While a sweep goes on, only the map is drawn, because the page may be drawn on the
    cores of a race."""
    sweep, snapshot = record.sweep, record.snapshot
    st.markdown(escape_markdown(describe_counts(sweep)))
    lines = find_break_evens(sweep, snapshot)
    draw_figure(
        build_heat_figure(sweep, snapshot, lines, theme),
        key=f"{key}-heat",
        alt=f"Ratios of {len(sweep.cells)} cells: {', '.join(axis.label for axis in sweep.axes)}",
    )
    arms = " and ".join(name_arms(sweep, snapshot, arm) for arm in Arm)
    marks = describe_marks(sweep)
    st.caption(
        escape_markdown(
            f"Time of the baseline over that of the accelerated arm ({arms}). A cell has the colour of the faster arm "
            "if its 95 % interval excludes 1; ≈ is too close to call. Point at a cell for times and intervals."
            + (f" {marks}." if marks else "")
        )
    )
    if lines:
        st.markdown("\n".join(f"- {escape_markdown(line.text)}." for line in lines), help=explain("break-even"))
    if (left_out := describe_left_out(sweep.cells)) and not live:
        st.markdown(f":material/filter_alt: {escape_markdown(left_out)}.")
    _draw_failed(sweep)
    if live or not sweep.count(CellState.MEASURED):
        return
    if sentence := find_largest_ratio(sweep).sentence:
        st.markdown(f"**{escape_markdown(sentence)}**")
    _draw_frontier(record, sweep, theme, key)
    _draw_scaling(record, sweep, theme, key)
    draw_heading("Cells", CHOICE_NOTE)
    _draw_table(sweep, key)


def _draw_failed(sweep: Sweep) -> None:
    """Cells without a result, with the reason and the command that races each alone."""
    failed = [cell for cell in sweep.cells if cell.state in (CellState.FAILED, CellState.HOPELESS)]
    if not failed:
        return
    texts = []
    for cell in failed:
        command = f" {quote_code(cell.command)}" if cell.command else ""
        where = escape_markdown(sweep.describe_values(cell.values))
        texts.append(f"- **{where}** {cell.state}: {escape_markdown(cell.reason)}{command}")
    with st.expander(f"{len(failed)} cells without a result", icon=":material/report:", expanded=len(failed) <= 3):
        st.markdown("\n".join(texts))


def _draw_frontier(record: SweepRecord, sweep: Sweep, theme: Theme, key: str) -> None:
    points = list_points(sweep, record.snapshot)
    if not points:
        return
    draw_heading("Latency and throughput")
    budget_s = None
    if list_latency_ends(points) is not None:
        ends = sorted({point.latency.high for point in points if point.is_sound})
        options = [*ends, ANY_LATENCY]
        chosen = st.select_slider(
            "Latency budget",
            options,
            value=ANY_LATENCY,
            format_func=lambda end: "any" if end == ANY_LATENCY else format_duration(end),
            key=f"{key}-latency",
            help="The highest median time of a repetition, with the upper end of its interval. "
            + explain("latency budget"),
        )
        budget_s = None if chosen == ANY_LATENCY else float(chosen)
    spot = find_sweet_spot(sweep, record.snapshot, budget_s)
    st.markdown(f"**{escape_markdown(spot.sentence)}**")
    draw_figure(
        build_frontier_figure(sweep, record.snapshot, points, spot, budget_s, theme),
        key=f"{key}-frontier",
        alt="Throughput against latency of both arms in every cell, with the frontier of each arm",
    )
    st.caption(
        "A point is one arm in one cell, with 95 % intervals. Lines join the points of an arm that no other of its "
        "points beats in both. Pale points do not count, and are not chosen."
    )


def _draw_scaling(record: SweepRecord, sweep: Sweep, theme: Theme, key: str) -> None:
    curves = find_scaling(sweep, record.snapshot)
    if not curves:
        return
    draw_heading("Scaling with cores")
    groups: dict[str, list[ScalingCurve]] = {}
    for curve in curves:
        groups.setdefault(curve.group, []).append(curve)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        group = next(iter(groups))
        if len(groups) > 1:
            group = st.selectbox("At", list(groups), key=f"{key}-scaling", width=220)
        shown = groups[group]
        measured = max(point.cores for curve in shown for point in curve.points)
        projected = (
            _choose_projection(measured, f"{key}-projection") if any(curve.fits for curve in shown) else measured
        )
    st.markdown("\n".join(f"- {escape_markdown(describe_curve(curve))}" for curve in shown), help=explain("efficiency"))
    draw_figure(
        build_scaling_figure(shown, projected, theme),
        key=f"{key}-scaling-figure",
        alt="Speedup of both arms against the number of cores, with fits and their projection",
    )
    if projected > measured:
        st.caption(
            f"Right of {format_cores(measured)} nothing is measured: dotted lines are the fit, with its 95 % interval. "
            "The laws ignore clock rates, memory bandwidth and NUMA nodes that these cores do not show."
        )


def _choose_projection(measured: int, key: str) -> int:
    """The number of cores up to which the fits are drawn."""
    options = [measured]
    while options[-1] * 2 <= MAX_PROJECTED_CORES:
        options.append(options[-1] * 2)
    default = min(options[-1], measured * DEFAULT_PROJECTION)
    chosen = st.select_slider(
        "Project to",
        options,
        value=default if default in options else measured,
        format_func=format_cores,
        key=f"{key}-{measured}",
        help="Beyond the measured cores, the curve is the fit: a projection, not a measurement. "
        + explain("Amdahl's law", "Universal Scalability Law"),
        width=320,
    )
    return int(chosen)


def _draw_table(sweep: Sweep, key: str) -> None:
    rows = []
    for cell in sweep.cells:
        times = {arm.value: format_duration(found.seconds.value) if (found := cell.arm(arm)) else "" for arm in Arm}
        named = {axis.label: axis.describe(value) for axis, value in zip(sweep.axes, cell.values, strict=True)}
        rows.append(
            named
            | times
            | {
                "ratio": format_ratio_with_interval(cell.ratio) if cell.ratio else "",
                "pairs": f"{cell.pairs}" if cell.pairs else "",
                "result": describe_result(cell),
                "reason": cell.reason,
                "run": f"runs?run={cell.run_id}" if cell.run_id else None,
            }
        )
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"{key}-cells",
        column_config={
            "run": st.column_config.LinkColumn("run", display_text="open", width=52),
            "ratio": st.column_config.TextColumn("ratio (95 %)", width=140),
            "reason": st.column_config.TextColumn("reason", width=200),
        },
        alt="The cells of the sweep",
    )
