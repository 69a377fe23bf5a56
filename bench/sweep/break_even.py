"""From which value of an axis on the accelerated arm wins, for each value of the other axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.formatting import format_count
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import Sweep, SweepAxis, SweepCell
from bench.stats.break_even import SizeVerdict
from bench.sweep.counting import cell_counts, name_subject
from bench.values.base import Arm
from bench.workload.parameters import Setting


@dataclass(frozen=True, slots=True)
class BreakEvenLine:
    """The break-even along an axis."""

    axis: SweepAxis
    other: SweepAxis | None
    other_value: Setting | None
    last_loss: Setting | None
    """The largest value that does not win below one that does; None if all win, or if it is not known."""
    first_win: Setting | None
    """The smallest value from which on all that count win; None if the largest does not."""
    text: str
    """`2 cores: baseline wins up to batch 2, accelerated from batch 4 on`."""


def find_break_evens(sweep: Sweep, snapshot: DeclarationSnapshot) -> list[BreakEvenLine]:
    """Along the axis of a size if there is one, else along the first with numbers; empty without one, and for lines
    with fewer than two cells that count."""
    axis = next((axis for axis in sweep.axes if axis.is_size), None)
    axis = axis or next((axis for axis in sweep.axes if axis.is_number), None)
    if axis is None or len(axis.values) < 2:
        return []
    position = sweep.axes.index(axis)
    other = next((one for one in sweep.axes if one is not axis), None)
    lines: list[BreakEvenLine] = []
    for first, cells in sweep.list_lines(axis):
        counted = [cell for cell in cells if cell_counts(cell)]
        if len(counted) < 2:
            continue
        value = None if first is None or other is None else first.values[1 - position]
        losses = [cell for cell in counted if cell.verdict is not SizeVerdict.FASTER]
        last = losses[-1] if losses else None
        wins = counted[counted.index(last) + 1 :] if last else counted
        prefix = f"{other.describe(value)}: " if other is not None and value is not None else ""
        baseline, accelerated = (name_subject(sweep, snapshot, cells[0], arm) for arm in Arm)
        text = prefix + _describe(axis, position, counted, last, wins, baseline, accelerated)
        if len(counted) < len(cells):
            text += f" ({format_count(len(cells) - len(counted), 'cell')} left out)"
        lines.append(
            BreakEvenLine(
                axis,
                other,
                value,
                last.values[position] if last else None,
                wins[0].values[position] if wins else None,
                text,
            )
        )
    return lines


def _describe(
    axis: SweepAxis,
    position: int,
    counted: Sequence[SweepCell],
    last: SweepCell | None,
    wins: Sequence[SweepCell],
    baseline: str,
    accelerated: str,
) -> str:
    def name(cell: SweepCell) -> str:
        return axis.describe(cell.values[position])

    ends = f"from {name(counted[0])} to {name(counted[-1])}"
    if last is None:
        return f"{accelerated} wins at all {len(counted)} values {ends}"
    verdicts = {cell.verdict for cell in counted}
    if verdicts == {SizeVerdict.SLOWER}:
        return f"{baseline} wins at all {len(counted)} values {ends}"
    if SizeVerdict.FASTER not in verdicts:
        return f"{accelerated} wins at none of {len(counted)} values {ends}"
    below = counted[: counted.index(last) + 1]
    won = [cell for cell in counted if cell.verdict is SizeVerdict.FASTER]
    if won[0] in below:
        places = {verdict: ", ".join(name(cell) for cell in counted if cell.verdict is verdict) for verdict in verdicts}
        text = f"{accelerated} wins at {places[SizeVerdict.FASTER]}"
        if lost := places.get(SizeVerdict.SLOWER):
            text += f"; {baseline} at {lost}"
        if undecided := places.get(SizeVerdict.UNDECIDED):
            text += f"; too close to call at {undecided}"
        is_mixed = any(cell.verdict is SizeVerdict.SLOWER for cell in counted[counted.index(won[0]) :])
        return f"not monotone: {text}" if is_mixed else text
    if all(cell.verdict is SizeVerdict.SLOWER for cell in below):
        return f"{baseline} wins up to {name(last)}, {accelerated} from {name(wins[0])} on"
    return f"{accelerated} wins from {name(wins[0])} on, and not up to {name(last)}"
