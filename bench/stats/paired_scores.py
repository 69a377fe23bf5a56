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
from bench.stats.significance import CONFIDENCE, NORMAL_QUANTILE
from bench.values import Interval, IntervalMethod

if TYPE_CHECKING:
    from bench.workload.scores import Scores

RESAMPLES = 5000
BATCH_ELEMENTS = 4_000_000
"""Observations of all resamples that are computed at once, which limits the memory needed."""


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The mean of the second arm's scores minus that of the first, and how its interval was computed."""

    baseline: float
    """Mean of the first arm's scores."""
    accelerated: float
    difference: Interval
    deviation: float
    """Standard deviation of the differences of the pairs."""
    largest: float | None
    """Largest possible score; None if scores have no limit."""
    method: IntervalMethod


def compare_scores(baseline: Scores, accelerated: Scores, *, max_score: float | None, seed: int) -> PairedDifference:
    """The difference of the means of two arrays of shape (observations,), with the same observations in both.

    Arrays of bool (right or wrong) are compared as shares in percent, with Tango's interval; others by a paired
    bootstrap. `max_score` is the largest possible score, such as 100 for F1, and None if there is none; shares in
    percent have their own. Raises ValueError for arrays of different shapes or kinds, for empty arrays, and for
    scores that are infinite, NaN or larger than `max_score`.
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
    differences = second - first
    largest = 100.0 if binary else max_score
    if largest is not None and max(first.max(), second.max()) > largest:
        raise ValueError(f"Expected scores of at most {largest:g}, got {max(first.max(), second.max()):g}.")
    if binary:
        lost, gained = int((differences < 0).sum()), int((differences > 0).sum())
        low, high = tango_interval(len(differences), lost, gained)
        value = float(differences.mean())
        interval = Interval(value=value, low=min(value, 100 * low), high=max(value, 100 * high))
    else:
        interval = bootstrap_difference(differences, largest, seed)
    return PairedDifference(
        baseline=float(first.mean()),
        accelerated=float(second.mean()),
        difference=interval,
        deviation=float(differences.std()),
        largest=largest,
        method=IntervalMethod.TANGO if binary else IntervalMethod.BOOTSTRAP,
    )


def bootstrap_difference(differences: Floats, largest: float | None, seed: int) -> Interval:
    """The mean of the differences, shape (observations,), with its percentile interval.

    `largest` is the largest possible score; None if scores have no limit. With a limit, two pairs join the sample: an
    observation that lost everything and one that gained everything. Without them, a sample whose pairs are all equal
    has an interval of no width, however small it is, as if no observation could ever differ. With them, its interval
    ends at about 3 / n of the largest score, the rule of three. (Agresti and Min 2005 add as much to the table of
    paired proportions.)
    """
    sample = np.concatenate([differences, [-largest, largest]]) if largest else differences
    distribution = bootstrap_distribution(
        [sample], _mean, resamples=RESAMPLES, seed=seed, batch=max(1, BATCH_ELEMENTS // len(sample))
    )
    # The sum of the larger sample over the number of observations, so that the added pairs do not shrink the mean.
    distribution = distribution * (len(sample) / len(differences))
    if largest:
        distribution = np.clip(distribution, -largest, largest)
    value = float(differences.mean())
    low, high = percentile_interval(distribution, value)
    return Interval(value=value, low=low, high=high)


def tango_interval(pairs: int, lost: int, gained: int) -> tuple[float, float]:
    """The score interval of the difference of two paired proportions, second minus first, from -1 to 1.

    `lost` of the `pairs` succeeded only the first time, `gained` only the second time. Source: T. Tango, Equivalence
    test and confidence interval for the difference in proportions for the paired-sample design, Statistics in Medicine
    17, 1998. Its interval has a width even if no pair differs. Raises ValueError without pairs.
    """
    if pairs < 1 or min(lost, gained) < 0 or lost + gained > pairs:
        raise ValueError(f"Expected up to {pairs} pairs that differ, at least one pair, got {lost} and {gained}.")

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


def share_interval(successes: int, count: int) -> Interval:
    """A share of `count` independent observations, 0 to 1, with its exact interval (Clopper and Pearson 1934)."""
    ends = stats.binomtest(successes, count).proportion_ci(CONFIDENCE, method="exact")
    return Interval(value=successes / count, low=float(ends.low), high=float(ends.high))


def _mean(values: Floats, axis: int) -> Floats:
    return np.mean(values, axis=axis)
