"""The cell with the largest ratio, and what must be said of a cell that was chosen for its result.

The best of many cells looks better than it is, even if each is measured without a bias: it is the best in part by
chance. So a sentence about it says from how many it was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.formatting import format_count, format_ratio_with_interval
from bench.run.sweep import Sweep, SweepCell
from bench.stats.break_even import SizeVerdict
from bench.sweep.counting import cell_counts

CHOICE_NOTE = (
    "Each cell is a short race: its interval is wide, and the best of many cells looks better than it is. Race the "
    "cell that you quote again, with a larger budget."
)


@dataclass(frozen=True, slots=True)
class LargestRatio:
    """The cell with the largest ratio."""

    sentence: str
    cell: SweepCell | None
    """None if the accelerated arm is faster in no cell."""
    cell_count: int = 0
    """Number of cells from which it was chosen."""


def describe_choice(cell_count: int) -> str:
    """The ending of a sentence that names the best of `cell_count` cells; empty if there was no choice."""
    return f"; the best of {cell_count} cells, chosen for its result" if cell_count > 1 else ""


def find_largest_ratio(sweep: Sweep) -> LargestRatio:
    """Among the cells that count. The sentence is empty if none does."""
    counted = [cell for cell in sweep.cells if cell_counts(cell)]
    if not counted:
        return LargestRatio("", None)
    ratios = [(cell.ratio, cell) for cell in counted if cell.ratio is not None and cell.verdict is SizeVerdict.FASTER]
    if not ratios:
        which = "the cell that counts" if len(counted) == 1 else f"any of the {len(counted)} cells that count"
        return LargestRatio(f"The accelerated arm is not faster in {which}.", None)
    ratio, best = max(ratios, key=lambda pair: pair[0].value)
    equals = sum(other.high >= ratio.low for other, _ in ratios) - 1
    sentence = (
        f"Largest ratio: {format_ratio_with_interval(ratio)} at {sweep.describe_values(best.values)}"
        f"{describe_choice(len(counted))}."
    )
    if equals:
        sentence += f" Not distinguishable from it: {format_count(equals, 'other cell')}."
    return LargestRatio(sentence, best, len(counted))
