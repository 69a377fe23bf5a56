"""What a report says about a sweep, apart from its format: sentences, caveats, the table of its cells, and charts."""

from __future__ import annotations

from collections.abc import Iterator

from bench.formatting import format_duration, format_ratio_with_interval
from bench.run.events import State
from bench.run.sweep import CellState, SweepCell, SweepRecord
from bench.sweep.best_cell import CHOICE_NOTE
from bench.sweep.break_even import find_break_evens
from bench.sweep.counting import arm_counts, describe_left_out, name_arm, name_arms
from bench.sweep.frontier import find_sweet_spot, list_points
from bench.sweep.report import describe_counts, describe_result, list_findings
from bench.sweep.scaling import ScalingCurve, find_scaling
from bench.values.base import Arm
from ui.charts.sweep_frontier import build_frontier_figure
from ui.charts.sweep_heat import build_heat_figure, describe_marks
from ui.charts.sweep_scaling import build_scaling_figure
from ui.reports.charts import ReportChart
from ui.reports.content import TextTable, format_moment

PROJECTION_NOTE = (
    "Beyond the measured cores, lines are the fit, with its 95 % interval: a projection, not a measurement. The laws "
    "ignore clock rates, memory bandwidth and NUMA nodes that these cores do not show."
)
PROJECTED_FACTOR = 4
"""A report projects to so many times the measured cores."""


def sweep_title(record: SweepRecord) -> str:
    """`Colour quantization: cores and batch`."""
    return f"{record.snapshot.title}: {' and '.join(axis.label.lower() for axis in record.sweep.axes)}"


def describe_arms(record: SweepRecord) -> str:
    """What was raced against what."""
    baseline, accelerated = (name_arms(record.sweep, record.snapshot, arm) for arm in Arm)
    return f"{baseline} (baseline) against {accelerated} (accelerated)"


def list_sentences(record: SweepRecord) -> list[str]:
    """What the cells show together. The page and the command line use the same sentences. Which cells are left out is a
    caveat."""
    left_out = f"{describe_left_out(record.sweep.cells)}."
    findings = list_findings(record.sweep, record.snapshot)
    return [describe_counts(record.sweep), *(finding for finding in findings if finding != left_out)]


def list_caveats(record: SweepRecord) -> list[str]:
    """What a reader must know before quoting a cell."""
    sweep = record.sweep
    caveats = ["Edited after it was stored: do not rely on this sweep."] if record.edited else []
    if record.state is not State.FINISHED:
        why = f": {record.why.rstrip('.')}" if record.why else ""
        caveats.append(f"The sweep is not complete. It was {record.state}{why}.")
    if left_out := describe_left_out(sweep.cells):
        caveats.append(f"{left_out}. Nothing is concluded from them.")
    return [*caveats, CHOICE_NOTE]


def list_chart_notes(record: SweepRecord) -> list[str]:
    """What a reader must know of the charts of the page; those of slides have neither signs nor projections."""
    notes = [f"In the map, {marks}."] if (marks := describe_marks(record.sweep)) else []
    if any(curve.fits for curve in find_scaling(record.sweep, record.snapshot)):
        notes.append(PROJECTION_NOTE)
    return notes


def build_cells_table(record: SweepRecord) -> TextTable:
    """Every cell with its state, and the reason if it does not count or was not raced."""
    rows = [_list_cell(record, cell) for cell in record.sweep.cells]
    columns = ("cell", "baseline", "accelerated", "ratio, 95 % interval", "pairs", "result", "reason", "run")
    return TextTable(columns, rows, frozenset({1, 2, 3, 4}))


def _list_cell(record: SweepRecord, cell: SweepCell) -> tuple[str, ...]:
    times = [format_duration(found.seconds.value) if (found := cell.arm(arm)) else "" for arm in Arm]
    remarks = [cell.reason] if cell.reason else []
    if cell.is_reused and cell.raced_at:
        remarks.append(f"Measured before, {format_moment(cell.raced_at)}.")
    if cell.ended_early:
        remarks.append("Ended early, because the interval excludes a win.")
    if cell.state in (CellState.FAILED, CellState.HOPELESS) and cell.command:
        remarks.append(f"Alone: {cell.command}")
    return (
        record.sweep.describe_values(cell.values),
        *times,
        format_ratio_with_interval(cell.ratio) if cell.ratio else "",
        f"{cell.pairs}" if cell.pairs else "",
        describe_result(cell),
        " ".join(remarks),
        cell.run_id[:8],
    )


def list_cell_lines(record: SweepRecord) -> list[str]:
    """The table of cells as lines, for slides."""
    lines: list[str] = []
    for cell in record.sweep.cells:
        values, *_, ratio, pairs, result, reason, run_id = _list_cell(record, cell)
        times = [
            f"{name_arm(record.sweep, record.snapshot, cell, arm)} {format_duration(found.seconds.value)}"
            for arm in Arm
            if (found := cell.arm(arm))
        ]
        facts = [result, *times, f"ratio {ratio}" if ratio else "", f"{pairs} pairs" if pairs else "", reason]
        run = f" [run {run_id}]" if run_id else ""
        lines.append(f"{values}: {', '.join(filter(None, facts))}{run}")
    return lines


def group_curves(record: SweepRecord) -> dict[str, list[ScalingCurve]]:
    """The scaling curves of both arms, by the value of the other axis."""
    groups: dict[str, list[ScalingCurve]] = {}
    for curve in find_scaling(record.sweep, record.snapshot):
        groups.setdefault(curve.group, []).append(curve)
    return groups


def list_sweep_charts(record: SweepRecord) -> Iterator[ReportChart]:
    """The charts of the page; those that the sweep has no data for are left out."""
    sweep, snapshot = record.sweep, record.snapshot
    lines = find_break_evens(sweep, snapshot)
    yield ReportChart(
        "Ratio in each cell",
        f"Ratios of {len(sweep.cells)} cells: {', '.join(axis.label for axis in sweep.axes)}",
        lambda theme: build_heat_figure(sweep, snapshot, lines, theme),
    )
    if points := list_points(sweep, snapshot):
        spot = find_sweet_spot(sweep, snapshot)
        yield ReportChart(
            "Latency and throughput",
            "Throughput against latency of both arms in every cell, with the frontier of each arm",
            lambda theme: build_frontier_figure(sweep, snapshot, points, spot, None, theme),
        )
    for group, curves in group_curves(record).items():
        measured = max(point.cores for curve in curves for point in curve.points)
        last = measured * PROJECTED_FACTOR if any(curve.fits for curve in curves) else measured
        yield ReportChart(
            f"Scaling with cores{f': {group}' if group else ''}",
            "Speedup of both arms against the number of cores, with fits and their projection",
            lambda theme, curves=curves, last=last: build_scaling_figure(curves, last, theme),
            is_wide=False,
        )


def list_arm_points(record: SweepRecord, arm: Arm) -> list[tuple[float, float]]:
    """Latency in seconds and throughput of the cells of an arm that count."""
    found = [(cell, cell.arm(arm)) for cell in record.sweep.cells]
    return [(times.seconds.value, times.throughput.value) for cell, times in found if times and arm_counts(cell, arm)]
