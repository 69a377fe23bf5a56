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


@pytest.mark.parametrize("count", [5, 8, 12, 20])
def test_the_interval_holds_the_truth_whether_samples_are_independent_or_not(count):
    for correlation, noise, limit in ((0.0, 0.2, 0.08), (0.6, 0.05, 0.06)):
        rng = np.random.default_rng(count)
        misses = sum(
            not estimate_arm_change(
                *(make_correlated(rng, count, noise=noise, correlation=correlation) for _ in range(2))
            ).includes(1.0)
            for _ in range(400)
        )
        assert misses / 400 <= limit, f"correlation {correlation}"


def make_correlated(rng: np.random.Generator, count: int, *, noise: float, correlation: float) -> np.ndarray:
    """Times of one process, which differs from others by 2 %; neighbours are correlated as in a slow phase."""
    values = rng.normal(0, noise, count)
    for position in range(1, count):
        values[position] = correlation * values[position - 1] + np.sqrt(1 - correlation**2) * values[position]
    return np.exp(rng.normal(0, 0.02) + values)


def test_the_range_of_a_run_that_was_not_stable_widens_the_interval():
    steady = make_times(3, 1.0)
    steps = steady * np.repeat([1.0, 1.2, 1.0, 1.2, 1.0], 8)
    assert estimate_arm_change(steady, steps).high > 1.25
    assert estimate_arm_change(steps, steady).low < 1 / 1.25
