"""Bootstrap distributions and standard errors, against values whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.stats.arrays import Floats
from bench.stats.bootstrap import bootstrap_distribution, percentile_interval


def mean(values: Floats, axis: int) -> Floats:
    return np.mean(values, axis=axis)


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(1).normal(5, 2, 400)
    low, high = percentile_interval(bootstrap_distribution([values], mean, resamples=2000, seed=0), values.mean())
    error = stats.sem(values)
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.03)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.03)


def test_samples_are_resampled_independently():
    def sum_of_means(first: Floats, second: Floats, axis: int) -> Floats:
        return mean(first, axis) + mean(second, axis)

    values = list(np.random.default_rng(1).normal(0, 1, 100))
    alone = bootstrap_distribution([values], mean, resamples=2000, seed=0).std()
    both = bootstrap_distribution([values, values], sum_of_means, resamples=2000, seed=0).std()
    assert both == pytest.approx(2**0.5 * alone, rel=0.1)


def test_the_same_seed_gives_the_same_distribution():
    first, second, other = (bootstrap_distribution([[1.0, 2.0, 4.0]], mean, resamples=50, seed=s) for s in (1, 1, 2))
    assert (first == second).all() and (first != other).any()


def test_a_single_observation_does_not_vary():
    assert set(bootstrap_distribution([[3.0]], mean, resamples=20, seed=0)) == {3.0}


def test_equal_observations_have_no_width():
    distribution = bootstrap_distribution([[3.0, 3.0]], mean, resamples=20, seed=0)
    assert percentile_interval(distribution, 3.0) == (3.0, 3.0)


def test_an_empty_sample_is_an_error():
    with pytest.raises(ValueError, match="at least one observation"):
        bootstrap_distribution([[1.0], []], mean, resamples=20, seed=0)


def test_the_interval_includes_the_value():
    distribution = np.linspace(0, 1, 1001)
    assert percentile_interval(distribution, 0.5) == pytest.approx((0.025, 0.975))
    assert percentile_interval(distribution, 2.0)[1] == 2.0


def test_an_end_may_be_infinite():
    distribution = np.array([*np.linspace(0, 1, 900), *[np.inf] * 100])
    low, high = percentile_interval(distribution, 0.5)
    assert low == pytest.approx(0.0278, abs=1e-3)
    assert high == float("inf")
