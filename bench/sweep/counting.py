"""Which cells of a sweep count, why the others do not, and what an arm of a cell is called.

Whatever is concluded from several cells uses these: break-even, scaling, frontier and best cell.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.formatting import format_count
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import CellState, Sweep, SweepAxis, SweepCell
from bench.stats.break_even import SizeVerdict
from bench.values.base import Arm

LEFT_OUT_TEXTS = {
    SizeVerdict.NO_CLAIM: "without a claim",
    SizeVerdict.FALLBACK: "whose fast path did not run",
    CellState.FAILED: "failed",
    CellState.HOPELESS: "not raced",
    CellState.WAITING: "not raced yet",
    CellState.MEASURED: "with too few pairs",
}


def cell_counts(cell: SweepCell) -> bool:
    """Whether the race of a cell shows which arm is faster, or that the interval does not decide it. A claim that was
    refused for another reason counts neither way: the race may be disturbed, or its results less accurate."""
    return cell.verdict is not None and cell.verdict.counts


def arm_counts(cell: SweepCell, arm: Arm) -> bool:
    """Whether the times of one arm may be quoted. If the fast path did not run, those of the baseline still count."""
    if cell.arm(arm) is None:
        return False
    return cell_counts(cell) or (cell.verdict is SizeVerdict.FALLBACK and arm is Arm.BASELINE)


def describe_left_out(cells: Sequence[SweepCell]) -> str:
    """Those of `cells` that do not count, with the reason: `2 of 9 cells do not count: 1 without a claim (Other load.),
    1 failed`; empty if all count."""
    left_out: dict[str, list[SweepCell]] = {}
    for cell in cells:
        if not cell_counts(cell):
            measured = cell.state is CellState.MEASURED and cell.verdict is not None
            left_out.setdefault(LEFT_OUT_TEXTS[cell.verdict if measured and cell.verdict else cell.state], []).append(
                cell
            )
    if not left_out:
        return ""
    count = sum(map(len, left_out.values()))
    reasons = ", ".join(f"{len(members)} {text}{_format_reasons(members)}" for text, members in left_out.items())
    verb = "does" if count == 1 else "do"
    return f"{count} of {format_count(len(cells), 'cell')} {verb} not count: {reasons}"


def _format_reasons(cells: Sequence[SweepCell]) -> str:
    """The reason in brackets, if all of `cells` have the same one."""
    reasons = {cell.reason.rstrip(".") for cell in cells}
    reason = reasons.pop() if len(reasons) == 1 else ""
    return f" ({reason})" if reason else ""


def name_arm(sweep: Sweep, snapshot: DeclarationSnapshot, cell: SweepCell, arm: Arm) -> str:
    """The value of the lever that an arm has in a cell: `INT8`. If the sweep varies that of the other arm,
    `FP32 against INT8`, because the arm was measured once for each."""
    own, other = (_find_lever(sweep, cell, one) for one in (arm, _other_arm(arm)))
    name = own or snapshot.arms[arm]
    return f"{name} against {other}" if other else name


def name_arms(sweep: Sweep, snapshot: DeclarationSnapshot, arm: Arm) -> str:
    """An arm in all cells: `INT8`, or `BF16, INT8` if the sweep varies its value of the lever."""
    axis = sweep.find_axis(arm.value)
    return ", ".join(axis.labels) if axis is not None else snapshot.arms[arm]


def name_subject(sweep: Sweep, snapshot: DeclarationSnapshot, cell: SweepCell, arm: Arm) -> str:
    """The name of an arm in a cell as the subject of a sentence."""
    return _find_lever(sweep, cell, arm) or snapshot.subject(arm)


def describe_arm_cell(
    sweep: Sweep, snapshot: DeclarationSnapshot, cell: SweepCell, arm: Arm, without: SweepAxis | None = None
) -> str:
    """`INT8, 2 cores, batch 4`: an arm with the settings of its cell, except for those of the axis `without`."""
    settings = [
        axis.describe(value)
        for axis, value in zip(sweep.axes, cell.values, strict=True)
        if axis.name not in list(Arm) and axis is not without
    ]
    return ", ".join([name_arm(sweep, snapshot, cell, arm), *settings])


def _find_lever(sweep: Sweep, cell: SweepCell, arm: Arm) -> str:
    """The label of the arm's value of the lever, if the sweep varies it; else empty."""
    axis = sweep.find_axis(arm.value)
    return axis.describe(cell.values[sweep.axes.index(axis)]) if axis is not None else ""


def _other_arm(arm: Arm) -> Arm:
    return Arm.BASELINE if arm is Arm.ACCELERATED else Arm.ACCELERATED
