"""The samples of a run as the charts of a race draw them, and their time axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from bench.formatting import format_count
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import Phase

MAX_WARM_UP_SHARE = 0.2
"""Warm-up samples are drawn left of 0 as far as this share of the time of the pairs; a note counts the earlier ones."""
MIN_WARM_UP_S = 1.0
"""Warm-up samples are drawn at least so far."""


@dataclass(frozen=True, slots=True)
class RacePoint:
    """One sample as it is drawn."""

    at: float
    """Seconds from the start of the run to the end of the sample; after `shift_points`, from the first pair."""
    seconds: float
    number: int
    """Position among the arm's samples of its phase, from 1: the number of its pair, or of its warm-up sample."""
    warm_up: bool


@dataclass(frozen=True, slots=True)
class RaceTime:
    """Where the time axis of a run begins."""

    zero_s: float
    """Seconds from the start of the run to 0 of the axis."""
    has_pairs: bool
    """Before the first pair, the axis shows the time since the start of the run."""

    @property
    def title(self) -> str:
        return f"time since the {'first pair' if self.has_pairs else 'start of the run'} [s]"

    def shift(self, at_s: float) -> float:
        """The position of a time in seconds after the start of the run."""
        return round(at_s - self.zero_s, 3)


def find_race_time(run: Run) -> RaceTime:
    began = (sample.repetition.began for sample in run.samples if sample.phase is Phase.RACE)
    zero_s = next(began, None)
    return RaceTime(zero_s or 0.0, zero_s is not None)


def shift_points(points: Mapping[Arm, Sequence[RacePoint]], time: RaceTime) -> tuple[dict[Arm, list[RacePoint]], str]:
    """The points on the axis, and a note if early samples of the warm-up are not drawn, else an empty text."""
    shifted = {arm: [replace(p, at=time.shift(p.at)) for p in arm_points] for arm, arm_points in points.items()}
    if not time.has_pairs:
        return shifted, ""
    last_s = max((arm_points[-1].at for arm_points in shifted.values() if arm_points), default=0.0)
    first_s = -max(MIN_WARM_UP_S, MAX_WARM_UP_SHARE * last_s)
    drawn = {arm: [p for p in arm_points if p.at >= first_s] for arm, arm_points in shifted.items()}
    count = sum(map(len, shifted.values())) - sum(map(len, drawn.values()))
    return drawn, f"{format_count(count, 'earlier warm-up sample')} not drawn" if count else ""


def collect_points(run: Run, step: str) -> dict[Arm, list[RacePoint]]:
    """Each arm's samples of warm-up and race.

    One pass over all samples: there may be thousands, and this runs while the arms are timed.
    """
    points: dict[Arm, list[RacePoint]] = {arm: [] for arm in Arm}
    counts = dict.fromkeys(product(Arm, (True, False)), 0)
    cores = run.plan.cores
    for sample in run.samples:
        phase = sample.phase
        if phase is Phase.CORES or sample.cores != cores:
            continue
        repetition = sample.repetition
        at, warm_up = round(repetition.began + repetition.wall_s, 3), phase is not Phase.RACE
        counts[sample.arm, warm_up] += 1
        points[sample.arm].append(RacePoint(at, sample.seconds(step), counts[sample.arm, warm_up], warm_up))
    return points


def thin_points(points: Sequence[RacePoint], max_points: int) -> list[RacePoint]:
    """At most `max_points` of the points, in order: the fastest and the slowest of every few, so that no extreme is
    lost."""
    if len(points) <= max_points:
        return list(points)
    size = math.ceil(2 * len(points) / max_points)
    thinned: list[RacePoint] = []
    for start in range(0, len(points), size):
        group = points[start : start + size]
        extremes = {id(min(group, key=_point_seconds)), id(max(group, key=_point_seconds))}
        thinned += [point for point in group if id(point) in extremes]
    return thinned


def _point_seconds(point: RacePoint) -> float:
    return point.seconds
