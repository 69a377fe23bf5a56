"""How long a race will take: by the last race of its case, by those at other sizes, or by the rules of the budget."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bench.formatting import format_budget
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.race.budget import MAX_SPENT_EXTRA_S, MAX_SPENT_FACTOR
from bench.run.events import State
from bench.run.outcome import MIN_PAIRS
from bench.run.record import Run
from bench.run.time_use import SAMPLING_STATES
from bench.run.timeline import measure_stages
from bench.workload.cases import DEFAULT_BUDGET_S

OTHER_STAGES_S = 12.0
"""Time of a race without its pairs, if none of its case is stored: starting both arms, their first calls, evidence and
accuracy."""
CALLS_OUTSIDE_PAIRS = 4
"""Calls of each arm that are in no pair: the first one, the warm-up, the evidence, and the accuracy."""
UNKNOWN_GROWTH, MIN_GROWTH, MAX_GROWTH = 2.0, 1.0, 3.0
"""Exponent with which the time of a pair grows with the size, if it is not known, and limits of what is measured."""
MAX_GROWTH_FACTOR = 10.0
"""Two sizes show the growth only if they differ by at most this factor: small ones measure what a call costs anyway."""


@dataclass(frozen=True, slots=True)
class RaceDuration:
    """How long a finished race took."""

    cores: int
    batch: int
    budget_s: float
    sampling_s: float
    """From the warm-up to the last core count: what the time budget limits."""
    other_s: float


def measure_duration(run: Run) -> RaceDuration | None:
    """None for a race that recorded no stages."""
    stages = measure_stages(run.timeline, run.last_at)
    if not stages:
        return None
    sampling_s = sum(stages.get(state.value, 0.0) for state in (*SAMPLING_STATES, State.CORES))
    other_s = max(0.0, sum(stages.values()) - stages.get(State.READY.value, 0.0) - sampling_s)
    return RaceDuration(run.plan.cores, run.plan.batch, run.plan.budget_s, sampling_s, other_s)


def estimate_race_s(plan: Plan, last: RaceDuration | None, pair_s: float | None = None) -> float:
    """Seconds that a race of `plan` will take, by the last race of its case with as many cores and rows, else by the
    rules of the time budget and `pair_s`, the expected time of a pair."""
    limit_s = MAX_SPENT_FACTOR * plan.budget_s
    if last is None or (last.cores, last.batch) != (plan.cores, plan.batch):
        outside_s = (pair_s or 0.0) * CALLS_OUTSIDE_PAIRS
        return min(limit_race_s(plan), max(limit_s, pair_s or 0.0) + OTHER_STAGES_S + outside_s)
    # A race that ended before its budget was spent had narrow intervals, and will have them again.
    factor = 1.0 if last.sampling_s < last.budget_s else plan.budget_s / last.budget_s
    return min(limit_s, factor * last.sampling_s) + last.other_s


def predict_pair_s(known: Mapping[int, float], size: int) -> float | None:
    """Seconds of a pair, one call of each arm, at a size, from those of other sizes; None without any."""
    if not known:
        return None
    below = sorted(other for other in known if other <= size)
    if not below:
        return known[min(known)]
    last = below[-1]
    growth = UNKNOWN_GROWTH
    if len(below) > 1 and last / below[-2] <= MAX_GROWTH_FACTOR:
        measured = math.log(known[last] / known[below[-2]]) / math.log(last / below[-2])
        growth = min(MAX_GROWTH, max(MIN_GROWTH, measured))
    return known[last] * (size / last) ** growth


def forecast_pair_s(plan: Plan, known: Mapping[int, float]) -> float | None:
    """Seconds of a pair of `plan`, by those at other sizes, else by what its case declares; None if neither says it."""
    return predict_pair_s(known or assume_pair_s(plan), plan.batch)


def predict_least_pair_s(known: Mapping[int, float], size: int) -> float | None:
    """Seconds of a pair at a size at least, from those of smaller sizes; None without any. See `MIN_GROWTH`."""
    below = [other for other in known if other <= size]
    return known[max(below)] * (size / max(below)) ** MIN_GROWTH if below else None


def explain_slow(plan: Plan, pair_s: float | None) -> str:
    """Why a race of `plan` will probably make no claim, as a clause: `8 pairs take about 20 min, and its budget of
    60 s allows 85 s`. Empty if its pairs fit."""
    if pair_s is None or fits_budget(plan, pair_s):
        return ""
    needed, allowed = (format_budget(math.ceil(seconds)) for seconds in (MIN_PAIRS * pair_s, limit_sampling_s(plan)))
    return f"{MIN_PAIRS} pairs take about {needed}, and its budget of {format_budget(plan.budget_s)} allows {allowed}"


def measure_pair_s(run: Run) -> float | None:
    """Seconds of one call of each arm, by the medians of a race; None without enough pairs."""
    comparison = run.comparison()
    return comparison.baseline.median + comparison.accelerated.median if comparison else None


def assume_pair_s(plan: Plan) -> dict[int, float]:
    """What a case that declares a larger budget than usual says about itself, as `known` for `predict_pair_s`: 8 pairs
    at its default size take that budget. Empty for other cases."""
    resolved = resolve(plan)
    if resolved.case.budget_s <= DEFAULT_BUDGET_S:
        return {}
    return {int(resolved.workload.batch_of(resolved.case).default): resolved.case.budget_s / MIN_PAIRS}


def fits_budget(plan: Plan, pair_s: float | None) -> bool:
    """Whether a claim's 8 pairs, of `pair_s` seconds each, end within what a race may spend. True if that is not
    known."""
    return pair_s is None or MIN_PAIRS * pair_s <= limit_sampling_s(plan)


def limit_sampling_s(plan: Plan) -> float:
    """The longest time of a race between its first warm-up sample and the last one."""
    return MAX_SPENT_FACTOR * plan.budget_s + MAX_SPENT_EXTRA_S


def limit_race_s(plan: Plan) -> float:
    """After so many seconds, a race of a series is stopped: a first call may take much longer than was expected.

    Calls in no pair take their time with a short time budget, too.
    """
    outside_s = CALLS_OUTSIDE_PAIRS * max(assume_pair_s(plan).values(), default=0.0)
    return 2 * (limit_sampling_s(plan) + 2 * OTHER_STAGES_S + outside_s)
