"""The history of a plan on one machine: its runs in the order of time, and from which run on times are others."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from bench.formatting import format_change
from bench.run.comparability import Difference, find_differences
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.stats.step_changes import MIN_RUNS, find_step_changes
from bench.storage.job_filter import JobFilter
from bench.storage.job_row import JobRow

MAX_HISTORY_RUNS = 100
"""The newest runs that are looked at."""
SeriesName = Literal["baseline time", "accelerated time", "ratio"]


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step in one series of a history."""

    series: SeriesName
    position: int
    """Of the first run of the new level among the rows."""
    first: JobRow
    factor: float
    """Median of the new level over that of the level before."""
    causes: Sequence[Difference]
    """What differs between the last run before and the first run after, and may explain it."""

    @property
    def text(self) -> str:
        """`ratio +12.0 % since 2026-11-24 02:25 UTC (run 1a93516e): numpy 2.4, before 2.3`."""
        found = "; ".join(f"{cause.name} {cause.second}, before {cause.first}" for cause in self.causes)
        why = found or "no difference of machine or software is recorded"
        moment = f"{self.first.started:%Y-%m-%d %H:%M}"
        return f"{self.series} {format_change(self.factor)} since {moment} UTC (run {self.first.id[:8]}): {why}"


@dataclass(frozen=True, slots=True)
class PlanHistory:
    """Runs of one plan on one machine, the earliest first, and the steps in them."""

    rows: Sequence[JobRow]
    steps: Sequence[StepChange]

    @property
    def summary(self) -> str:
        """What was found, in a sentence."""
        if len(self.rows) < MIN_RUNS:
            return (
                f"{len(self.rows)} of at least {MIN_RUNS} runs on this machine that a step change can be looked for in."
            )
        if not self.steps:
            return f"No step change in {len(self.rows)} runs on this machine."
        return f"{len(self.steps)} step change{'s' * (len(self.steps) > 1)} in {len(self.rows)} runs on this machine."


def filter_history(digest: str) -> JobFilter:
    """The runs that a history may have."""
    return JobFilter(kind=JobKind.RACE, state=State.FINISHED, digest=digest)


def build_history(rows: Sequence[JobRow], load: Callable[[str], JobRecord | None]) -> PlanHistory:
    """The history of the newest of `rows`, which are of one plan, on its machine. Edited runs and runs without a ratio
    are left out. `load` reads a record by its id."""
    usable = sorted((row for row in rows if row.interval and not row.edited), key=lambda row: row.started)
    same = [row for row in usable if _is_on_machine_of(row, usable[-1])][-MAX_HISTORY_RUNS:]
    series: dict[SeriesName, list[float]] = {
        "baseline time": [row.baseline_s or 0.0 for row in same],
        "accelerated time": [row.accelerated_s or 0.0 for row in same],
        "ratio": [row.ratio or 0.0 for row in same],
    }
    steps = [step for name, values in series.items() for step in _find_steps(name, values, same, load)]
    return PlanHistory(same, sorted(steps, key=lambda step: step.position))


def _is_on_machine_of(row: JobRow, other: JobRow) -> bool:
    if row.machine_id and other.machine_id:
        return row.machine_id == other.machine_id
    return row.machine == other.machine


def _find_steps(
    name: SeriesName, values: Sequence[float], rows: Sequence[JobRow], load: Callable[[str], JobRecord | None]
) -> list[StepChange]:
    positions = find_step_changes(values)
    ends = [0, *positions, len(values)]
    levels = [median(values[start:end]) for start, end in itertools.pairwise(ends) if end > start]
    return [
        StepChange(
            series=name,
            position=position,
            first=rows[position],
            factor=levels[number + 1] / levels[number],
            causes=_find_causes(load(rows[position - 1].id), load(rows[position].id)),
        )
        for number, position in enumerate(positions)
    ]


def _find_causes(before: JobRecord | None, after: JobRecord | None) -> list[Difference]:
    return find_differences(before, after) if isinstance(before, Run) and isinstance(after, Run) else []
