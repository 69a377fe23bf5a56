"""When an arm counts as warm."""

import numpy as np
import pytest

from bench.stats.simulation import DIFFERENT_ARMS, EQUAL_ARMS, is_claimed
from bench.stats.warmup import count_warm_up, find_common_start, find_plateau, is_settled, is_warm


def test_an_arm_is_warm_when_it_no_longer_gets_faster():
    assert not is_warm([1.0, 1.0, 1.0])
    assert is_warm([1.0, 1.0, 1.0, 1.0])
    assert not is_warm([2.0, 1.5, 1.2, 1.0])
    assert is_warm([2.0, 1.0, 1.01, 1.02, 0.99])


@pytest.mark.parametrize(
    ("times", "excluded", "settled"),
    [
        ([], 0, False),
        ([9.0, 1.0, 1.0], 0, False),  # Too few to tell.
        ([1.0, 1.0, 1.0, 1.0], 0, True),
        ([1.04, 1.0, 1.0, 1.0], 0, True),  # Within 5 %.
        ([1.5, 1.0, 1.0, 1.0], 1, False),
        ([1.5, 1.0, 1.0, 1.0, 1.0], 1, True),
        ([1.5, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5], 1, True),  # What comes later is no warm-up.
        ([4.0, 2.5, 1.75, 1.37, 1.19, 1.09, 1.05, 1.02, 1.01, 1.0], 6, True),
        ([8.0, 7.0, 6.0, 5.0, 4.0, 3.0], 3, False),  # Never settles: three samples are left, too few for a claim.
        ([1.0, 0.1, 1.0, 1.0, 1.0], 0, True),  # One fast sample is no warm-up.
    ],
)
def test_leading_samples_from_which_the_times_fall_are_warm_up(times, excluded, settled):
    assert count_warm_up(times) == excluded
    assert is_settled(times) is settled


def test_once_settled_the_warm_up_does_not_change_with_more_samples():
    times = np.exp(np.random.default_rng(0).normal(0, 0.1, 60)).tolist()
    settled_at = next(count for count in range(len(times)) if is_settled(times[:count]))
    assert {count_warm_up(times[:count]) for count in range(settled_at, len(times))} == {count_warm_up(times)}


def test_a_pair_is_warm_up_if_it_is_so_in_either_arm():
    steady, warming = [1.0] * 8, [3.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert find_common_start([steady, warming]) == find_common_start([warming, steady]) == 2
    assert find_common_start([steady, steady]) == 0


@pytest.mark.parametrize("scenario", EQUAL_ARMS, ids=lambda scenario: scenario.label)
def test_excluding_warm_up_that_is_only_noise_adds_no_false_claims(scenario):
    rng, races, pairs = np.random.default_rng(1), 150, 20
    claimed, claimed_of_all, excluded = 0, 0, 0
    for _ in range(races):
        baseline, accelerated = map(np.exp, scenario.make(rng, pairs))
        start = find_common_start([baseline.tolist(), accelerated.tolist()])
        excluded += start
        claimed += is_claimed(baseline[start:], accelerated[start:])
        claimed_of_all += is_claimed(baseline, accelerated)
    assert claimed <= claimed_of_all + 0.04 * races
    assert excluded < 1.5 * races, "fewer than 1.5 pairs per race"


def test_a_warm_up_of_one_arm_does_not_hide_a_difference_or_make_one():
    rng, pairs = np.random.default_rng(2), 20
    warming = 1 + 3 * 0.5 ** np.arange(pairs)
    noise = EQUAL_ARMS[0]
    shares = {}
    for ratio in (1.0, DIFFERENT_ARMS[1].ratio):
        claims = 0
        for _ in range(100):
            baseline, accelerated = map(np.exp, noise.make(rng, pairs))
            times = ratio * baseline * warming, accelerated
            start = find_common_start([series.tolist() for series in times])
            claims += is_claimed(*(series[start:] for series in times))
        shares[ratio] = claims / 100
    assert shares[1.0] <= 0.07 and shares[1.30] >= 0.9


@pytest.mark.parametrize(
    ("times", "length"),
    [
        ([2.0] * 3 + [1.0] * 5, 3),
        ([2.0] * 4 + [1.0] * 16 + [3.0], 4),  # One later outlier does not hide it.
        ([1.04] * 3 + [1.0] * 5, 0),  # Within 5 %.
        ([2.0, 2.0] + [1.0] * 6, 0),  # `count_warm_up` sees it.
        ([1.0] * 8, 0),
        ([], 0),
    ],
)
def test_slow_first_samples_that_do_not_fall_are_a_plateau(times, length):
    assert find_plateau(times) == length
    if length:
        assert count_warm_up(times) == 0, "the next samples do not show it"


def test_noise_is_seldom_a_plateau_and_a_plateau_in_noise_is_found():
    rng, races = np.random.default_rng(3), 400
    noise = [np.exp(rng.normal(0, 0.05, 12)) for _ in range(races)]
    plateau = np.where(np.arange(12) < 4, 1.5, 1.0)
    assert sum(find_plateau(times.tolist()) > 0 for times in noise) < 0.03 * races
    assert sum(find_plateau((times * plateau).tolist()) > 0 for times in noise) > 0.9 * races
