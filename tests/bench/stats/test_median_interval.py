"""The interval of an arm's median time."""

from __future__ import annotations

import numpy as np
import pytest

from bench.stats.median_interval import estimate_median
from bench.stats.ratio import LAUNCH_SD


def test_the_interval_is_never_narrower_than_the_difference_between_processes():
    found = estimate_median([2.0] * 30)
    assert found.value == 2.0 and found.low < 2 * (1 - 1.9 * LAUNCH_SD) and found.high > 2 * (1 + 1.9 * LAUNCH_SD)


def test_few_samples_give_their_range():
    found = estimate_median([1.0, 2.0, 4.0])
    assert found.low <= 1.0 and found.value == 2.0 and found.high >= 4.0


def test_it_holds_the_median_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = sum(estimate_median(list(rng.lognormal(0, 0.2, 20))).includes(1.0) for _ in range(200))
    assert hits >= 182, "of 200 intervals of 95 % and more"


def test_no_samples_are_refused():
    with pytest.raises(ValueError, match="at least one time"):
        estimate_median([])
