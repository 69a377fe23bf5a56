"""How far the ratios of two runs differ: seldom a difference where there is none, and one that is there is found."""

import math

import numpy as np
import pytest

from bench.stats.change import estimate_change
from bench.stats.ratio import LAUNCH_SD, estimate_ratio
from bench.values.statistics import Interval

PAIRS = 30


def measure(rng: np.random.Generator, ratio: float) -> Interval:
    """The ratio of a race whose processes differ as those of the same program do."""
    launches = np.exp(rng.normal(0, LAUNCH_SD, 2))
    times = launches * np.array([ratio, 1.0]) * np.exp(rng.normal(0, 0.03, (PAIRS, 2)))
    return estimate_ratio(times[:, 0], times[:, 1]).ratio


def count_changes(before: float, after: float, runs: int = 300) -> int:
    rng = np.random.default_rng(7)
    changes = (estimate_change(measure(rng, before), measure(rng, after)) for _ in range(runs))
    return sum(not change.includes(1.0) for change in changes)


def test_equal_ratios_seldom_differ_and_unequal_ones_do():
    # Of 300 comparisons, 15 may err; 25 or more would with a probability of 1 %.
    assert count_changes(2.0, 2.0) < 25
    assert count_changes(2.0, 2.5) > 285


def test_overlapping_intervals_may_differ():
    before, after = Interval(value=2.0, low=1.9, high=2.1), Interval(value=2.18, low=2.08, high=2.28)
    assert before.high > after.low
    change = estimate_change(before, after)
    assert change.value == pytest.approx(1.09) and not change.includes(1.0)


def test_the_reach_follows_from_both_and_each_end_from_its_own():
    before, after = Interval(value=1.0, low=0.9, high=1.1), Interval(value=1.0, low=0.5, high=1.2)
    change = estimate_change(before, after)
    assert math.log(change.low) == pytest.approx(-math.hypot(math.log(2), math.log(1.1)))
    assert math.log(change.high) == pytest.approx(math.hypot(math.log(1.2), math.log(1 / 0.9)))
    swapped = estimate_change(after, before)
    assert (swapped.low, swapped.high) == pytest.approx((1 / change.high, 1 / change.low))


def test_many_steps_widen_the_interval():
    ratio = Interval(value=2.0, low=1.9, high=2.1)
    one, ten = estimate_change(ratio, ratio), estimate_change(ratio, ratio, family=10)
    assert ten.low < one.low < 1 < one.high < ten.high
    assert math.log(ten.high) / math.log(one.high) == pytest.approx(2.807 / 1.960, abs=0.001)


def test_an_interval_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="positive"):
        estimate_change(Interval(value=1.0, low=0.0, high=2.0), Interval(value=1.0, low=0.5, high=2.0))
