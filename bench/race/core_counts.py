"""Other core counts, so that the best of one arm can be compared with the best of the other."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import fmean

from bench.claims.best_core_counts import find_best_core_counts
from bench.machine.core_selection import core_counts_to_try
from bench.race.arm import ArmProcess
from bench.race.budget import CORE_COUNTS_SHARE, MIN_PAIRS_FOR_CLAIM, SamplingBudget
from bench.race.preparation import prepare_arms
from bench.race.session import RaceSession
from bench.run.events import CoreCountsTried
from bench.values import Arm, CoreCount, Phase, Sample

MIN_ROUNDS = 3
WARM_UP_ROUNDS = 2


def try_core_count(
    session: RaceSession, budget: SamplingBudget, arms: Mapping[Arm, ArmProcess], core_count: int
) -> None:
    """Sample both arms at another core count and at their own, in rounds of four, so that drift affects all alike.

    Returns without a sample if one would exceed the time limit of a sample, or the rounds the budget of the race; the
    claim then says that this core count was not tried. Raises ArmError and RaceStopped.
    """
    total = session.record.comparison()
    slowest_s = max(total.baseline.median, total.accelerated.median) if total else 0.0
    projected_s = slowest_s * session.plan.cores / core_count
    projected_rounds_s = 2 * (MIN_ROUNDS + WARM_UP_ROUNDS) * projected_s
    if projected_s > session.workload.limits.sample_s or not budget.allows(projected_rounds_s):
        return
    settings = {arm: process.lever_value.name for arm, process in arms.items()}
    others = prepare_arms(session, session.cores[:core_count], settings, session.scratch)
    for _ in range(WARM_UP_ROUNDS):
        for process in others.values():
            session.sampler.sample_alone(process, Phase.WARM_UP)
    until = session.now + budget.budget_s * CORE_COUNTS_SHARE / len(core_counts_to_try(session.plan.cores))
    for rounds in itertools.count(1):
        session.sampler.sample_round([*arms.values(), *others.values()], Phase.CORES)
        if session.now >= until and rounds >= max(MIN_ROUNDS, budget.min_pairs):
            break
    session.arms.end_all_except(arms.values())
    session.recorder.emit(
        compare_core_counts(session.record.samples, work=session.record.prepared[0].work, at=session.now)
    )


def compare_core_counts(samples: Iterable[Sample], *, work: float, at: float) -> CoreCountsTried:
    """Summary of each arm at each core count, and the ratio of the baseline's best to the accelerated arm's best.

    Uses the samples of the phase `CORES`; each does `work` units. `at` is the time of the event. The ratio is of the
    rounds that have both, and needs as many as a claim needs pairs.
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
    ratio = None
    if len(rounds) >= MIN_PAIRS_FOR_CLAIM:
        ratio = estimate_ratio([baseline[n] for n in rounds], [accelerated[n] for n in rounds]).ratio
    return CoreCountsTried(at=at, counts=counts, best_ratio=ratio)
