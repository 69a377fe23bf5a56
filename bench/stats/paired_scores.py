"""How far the scores of two arms over the same observations differ, with intervals at 95 % confidence.

Importing this module imports scipy, which takes a second. The page server imports it inside functions only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, stats

from bench.stats.arrays import Floats
from bench.stats.bootstrap import bootstrap_distribution, percentile_interval
from bench.stats.grouped_mean import GroupedMean, Groups, average_groups
from bench.stats.significance import CONFIDENCE, NORMAL_QUANTILE
from bench.values.quality import IntervalMethod
from bench.values.statistics import Interval

if TYPE_CHECKING:
    from bench.workload.scores import Scores

RESAMPLES = 5000
BATCH_ELEMENTS = 4_000_000
"""Groups of observations of all resamples that are computed at once, which limits the memory needed."""
MAX_BLOCKS = 10_000
"""More groups of observations are resampled as so many blocks, so that the time does not grow with their number."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean of the second arm's scores minus that of the first, and how its interval was computed."""

    baseline: float
    """Mean of the first arm's scores."""
    accelerated: float
    difference: Interval
    groups: int
    """Number of independent groups of observations: of observations, if each is its own."""
    deviation: float
    """Standard deviation of the contributions of the groups: see `GroupedMean.deviation`."""
    design_effect: float | None
    """See `GroupedMean.design_effect`; None if each observation is its own group."""
    largest: float | None
    """Largest possible score; None if scores have no limit."""
    method: IntervalMethod


def compare_scores(
    baseline: Scores, accelerated: Scores, *, max_score: float | None, seed: int, groups: Groups | None = None
) -> PairedDifference:
    """The difference of the means of two arrays of shape (observations,), with the same observations in both.

    Arrays of bool (right or wrong) are compared as shares in percent, with Tango's interval; others by a paired
    bootstrap. `max_score` is the largest possible score, such as 100 for F1, and None if there is none; shares in
    percent have their own. `groups`, shape (observations,), are the groups of observations that are not independent
    of each other, such as questions on one passage; None if all are. Raises ValueError for arrays of different shapes
    or kinds, for empty arrays, and for scores that are infinite, NaN or larger than `max_score`.
    """
    if baseline.shape != accelerated.shape or baseline.dtype != accelerated.dtype or baseline.ndim != 1:
        raise ValueError(
            f"Expected two arrays of scores of one kind and shape, got {baseline.dtype} {baseline.shape} and "
            f"{accelerated.dtype} {accelerated.shape}."
        )
    if not len(baseline):
        raise ValueError("Expected at least one score.")
    if not (np.isfinite(baseline).all() and np.isfinite(accelerated).all()):
        raise ValueError("Expected finite scores.")
    binary = baseline.dtype == np.bool_
    first, second = (scores.astype(np.float64) * (100 if binary else 1) for scores in (baseline, accelerated))
    differences = average_groups(second - first, groups)
    largest = 100.0 if binary else max_score
    if largest is not None and max(first.max(), second.max()) > largest:
        raise ValueError(f"Expected scores of at most {largest:g}, got {max(first.max(), second.max()):g}.")
    if binary:
        count = differences.effective_count
        lost, gained = (float((sign * (second - first) > 0).mean()) * count for sign in (-1, 1))
        low, high = tango_interval(count, lost, gained)
        value = differences.mean
        interval = Interval(value=value, low=min(value, 100 * low), high=max(value, 100 * high))
    else:
        interval = bootstrap_difference(differences, largest, seed)
    return PairedDifference(
        baseline=float(first.mean()),
        accelerated=float(second.mean()),
        difference=interval,
        groups=differences.group_count,
        deviation=differences.deviation,
        design_effect=differences.design_effect,
        largest=largest,
        method=IntervalMethod.TANGO if binary else IntervalMethod.BOOTSTRAP,
    )


