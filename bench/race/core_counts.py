"""Other core counts, so that the best of one arm can be compared with the best of the other."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from bench.claims.best_core_counts import find_best_core_counts
from bench.formatting import format_duration
from bench.machine.core_selection import core_counts_to_try
from bench.race.arm import ArmError, ArmProcess
from bench.race.budget import CORE_COUNTS_SHARE, MIN_PAIRS_TO_STOP, SamplingBudget
from bench.race.preparation import prepare_arms
from bench.race.session import RaceSession
from bench.run.events import CoreCountSkipped, CoreCountsTried, State
from bench.run.outcome import MIN_PAIRS, estimate_pair_s
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import Phase, Sample
from bench.values.statistics import CoreCount

if TYPE_CHECKING:
    from bench.stats.ratio import RatioEstimate  # Imported when it is needed: it imports a part of scipy.

WARM_UP_ROUNDS = 1
"""Rounds before those that count. Every arm has done its first call before."""


def try_core_counts(session: RaceSession, budget: SamplingBudget, arms: Mapping[Arm, ArmProcess]) -> None:
    """Sample both arms at other core counts and at their own, as far as the budget allows.

    A core count that is not tried is reported with the reason. Raises RaceStopped.
    """
    for position, core_count in enumerate(core_counts_to_try(session.plan.cores)):
        if reason := _find_obstacle(session, budget, core_count):
            _skip(session, core_count, reason)
            continue
        if session.record.state is not State.CORES:
            session.recorder.change_state(State.CORES)
        try:
            _try_core_count(session, budget, arms, core_count)
        except ArmError as error:
            # The race itself is complete. An arm that failed here may still be at work, so nothing more is timed.
            session.arms.end_all_except(arms.values())
            for left in core_counts_to_try(session.plan.cores)[position:]:
                _skip(session, left, error.failure.what.rstrip("."))
            return


def fits_core_count(session: RaceSession, budget: SamplingBudget) -> bool:
    """Whether any other core count would be tried if the pairs ended now."""
    return any(not _find_obstacle(session, budget, count) for count in core_counts_to_try(session.plan.cores))


def keeps_own_cores(run: Run) -> bool:
    """Whether an arm's core count says nothing about the cores that do its work, which are those of a service."""
    return any(prepared.service for prepared in run.prepared)


def _find_obstacle(session: RaceSession, budget: SamplingBudget, core_count: int) -> str:
    """Why a core count is not tried; empty if it is."""
    if keeps_own_cores(session.record):
        return "an external service does the work, and keeps its own cores"
    total = session.record.comparison()
    if total is None:
        return "the race has too few pairs to compare with"
    cores = session.plan.cores
    slowest_s = max(total.baseline.median, total.accelerated.median) * cores / core_count
    if slowest_s > (limit_s := session.workload.limits.sample_s):
        return f"a sample would take about {format_duration(slowest_s)}, and the limit is {format_duration(limit_s)}"
    first_calls_s = [sample.repetition.wall_s for sample in session.record.samples if sample.phase is Phase.EARLY]
    prepare_s = (
        max(prepared.seconds for prepared in session.record.prepared)
        + max(first_calls_s, default=0.0) * cores / core_count
    )
    # Each round has both arms at both core counts.
    round_s = (estimate_pair_s(session.record) or 0.0) * (1 + cores / core_count)
    needed_s = prepare_s + (WARM_UP_ROUNDS + MIN_PAIRS) * round_s
    if budget.allows(needed_s):
        return ""
    left_s = budget.left_s
    return f"that would take about {needed_s:.0f} s, and {left_s:.0f} s were left of the time budget"


def _skip(session: RaceSession, core_count: int, why: str) -> None:
    session.recorder.emit(CoreCountSkipped(at=session.now, cores=core_count, why=why))


def _try_core_count(
    session: RaceSession, budget: SamplingBudget, arms: Mapping[Arm, ArmProcess], core_count: int
) -> None:
    """Sample in rounds of four, so that drift affects all alike, until each arm's best is compared well enough."""
    settings = {arm: process.lever_value.name for arm, process in arms.items()}
    others = prepare_arms(session, session.cores[:core_count], settings, session.scratch)
    for _ in range(WARM_UP_ROUNDS):
        for process in others.values():
            session.sampler.sample_alone(process, Phase.WARM_UP)
    until = session.now + budget.budget_s * CORE_COUNTS_SHARE / len(core_counts_to_try(session.plan.cores))
    for rounds in itertools.count(1):
        session.sampler.sample_round([*arms.values(), *others.values()], Phase.CORES)
        if rounds < MIN_PAIRS and budget.left_s:
            continue
        tried = compare_core_counts(session.record.samples, work=session.record.prepared[0].work)
        is_narrow = rounds >= MIN_PAIRS_TO_STOP and tried.is_narrow(session.plan.target)
        if session.now >= until or not budget.left_s or is_narrow:
            break
    session.arms.end_all_except(arms.values())
    session.recorder.emit(
        CoreCountsTried(at=session.now, counts=tried.counts, best_ratio=tried.best.ratio if tried.best else None)
    )


@dataclass(frozen=True, slots=True)
class CoreCountComparison:
    """Both arms at several core counts."""

    counts: list[CoreCount]
    best: RatioEstimate | None
    """The baseline's time at its best core count over that of the accelerated arm at its best; None from too few
    rounds."""

    def is_narrow(self, target: float) -> bool:
        """Whether more rounds are not needed for an interval of half-width `target`."""
        return self.best is not None and self.best.sampling_half_width <= target


def compare_core_counts(samples: Iterable[Sample], *, work: float) -> CoreCountComparison:
    """Compare the samples of the phase `CORES`; each does `work` units.

    The ratio is of the rounds that have both arms at their best, and needs as many as a claim needs pairs.
    """
    from bench.stats.comparison import summarize
    from bench.stats.ratio import estimate_ratio

    series: defaultdict[tuple[Arm, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.phase is Phase.CORES:
            series[sample.arm, sample.cores].append(sample)
    times = {key: [sample.total_s for sample in taken] for key, taken in series.items()}
    counts = [
        CoreCount(
            arm=arm,
            cores=core_count,
            whole=summarize(
                times[arm, core_count],
                work=work,
                effective_cores=fmean(sample.effective_cores for sample in series[arm, core_count]),
            ),
        )
        for arm, core_count in sorted(series)
    ]
    best = find_best_core_counts(counts)
    baseline, accelerated = ({taken.pair: taken.total_s for taken in series[arm, best[arm].cores]} for arm in Arm)
    # If both are best at other core counts than that of the race, no round has both.
    rounds = sorted(baseline.keys() & accelerated.keys())
    estimate = None
    if len(rounds) >= MIN_PAIRS:
        estimate = estimate_ratio([baseline[n] for n in rounds], [accelerated[n] for n in rounds])
    return CoreCountComparison(counts, estimate)
