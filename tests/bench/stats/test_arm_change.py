"""The change of one arm's time between two runs."""

import numpy as np
import pytest

from bench.stats.arm_change import estimate_arm_change


def make_times(seed: int, median: float, count: int = 40) -> np.ndarray:
    return median * np.exp(np.random.default_rng(seed).normal(0, 0.02, count))


def test_a_change_is_found_and_its_direction_is_that_of_the_time():
    change = estimate_arm_change(make_times(1, 1.0), make_times(2, 1.5))
    assert 1.0 < change.low < 1.5 < change.high
    assert change.value == pytest.approx(1.5, rel=0.02)
    back = estimate_arm_change(make_times(2, 1.5), make_times(1, 1.0))
    assert back.value == pytest.approx(1 / change.value)


def test_the_interval_holds_the_difference_between_processes():
    # Each run is a process of its own, whose level differs by 2 %.
    rng = np.random.default_rng(5)
    misses = 0
    for seed in range(300):
        before, after = (make_times(2 * seed + place, np.exp(rng.normal(0, 0.02))) for place in (0, 1))
        misses += not estimate_arm_change(before, after).includes(1.0)
    assert misses <= 25


def test_a_family_widens_and_bad_times_are_refused():
    one, other = make_times(1, 1.0), make_times(2, 1.0, count=30)
    alone, of_ten = (estimate_arm_change(one, other, family=family) for family in (1, 10))
    assert of_ten.low < alone.low < alone.high < of_ten.high
    with pytest.raises(ValueError, match="two positive times"):
        estimate_arm_change([1.0], other)
    with pytest.raises(ValueError, match="two positive times"):
        estimate_arm_change([1.0, 0.0], other)