def bootstrap_difference(differences: GroupedMean, largest: float | None, seed: int) -> Interval:
    """The mean of the differences with its percentile interval, by resampling whole groups of observations.

    `largest` is the largest possible score; None if scores have no limit. With a limit, two groups join the sample: one
    that lost everything and one that gained everything. Without them, a sample whose pairs are all equal has an
    interval of no width, however small it is, as if no observation could ever differ. With them, its interval ends at
    about 3 / n of the largest score, the rule of three. (Agresti and Min 2005 add as much to the table of paired
    proportions.) Each has the size of one observation, times the design effect: if the observations of a group differ
    together, those of an unseen group would too.

    More than `MAX_BLOCKS` groups are resampled as random blocks of them, see `merge_into_blocks`.
    """
    size = differences.design_effect or 1.0
    added = [-largest, largest] if largest else []
    block_sums, block_sizes = merge_into_blocks(differences.sums, differences.sizes, seed)
    sums = np.concatenate([block_sums, [size * score for score in added]])
    sizes = np.concatenate([block_sizes, [size for _ in added]])
    distribution = bootstrap_distribution(
        [sums, sizes],
        _mean_of_groups,
        resamples=RESAMPLES,
        seed=seed,
        batch=max(1, BATCH_ELEMENTS // len(sums)),
        paired=True,
    )
    # The added groups are in the sums, but not in the sizes, so that they do not shrink the mean.
    distribution = distribution * (float(sizes.sum()) / differences.observation_count)
    if largest:
        distribution = np.clip(distribution, -largest, largest)
    low, high = percentile_interval(distribution, differences.mean, tail=differences.tail)
    return Interval(value=differences.mean, low=low, high=high)


def merge_into_blocks(sums: Floats, sizes: Floats, seed: int) -> tuple[Floats, Floats]:
    """Sums and sizes of at most `MAX_BLOCKS` blocks of groups, shapes (groups,) to (blocks,); unchanged for fewer
    groups.

    Groups are independent of each other, so the blocks are too, and the mean of all observations is the same ratio of
    sums and sizes. A block of m groups has m times the variance of one, and there are m times fewer blocks, so
    resampling blocks has the same standard error, and the same skewness, as resampling groups. The variance is
    estimated from fewer values: the half-width varies by about 1 / sqrt(2 * MAX_BLOCKS) = 0.7 %, less than by the
    resamples themselves. The blocks are drawn at random, because rows in the order of their classes or targets would
    make contiguous blocks differ by more than independent observations do.
    """
    count = len(sums)
    if count <= MAX_BLOCKS:
        return sums, sizes
    order = np.random.default_rng(seed).permutation(count)
    # The first group of each block; the blocks differ by at most one group.
    starts = np.arange(MAX_BLOCKS) * count // MAX_BLOCKS
    return np.add.reduceat(sums[order], starts), np.add.reduceat(sizes[order], starts)


def tango_interval(pairs: float, lost: float, gained: float) -> tuple[float, float]:
    """The score interval of the difference of two paired proportions, second minus first, from -1 to 1.

    `lost` of the `pairs` succeeded only the first time, `gained` only the second time. Effective numbers need not be
    whole. Source: T. Tango, Equivalence
    test and confidence interval for the difference in proportions for the paired-sample design, Statistics in Medicine
    17, 1998. Its interval has a width even if no pair differs. Raises ValueError without pairs.
    """
    if pairs < 1 or min(lost, gained) < 0 or lost + gained > pairs * (1 + 1e-9):
        raise ValueError(f"Expected up to {pairs:g} pairs that differ, at least one pair, got {lost:g} and {gained:g}.")

    def score(delta: float) -> float:
        """The score statistic of the hypothesis that the difference is `delta`; decreasing in `delta`."""
        # The maximum likelihood estimate of the share of lost pairs, given `delta`, is the root of a quadratic.
        a, b = 2 * pairs, -gained - lost + (2 * pairs - gained + lost) * delta
        c = -lost * delta * (1 - delta)
        share = (max(0.0, b * b - 4 * a * c) ** 0.5 - b) / (2 * a)
        variance = pairs * (2 * share + delta * (1 - delta))
        return (gained - lost - pairs * delta) / max(variance, 1e-300) ** 0.5

    value = (gained - lost) / pairs

    def find_end(edge: float, target: float) -> float:
        """Where the statistic is `target`, between the difference itself and the edge of possible differences."""
        inside = edge * (1 - 1e-12)
        if (score(inside) - target) * (score(value) - target) >= 0:
            return edge
        return float(optimize.brentq(lambda delta: score(delta) - target, inside, value))

    return find_end(-1.0, NORMAL_QUANTILE), find_end(1.0, -NORMAL_QUANTILE)


def share_interval(equal: Scores, groups: Groups | None = None) -> Interval:
    """The share of observations that are True, 0 to 1, with its exact interval (Clopper and Pearson 1934).

    With `groups`, shape (observations,), of observations that are not independent, it is that of as many independent
    observations as would be as precise (Korn and Graubard 1998).
    """
    mean = average_groups(equal.astype(np.float64), groups)
    count = mean.effective_count
    successes, tail = mean.mean * count, (1 - CONFIDENCE) / 2
    low = 0.0 if not equal.any() else float(stats.beta.ppf(tail, successes, count - successes + 1))
    high = 1.0 if equal.all() else float(stats.beta.isf(tail, successes + 1, count - successes))
    return Interval(value=mean.mean, low=min(low, mean.mean), high=max(high, mean.mean))


def _mean_of_groups(sums: Floats, sizes: Floats, axis: int) -> Floats:
    return np.sum(sums, axis=axis) / np.sum(sizes, axis=axis)
