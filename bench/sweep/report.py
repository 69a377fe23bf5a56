"""A sweep in words: the sentences and tables that the command line prints and that are stored with it."""

from __future__ import annotations

from bench.formatting import format_budget, format_count, format_duration, format_ratio_with_interval
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import CellChoice, CellState, Sweep, SweepCell
from bench.stats.break_even import SizeVerdict
from bench.sweep.best_cell import CHOICE_NOTE, find_largest_ratio
from bench.sweep.break_even import find_break_evens
from bench.sweep.counting import describe_left_out
from bench.sweep.frontier import find_sweet_spot
from bench.sweep.scaling import describe_curve, find_scaling
from bench.values.base import Arm
from bench.values.output import Table, TextReport

CELL_COLUMNS = ("cell", "baseline", "accelerated", "ratio (95 %)", "pairs", "result", "note")


def write_report(sweep: Sweep, snapshot: DeclarationSnapshot) -> TextReport:
    """The sentences and the table of a sweep."""
    heading = [describe_counts(sweep), *list_findings(sweep, snapshot)]
    rows = [_list_cell(sweep, cell) for cell in sweep.cells]
    notes = [
        f"{sweep.describe_values(cell.values)}: {cell.reason}{f' Alone: {cell.command}' if cell.command else ''}"
        for cell in sweep.cells
        if cell.state in (CellState.FAILED, CellState.HOPELESS)
    ]
    notes.append(CHOICE_NOTE)
    return TextReport(
        heading=heading,
        tables=[Table(name="cells", label="Cells", columns=list(CELL_COLUMNS), rows=rows)],
        notes=notes,
    )


def list_findings(sweep: Sweep, snapshot: DeclarationSnapshot) -> list[str]:
    """What the cells show together, a sentence each: first the best ones, and at the end which cells are left out."""
    findings = [*filter(None, (find_sweet_spot(sweep, snapshot).sentence, find_largest_ratio(sweep).sentence))]
    findings += [f"{line.text[0].upper()}{line.text[1:]}." for line in find_break_evens(sweep, snapshot)]
    findings += [describe_curve(curve) for curve in find_scaling(sweep, snapshot)]
    left_out = describe_left_out(sweep.cells)
    return [*findings, *([f"{left_out}."] if left_out else [])]


def list_choices(sweep: Sweep, snapshot: DeclarationSnapshot) -> list[CellChoice]:
    """The cells that `list_findings` names as the best ones, for those who read the sweep as JSON."""
    spot, largest = find_sweet_spot(sweep, snapshot), find_largest_ratio(sweep)
    choices: list[CellChoice] = []
    if spot.best is not None:
        cell = spot.best.cell
        choices.append(
            CellChoice(
                quantity="throughput",
                arm=spot.best.arm,
                values=cell.values,
                run_id=cell.run_id,
                cell_count=spot.cell_count,
                sentence=spot.sentence,
            )
        )
    if (cell := largest.cell) is not None:
        choices.append(
            CellChoice(
                quantity="ratio",
                arm=Arm.ACCELERATED,
                values=cell.values,
                run_id=cell.run_id,
                cell_count=largest.cell_count,
                sentence=largest.sentence,
            )
        )
    return choices


def describe_counts(sweep: Sweep) -> str:
    """`20 cells: 18 measured (3 of them before), 1 failed, 1 not raced, in 412 s; estimated 380 s (300 to 470)`."""
    reused = sum(cell.is_reused for cell in sweep.cells)
    measured = f"{sweep.count(CellState.MEASURED)} measured" + (f" ({reused} of them before)" if reused else "")
    parts = [measured]
    parts += [
        f"{count} {state}"
        for state in (CellState.FAILED, CellState.HOPELESS, CellState.WAITING)
        if (count := sweep.count(state))
    ]
    text = f"{format_count(len(sweep.cells), 'cell')}: {', '.join(parts)}"
    if sweep.spent_s:
        text += f", in {sweep.spent_s:,.0f} s"
    if sweep.estimate is not None and sweep.estimate.races:
        text += f"; estimated {describe_estimate(sweep)}"
    return f"{text}."


def describe_estimate(sweep: Sweep) -> str:
    """`380 s (6 min), 95 %: 300 to 470 s, from 12 earlier races`; empty without an estimate."""
    estimate = sweep.estimate
    if estimate is None:
        return ""
    seconds = estimate.seconds
    source = (
        f"from {format_count(estimate.earlier_races, 'earlier race')}"
        if estimate.earlier_races
        else "by the time budget alone, because no earlier race is stored"
    )
    kind = "95 %: " if estimate.earlier_races else ""
    return f"{format_budget(seconds.value)}, {kind}{seconds.low:,.0f} to {seconds.high:,.0f} s, {source}"


def describe_result(cell: SweepCell) -> str:
    """The verdict of a cell, or its state."""
    if cell.verdict is SizeVerdict.FALLBACK:
        return "fast path did not run"
    return cell.verdict.value if cell.verdict is not None else cell.state.value


def _list_cell(sweep: Sweep, cell: SweepCell) -> list[str]:
    times = [format_duration(arm.seconds.value) if (arm := cell.arm(name)) else "" for name in Arm]
    marks = ["measured before"] * cell.is_reused + ["ended early"] * cell.ended_early
    return [
        sweep.describe_values(cell.values),
        *times,
        format_ratio_with_interval(cell.ratio) if cell.ratio else "",
        f"{cell.pairs}" if cell.pairs else "",
        describe_result(cell),
        ", ".join(marks),
    ]
