"""How long races take: forecasts for the page and the command line, and which sizes fit into a budget."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.outcome import MIN_PAIRS
from bench.scheduler.race_time import (
    CALLS_OUTSIDE_PAIRS,
    OTHER_STAGES_S,
    RaceDuration,
    estimate_race_s,
    explain_slow,
    fits_budget,
    forecast_pair_s,
    limit_race_s,
    limit_sampling_s,
    measure_duration,
    predict_pair_s,
)
from tests.support.estimator_runs import make_estimator_run, plan_case


def test_the_time_of_a_race_follows_from_the_last_one_else_from_its_budget():
    plan = plan_case("ridge")
    duration = measure_duration(make_estimator_run(plan))
    assert duration == RaceDuration(1, 10_000, 10.0, 9.0, 11.0)
    assert estimate_race_s(plan, None) == 13.5 + OTHER_STAGES_S
    assert estimate_race_s(plan, duration) == 20.0, "its intervals were narrow before the budget was spent"
    assert estimate_race_s(plan, replace(duration, batch=5)) == 13.5 + OTHER_STAGES_S
    spent = replace(duration, sampling_s=12.0)
    assert estimate_race_s(plan, spent) == 23.0
    assert estimate_race_s(plan.model_copy(update={"budget_s": 20.0}), spent) == 35.0


def test_a_slow_pair_makes_a_race_longer_than_its_budget():
    plan = plan_case("ridge")
    assert estimate_race_s(plan, None, 0.1) == 13.5 + OTHER_STAGES_S + 0.1 * CALLS_OUTSIDE_PAIRS
    assert estimate_race_s(plan, None, 1e6) == limit_race_s(plan)


def test_a_short_budget_leaves_time_for_the_calls_in_no_pair():
    short = make_plan("documents", budget_s=10.0)
    pair_s = resolve(short).case.budget_s / MIN_PAIRS
    # Two cores that other programs used, too, needed more than 83 s.
    assert limit_race_s(short) - 2 * limit_sampling_s(short) > 2 * CALLS_OUTSIDE_PAIRS * pair_s > 83
    ridge = plan_case("ridge")
    assert limit_race_s(ridge) == 2 * (limit_sampling_s(ridge) + 2 * OTHER_STAGES_S), "a case of short calls"


@pytest.mark.parametrize(
    ("known", "size", "expected"),
    [
        ({}, 10, None),
        ({1_000: 2.0}, 1_000, 2.0),
        ({1_000: 2.0}, 100, 2.0),
        ({1_000: 2.0}, 10_000, 200.0),
        ({1_000: 2.0, 3_000: 6.0}, 30_000, 60.0),
        ({1_000: 1.0, 10_000: 1.0}, 100_000, 10.0),
        ({100: 1.0, 10_000: 2.0}, 100_000, 200.0),
        ({1_000: 1.0, 2_000: 100.0}, 4_000, 800.0),
    ],
    ids=[
        *("nothing is known", "the same size", "a smaller size", "growth is not known", "linear growth"),
        *("never less than linear", "too far apart to show a growth", "never more than cubic"),
    ],
)
def test_the_time_of_a_pair_follows_from_other_sizes(known, size, expected):
    assert predict_pair_s(known, size) == (None if expected is None else pytest.approx(expected))


def test_a_case_that_is_declared_slow_is_known_to_be_slow_without_a_race():
    large, usual = plan_case("svc", batch=100_000), plan_case("svc")
    assert explain_slow(usual, forecast_pair_s(usual, {})) == ""
    assert forecast_pair_s(large, {}) == pytest.approx(100 * 60 / 8)
    assert explain_slow(large, forecast_pair_s(large, {})).startswith("8 pairs take about 6,000 s (100 min), and its")
    fast = plan_case("ridge", batch=100_000)
    assert forecast_pair_s(fast, {}) is None and explain_slow(fast, None) == ""
    assert explain_slow(large, forecast_pair_s(large, {30_000: 0.01})) == "", "a race shows that it is not"


def test_eight_pairs_fit_if_they_end_within_what_a_race_may_spend():
    plan = plan_case("ridge")
    assert limit_sampling_s(plan) == 17.5
    assert fits_budget(plan, 17.5 / 8) and not fits_budget(plan, 17.6 / 8) and fits_budget(plan, None)
