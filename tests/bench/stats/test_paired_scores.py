"""The difference of paired scores: intervals with published values, and their coverage where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.stats import paired_scores
from bench.stats.grouped_mean import average_groups
from bench.stats.paired_scores import (
    bootstrap_difference,
    compare_scores,
    merge_into_blocks,
    share_interval,
    tango_interval,
)
from bench.values.quality import IntervalMethod


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
    interval = bootstrap_difference(average_groups(differences, None), 100.0, seed=0)
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
    interval = share_interval(np.zeros(10, bool))
    assert (interval.low, interval.high) == pytest.approx((0, 1 - 0.025**0.1))
    assert share_interval(np.ones(10, bool)).low == pytest.approx(0.025**0.1)
    some = share_interval(np.arange(20) < 13)
    expected = stats.binomtest(13, 20).proportion_ci(0.95, method="exact")
    assert (some.low, some.high) == pytest.approx((expected.low, expected.high))


# --- groups of observations that are not independent ---


def draw_sizes(generator, groups, unequal):
    """Questions on each passage."""
    return np.clip(np.rint(generator.lognormal(1.4, 0.8, groups)), 1, 40).astype(int) if unequal else [7] * groups


def draw_normal(generator, sizes, correlation):
    """Differences of questions whose passages shift all of them; the true mean is 0."""
    passages = np.repeat(np.arange(len(sizes)), sizes)
    shifts = generator.normal(0, 30 * correlation**0.5, len(sizes))
    return passages, shifts[passages] + generator.normal(0, 30 * (1 - correlation) ** 0.5, len(passages)), 0.0


def draw_changes(generator, sizes, correlation):
    """Differences that are 0 but for 12 % of the questions, in some passages more than in others; 65 % of these lose
    20 to 100 points, and the others gain them, mostly all of a passage in one direction."""
    passages, share = np.repeat(np.arange(len(sizes)), sizes), 0.12
    others = 1 / correlation - 1
    changes = (
        generator.random(len(passages)) < generator.beta(share * others, (1 - share) * others, len(sizes))[passages]
    )
    passage_signs = np.where(generator.random(len(sizes)) < 0.65, -1, 1)[passages]
    own_signs = np.where(generator.random(len(passages)) < 0.65, -1, 1)
    signs = np.where(generator.random(len(passages)) < correlation, passage_signs, own_signs)
    return passages, changes * signs * generator.uniform(20, 100, len(passages)), -0.3 * share * 60


def find_coverage(draw, *, correlation, unequal, groups=33, samples=300):
    """How often the interval includes the true mean, with the passages known, and as if questions were independent."""
    generator = np.random.default_rng(7)
    known = unknown = 0
    for _ in range(samples):
        passages, differences, truth = draw(generator, draw_sizes(generator, groups, unequal), correlation)
        known += bootstrap_difference(average_groups(differences, passages), 100.0, seed=0).includes(truth)
        unknown += bootstrap_difference(average_groups(differences, None), 100.0, seed=0).includes(truth)
    return known / samples, unknown / samples


@pytest.fixture
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(paired_scores, "RESAMPLES", 500)


@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("draw", [draw_normal, draw_changes])
def test_with_correlated_questions_only_the_interval_by_passages_includes_the_truth(draw, unequal):
    """33 passages, as many as judge the shipped model."""
    known, unknown = find_coverage(draw, correlation=0.5, unequal=unequal)
    assert known >= 0.92, "95 % of 300, less two and a half standard errors"
    assert unknown < 0.9


@pytest.mark.slow
@pytest.mark.usefixtures("fewer_resamples")
@pytest.mark.parametrize("groups", [10, 20, 30, 60])
@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize("correlation", [0.01, 0.2, 0.5])
@pytest.mark.parametrize("draw", [draw_normal, draw_changes])
def test_the_interval_by_passages_includes_the_truth_at_every_correlation(draw, correlation, unequal, groups):
    known, _ = find_coverage(draw, correlation=correlation, unequal=unequal, groups=groups, samples=1000)
    assert known >= 0.925


@pytest.mark.parametrize("kind", ["score", "error", "right or wrong"])
def test_groups_of_one_are_nearly_what_no_groups_are(kind):
    """Only the expansion for few groups is left, 5.5 % for 33 groups and less than 1 % for 400."""
    generator = np.random.default_rng(5)
    before, after = generator.uniform(0, 80, (2, 400))
    if kind == "right or wrong":
        before, after = before > 40, after > 40
    largest = None if kind == "error" else 100.0
    alone = compare_scores(before, after, max_score=largest, seed=0)
    grouped = compare_scores(before, after, max_score=largest, seed=0, groups=np.arange(400))
    assert (alone.design_effect, grouped.design_effect) == (None, 1)
    assert alone.groups == grouped.groups == 400
    assert grouped.deviation == pytest.approx(alone.deviation)
    assert grouped.difference.value == pytest.approx(alone.difference.value)
    width, grouped_width = (paired.difference.high - paired.difference.low for paired in (alone, grouped))
    assert width <= grouped_width <= 1.01 * width


def test_without_groups_the_interval_is_the_one_of_earlier_versions():
    """Computed by Fairlap before it knew groups, so that stored runs and new ones of the same scores agree."""
    differences = np.random.default_rng(1).normal(-0.5, 10, 200)
    interval = bootstrap_difference(average_groups(differences, None), 100.0, seed=4)
    assert (interval.low, interval.high) == pytest.approx((-3.1047656487865587, 0.6730595532536703), abs=1e-9)


@pytest.mark.parametrize("size", [1, 5])
def test_copies_of_a_question_do_not_make_the_interval_narrower(size):
    """Five equal questions on each passage know as much as one."""
    generator = np.random.default_rng(9)
    first = generator.normal(0, 20, 60)
    differences, passages = np.repeat(first, size), np.repeat(np.arange(60), size)
    mean = average_groups(differences, passages)
    assert mean.design_effect == pytest.approx(size, rel=0.02)
    assert mean.effective_count == pytest.approx(60, rel=0.06)
    interval = bootstrap_difference(mean, 100.0, seed=0)
    one = bootstrap_difference(average_groups(first, np.arange(60)), 100.0, seed=0)
    assert (interval.low, interval.high) == pytest.approx((one.low, one.high), rel=0.02)


def test_questions_on_one_passage_count_as_one_question():
    same, passages = np.full(200, 80.0), np.zeros(200, int)
    paired = compare_scores(same, same, max_score=100.0, seed=0, groups=passages)
    assert paired.groups == 1
    assert (paired.difference.low, paired.difference.high) == (-100, 100)
    right = np.ones(200, bool)
    alone = share_interval(np.ones(1, bool))
    assert share_interval(right, passages) == alone
    assert compare_scores(right, right, max_score=None, seed=0, groups=passages).difference.high == pytest.approx(
        79.35, abs=0.01
    )


def test_a_large_passage_counts_for_as_many_questions_as_it_has():
    differences, passages = np.array([10.0] * 30 + [0.0] * 10), np.array([0] * 30 + list(range(1, 11)))
    mean = average_groups(differences, passages)
    assert mean.mean == 7.5
    assert (mean.group_count, mean.observation_count) == (11, 40)
    assert mean.sums.tolist() == [300.0] + [0.0] * 10 and mean.sizes.tolist() == [30.0] + [1.0] * 10


def test_shares_of_correlated_answers_get_a_wider_interval():
    """The published method with the design effect of passages that agree or differ as a whole."""
    passages = np.repeat(np.arange(60), 5)
    equal = passages >= 6
    wide, narrow = share_interval(equal, passages), share_interval(equal)
    effective = average_groups(equal.astype(float), passages).effective_count
    assert effective == pytest.approx(60, rel=0.07)
    assert wide.value == narrow.value == pytest.approx(0.9)
    assert wide.low < narrow.low and wide.high > narrow.high


def test_every_score_needs_a_group():
    scores = np.zeros(4)
    with pytest.raises(ValueError, match="a group of each of 4 scores, got 3 groups"):
        compare_scores(scores, scores, max_score=100.0, seed=0, groups=np.zeros(3, int))


# --- more observations than are resampled one by one ---


@pytest.fixture
def few_blocks(monkeypatch):
    monkeypatch.setattr(paired_scores, "MAX_BLOCKS", 400)


@pytest.mark.usefixtures("few_blocks")
@pytest.mark.parametrize("count", [401, 700, 100_000])
def test_blocks_have_all_observations_once_and_equal_sizes(count):
    values = np.random.default_rng(2).normal(size=count)
    sums, sizes = merge_into_blocks(values, np.ones(count), seed=1)
    assert len(sums) == len(sizes) == 400
    assert sums.sum() == pytest.approx(values.sum()) and sizes.sum() == count
    assert set(sizes) <= {count // 400, count // 400 + 1}
    same, ones = merge_into_blocks(values[:400], np.ones(400), seed=1)
    assert same is not sums and np.array_equal(same, values[:400]) and ones.sum() == 400, "few stay as they are"


@pytest.mark.usefixtures("few_blocks")
@pytest.mark.parametrize("draw", ["normal", "exponential"])
@pytest.mark.parametrize("order", ["random", "sorted"])
def test_blocks_have_the_width_of_the_standard_error_in_any_order(draw, order):
    """Sorted rows would make contiguous blocks differ twenty times as much."""
    generator = np.random.default_rng(8)
    differences = generator.normal(1, 5, 30_000) if draw == "normal" else generator.exponential(5, 30_000)
    if order == "sorted":
        differences.sort()
    interval = bootstrap_difference(average_groups(differences, None), None, seed=0)
    assert interval.value == pytest.approx(differences.mean())
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * stats.sem(differences), rel=0.12)


@pytest.mark.usefixtures("few_blocks", "fewer_resamples")
def test_an_interval_of_blocks_includes_the_truth_as_often_as_it_says():
    """Squared errors of many rows, most of them small and a few large."""
    generator, included, samples = np.random.default_rng(3), 0, 300
    for _ in range(samples):
        differences = generator.normal(0, 1, 2_000) ** 2 - generator.normal(0, 1, 2_000) ** 2 + 0.1
        included += bootstrap_difference(average_groups(differences, None), None, seed=0).includes(0.1)
    assert 0.95 - 0.035 <= included / samples <= 0.95 + 0.035, "less and plus three standard errors, nearly"


@pytest.mark.usefixtures("few_blocks")
def test_many_bounded_scores_without_a_difference_follow_the_rule_of_three():
    same = np.full(30_000, 80.0)
    interval = compare_scores(same, same, max_score=100.0, seed=0).difference
    assert interval.high == -interval.low == pytest.approx(3 / 30_000 * 100, rel=0.02)


@pytest.mark.usefixtures("few_blocks")
def test_passages_are_merged_whole():
    generator = np.random.default_rng(6)
    shifts, passages = generator.normal(0, 20, 4_000), np.repeat(np.arange(4_000), 5)
    differences = np.repeat(shifts, 5) + generator.normal(0, 1, 20_000)
    paired = average_groups(differences, passages)
    interval = bootstrap_difference(paired, None, seed=0)
    width = 2 * 1.96 * paired.deviation / paired.group_count**0.5
    assert interval.high - interval.low == pytest.approx(width, rel=0.12)
    with_all = compare_scores(np.zeros(20_000), differences, max_score=None, seed=0, groups=passages)
    assert with_all.groups == 4_000, "what is reported is the number of passages, not of blocks"
