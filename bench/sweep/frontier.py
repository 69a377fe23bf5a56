"""Latency against throughput in the cells of a sweep: the frontier of each arm, and the best cell within a latency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.formatting import format_count, format_duration, format_rate
from bench.run.snapshot import DeclarationSnapshot
from bench.run.sweep import CellState, Sweep, SweepCell
from bench.sweep.best_cell import describe_choice
from bench.sweep.counting import arm_counts, describe_arm_cell
from bench.values.base import Arm
from bench.values.statistics import Interval

MAX_NAMED_EQUALS = 2
"""Equally good cells that a sentence names."""


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One arm in one cell."""

    arm: Arm
    cell: SweepCell
    latency: Interval
    """Median time of a repetition, in seconds."""
    throughput: Interval
    label: str
    """`INT8, 2 instances, batch 4`."""
    is_sound: bool
    """Whether it may be quoted. See `arm_counts`."""
    on_frontier: bool = False
    """Whether no sound point of the same arm has a higher throughput at the same or a lower latency."""


@dataclass(frozen=True, slots=True)
class SweetSpot:
    """The point with the highest throughput within a latency budget."""

    sentence: str
    best: FrontierPoint | None
    equals: tuple[FrontierPoint, ...] = ()
    """Points within the budget that the intervals do not distinguish from it."""
    cell_count: int = 0
    """Number of cells from which it was chosen."""


def list_points(sweep: Sweep, snapshot: DeclarationSnapshot) -> list[FrontierPoint]:
    """Both arms in every cell that has times. An arm that another cell repeats, because only the other arm's value of
    the lever differs, is a point of its own: it was measured again."""
    points: list[FrontierPoint] = []
    for cell in sweep.cells:
        for arm in Arm:
            times = cell.arm(arm)
            if times is None:
                continue
            points.append(
                FrontierPoint(
                    arm=arm,
                    cell=cell,
                    latency=times.seconds,
                    throughput=times.throughput,
                    label=describe_arm_cell(sweep, snapshot, cell, arm),
                    is_sound=arm_counts(cell, arm),
                )
            )
    return [_mark_frontier(point, points) for point in points]


def _mark_frontier(point: FrontierPoint, points: Sequence[FrontierPoint]) -> FrontierPoint:
    better = (
        other
        for other in points
        if other.is_sound
        and other.arm is point.arm
        and other is not point
        and other.latency.value <= point.latency.value
        and other.throughput.value > point.throughput.value
    )
    on_frontier = point.is_sound and next(better, None) is None
    return FrontierPoint(
        point.arm, point.cell, point.latency, point.throughput, point.label, point.is_sound, on_frontier
    )


def find_sweet_spot(sweep: Sweep, snapshot: DeclarationSnapshot, budget_s: float | None = None) -> SweetSpot:
    """The highest throughput whose median latency is below `budget_s` seconds, with the upper end of its interval; None
    for any latency."""
    points = list_points(sweep, snapshot)
    sound = [point for point in points if point.is_sound]
    within = [point for point in sound if budget_s is None or point.latency.high <= budget_s]
    limit = f" under {format_duration(budget_s)}" if budget_s is not None else ""
    if not within:
        return SweetSpot(_explain_none(sweep, points, sound, limit), None)
    best = max(within, key=lambda point: point.throughput.value)
    equals = sorted(
        (point for point in within if point is not best and point.throughput.high >= best.throughput.low),
        key=lambda point: -point.throughput.value,
    )
    cell_count = len({tuple(point.cell.values) for point in within})
    sentence = (
        f"Best throughput{limit}: {best.label}: {_format_throughput(best, sweep.unit)}, in "
        f"{format_duration(best.latency.value)} a repetition{describe_choice(cell_count)}."
    )
    if equals:
        names = "; ".join(point.label for point in equals[:MAX_NAMED_EQUALS])
        more = len(equals) - MAX_NAMED_EQUALS
        names += f"; and {more} more" if more > 0 else ""
        sentence += f" Not distinguishable from it: {names}."
    return SweetSpot(sentence, best, tuple(equals), cell_count)


def _explain_none(sweep: Sweep, points: Sequence[FrontierPoint], sound: Sequence[FrontierPoint], limit: str) -> str:
    if sound:
        fastest = min(sound, key=lambda point: point.latency.high)
        return (
            f"No cell{limit}: the lowest latency is {format_duration(fastest.latency.value)} (at most "
            f"{format_duration(fastest.latency.high)}), {fastest.label}."
        )
    if points:
        reason = next((point.cell.reason for point in points if point.cell.reason), "")
        return f"No best cell: no race of the sweep makes a claim. {reason}".rstrip()
    measured = sweep.count(CellState.MEASURED)
    return f"No best cell: {format_count(measured, 'cell')} measured, and none has times of both arms."


def _format_throughput(point: FrontierPoint, unit: str) -> str:
    value, low, high = point.throughput.value, point.throughput.low, point.throughput.high
    ends = [format_rate(end, unit).removesuffix(f"{unit}/s").strip() for end in (low, high)]
    return f"{format_rate(value, unit)} ({ends[0]} to {ends[1]})"


def list_latency_ends(points: Sequence[FrontierPoint]) -> tuple[float, float] | None:
    """The lowest and the highest latency of a budget that makes a difference, in seconds; None without a sound
    point."""
    latencies = [point.latency.high for point in points if point.is_sound]
    return (min(latencies), max(latencies)) if latencies else None
