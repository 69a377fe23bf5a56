"""How long a sweep will take, from the races of its workload that are stored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.race.budget import MAX_SPENT_FACTOR
from bench.run.sweep import SweepEstimate
from bench.scheduler.earlier_races import load_own_runs
from bench.scheduler.race_time import (
    OTHER_STAGES_S,
    RaceDuration,
    estimate_race_s,
    limit_sampling_s,
    measure_duration,
)
from bench.stats.significance import SIGNIFICANCE
from bench.storage.store import Store
from bench.values.statistics import Interval

MAX_EARLIER_RACES = 12
"""Newest races that a prediction is made from."""
MIN_EARLIER_RACES = 2
"""With fewer, the rules of the time budget are used."""
MIN_LIKE_RACES = 3
"""With so many races on the same number of cores, only those are used."""
BETWEEN_RACES_S = 1.5
"""Time between the end of a race and the beginning of the next: its process ends and is stored, the next one starts."""
SHARED_SD = 0.15
"""Relative standard deviation of what all cells share and the earlier races do not show: other settings, other load.
The first sweep after two races of other settings took 20 % longer than these."""
RESAMPLES = 1000


def find_durations(store: Store, plan: Plan, machine: Machine) -> list[RaceDuration]:
    """How long the newest finished races of the workload and case of `plan` took on this machine. Raises StoreError."""
    runs = load_own_runs(store, machine, MAX_EARLIER_RACES, workload=plan.workload, case_name=plan.case)
    durations = map(measure_duration, runs)
    return [duration for duration in durations if duration is not None]


def estimate_sweep(plans: Sequence[Plan], durations: Sequence[RaceDuration], seed: int = 0) -> SweepEstimate:
    """The time of races of `plans`, one after the other.

    A bootstrap prediction: the earlier races are drawn anew, and then one of them for each plan. The plan's race will
    have its stages outside of the budget and its use of the budget. `SHARED_SD` is added. With too few earlier races,
    it is the time by the rules of the budget, between no time for pairs and the limit of everything.
    """
    if len(durations) < MIN_EARLIER_RACES:
        low = sum(OTHER_STAGES_S / 2 + BETWEEN_RACES_S for _ in plans)
        value = sum(estimate_race_s(plan, None) + BETWEEN_RACES_S for plan in plans)
        high = sum(limit_sampling_s(plan) + 2 * OTHER_STAGES_S + BETWEEN_RACES_S for plan in plans)
        return SweepEstimate(races=len(plans), seconds=Interval(value=value, low=low, high=high), earlier_races=0)
    rng = np.random.default_rng(seed)
    totals = np.zeros(RESAMPLES)
    expected = 0.0
    order = rng.integers(len(durations), size=(RESAMPLES, len(durations)))
    for plan in plans:
        like = [duration.cores == plan.cores for duration in durations]
        seconds = np.array([_predict_race_s(plan, duration) for duration in durations])
        weights = np.array(like, dtype=float) if sum(like) >= MIN_LIKE_RACES else np.ones(len(durations))
        expected += float(np.average(seconds, weights=weights))
        # Those of the resample that are alike; all of it if none is.
        drawn = weights[order]
        drawn[drawn.sum(axis=1) == 0] = 1.0
        shares = np.cumsum(drawn, axis=1) / drawn.sum(axis=1, keepdims=True)
        chosen = (shares < rng.random((RESAMPLES, 1))).sum(axis=1)
        totals += seconds[order[np.arange(RESAMPLES), chosen]]
    totals *= np.exp(rng.normal(0, SHARED_SD, RESAMPLES))
    low, high = (float(end) for end in np.quantile(totals, [SIGNIFICANCE / 2, 1 - SIGNIFICANCE / 2]))
    return SweepEstimate(
        races=len(plans),
        seconds=Interval(value=expected, low=min(low, expected), high=max(high, expected)),
        earlier_races=len(durations),
    )


def _predict_race_s(plan: Plan, last: RaceDuration) -> float:
    # A race that ended before its budget was spent had narrow intervals, and will have them again.
    factor = 1.0 if last.sampling_s < last.budget_s else plan.budget_s / last.budget_s
    sampling_s = min(MAX_SPENT_FACTOR * plan.budget_s, factor * last.sampling_s)
    return sampling_s + last.other_s + BETWEEN_RACES_S
