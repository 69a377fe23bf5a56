"""When a race ends because the accelerated arm cannot win any more, and how rarely it is wrong about that."""

from __future__ import annotations

import numpy as np
import pytest

from bench.stats.no_win import excludes_win
from bench.stats.ratio import estimate_ratio
from bench.stats.simulation import EQUAL_ARMS
from bench.values.statistics import Interval

LOOKS = (8, 10, 13, 17, 22, 30, 40, 60)
"""Numbers of pairs at which a race looks, about every tenth of its budget."""
RACES = 150
MAX_FALSE_ENDS = 0.06


def test_a_loss_has_to_be_clear():
    assert excludes_win(Interval(value=0.5, low=0.4, high=0.625))
    assert not excludes_win(Interval(value=0.9, low=0.85, high=0.953)), "twice as wide, the interval includes 1"
    assert not excludes_win(Interval(value=1.5, low=1.4, high=1.6))
    assert not excludes_win(Interval(value=0.0, low=0.0, high=0.0))


@pytest.mark.parametrize("scenario", EQUAL_ARMS, ids=lambda scenario: scenario.label)
def test_races_of_equal_arms_are_rarely_ended_although_they_are_looked_at_often(scenario):
    rng = np.random.default_rng(0)
    ended = 0
    for _ in range(RACES):
        baseline, accelerated = map(np.exp, scenario.make(rng, LOOKS[-1]))
        ended += any(excludes_win(estimate_ratio(baseline[:n], accelerated[:n]).ratio) for n in LOOKS)
    assert ended / RACES <= MAX_FALSE_ENDS


def test_a_clear_loss_ends_at_the_first_look():
    rng = np.random.default_rng(0)
    times = np.exp(rng.normal(0, 0.05, (2, LOOKS[0])))
    assert excludes_win(estimate_ratio(times[0], 2 * times[1]).ratio)
