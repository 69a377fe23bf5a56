"""The difference of paired scores: intervals with published values, and their coverage where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.stats.paired_scores import bootstrap_difference, compare_scores, share_interval, tango_interval
from bench.values import IntervalMethod


def test_tangos_interval_has_its_published_values():
    """Airway reactivity of 21 children: Fagerland, Lydersen and Laake, Statistics in Medicine 33, 2014."""
    low, high = tango_interval(21, lost=7, gained=1)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)
    assert tango_interval(21, lost=1, gained=7) == pytest.approx((-high, -low))


@pytest.mark.parametrize("pairs", [1, 30, 425])
def test_pairs_that_are_all_equal_do_not_prove_that_none_differs(pairs):
    low, high = tango_interval(pairs, 0, 0)
    squared = 1.959964**2
    assert high == pytest.approx(squared / (squared + pairs), rel=1e-4), "the closed form of this case"
    assert low == pytest.approx(-high)


def test_tangos_interval_ends_at_the_largest_possible_difference():
    assert tango_interval(5, lost=5, gained=0)[0] == -1
    assert tango_interval(5, lost=0, gained=5)[1] == 1
    with pytest.raises(ValueError, match="up to 5 pairs"):
        tango_interval(5, 3, 3)


def test_the_bootstrap_has_the_width_of_the_standard_error():
    generator = np.random.default_rng(3)
    differences = generator.normal(-0.5, 10, 2000)
    interval = bootstrap_difference(differences, 100.0, seed=0)
    error = stats.sem(differences)
    assert interval.value == pytest.approx(differences.mean())
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.08)


def test_bounded_scores_without_a_difference_follow_the_rule_of_three():
    same = np.full(300, 80.0)
    interval = compare_scores(same, same, max_score=100.0, seed=0).difference
    assert interval.value == 0
    assert interval.high == -interval.low == pytest.approx(3 / 300 * 100)
    one = np.array([100.0])
    assert compare_scores(one, one, max_score=100.0, seed=0).difference.low == -100


def test_the_interval_includes_the_truth_as_often_as_it_says():
    """One question in fifty loses everything, and one in a hundred gains everything: the truth is one point of loss."""
    generator = np.random.default_rng(11)
    included = 0
    for sample in range(200):
        before = np.full(400, 100.0)
        draw = generator.random(400)
        # A gain needs a score that can rise, so half of the scale is in the middle.
        after = before - np.where(draw < 0.02, 100.0, 0.0)
        before = before - np.where(draw > 0.99, 100.0, 0.0)
        interval = compare_scores(before, after, max_score=100.0, seed=sample).difference
        included += interval.includes(-1.0)
    assert included >= 186, "95 % of 200, less three standard errors"


def test_right_and_wrong_are_compared_as_shares_in_percent():
    before = np.array([True] * 8 + [False] * 13)
    after = np.array([True] + [False] * 7 + [True] + [False] * 12)
    paired = compare_scores(before, after, max_score=100.0, seed=0)
    assert paired.method is IntervalMethod.TANGO
    assert paired.baseline == pytest.approx(100 * 8 / 21)
    assert (round(paired.difference.low, 1), round(paired.difference.high, 1)) == (-51.7, -2.6)


def test_errors_have_no_largest_value_and_no_added_pairs():
    errors = np.linspace(1, 5, 40)
    paired = compare_scores(errors, errors, max_score=None, seed=0)
    assert paired.largest is None
    assert (paired.difference.low, paired.difference.high) == (0, 0)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (np.zeros(2), np.zeros(3), "one kind and shape"),
        (np.zeros(2), np.zeros(2, bool), "one kind and shape"),
        (np.zeros(0), np.zeros(0), "at least one score"),
    ],
)
def test_scores_that_are_not_pairs_are_refused(first, second, words):
    with pytest.raises(ValueError, match=words):
        compare_scores(first, second, max_score=100.0, seed=0)


def test_the_interval_of_a_share_is_exact():
    """Clopper and Pearson: 0 of 10 ends at 1 - 0.025 ** (1 / 10)."""
    interval = share_interval(0, 10)
    assert (interval.low, interval.high) == pytest.approx((0, 1 - 0.025**0.1))
    assert share_interval(10, 10).low == pytest.approx(0.025**0.1)
