"""Means over observations that come in groups, whose members are not independent of each other.

Importing this module imports scipy, which takes a second. The page server imports it inside functions only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.stats.arrays import Floats
from bench.stats.significance import CONFIDENCE

Groups = npt.NDArray[np.int64]
"""The group of each observation, shape (observations,). Equal numbers are one group."""


@dataclass(frozen=True, slots=True)
class GroupedMean:
    """The mean of all observations, as the ratio of two means over groups: of their sums and of their sizes."""

    sums: Floats
    """Sum of the observations of each group, shape (groups,)."""
    sizes: Floats
    """Number of observations of each group, shape (groups,)."""
    mean: float
    """Mean of all observations: large groups count for more."""
    deviation: float
    """Standard deviation of one group's contribution to the mean: the standard error of the mean is this divided by
    the square root of the number of groups."""
    design_effect: float | None
    """Variance of the mean divided by that of as many independent observations, at least 1 (L. Kish, Survey Sampling,
    1965). None if every observation is a group of its own."""

    @property
    def observation_count(self) -> int:
        return round(float(self.sizes.sum()))

    @property
    def group_count(self) -> int:
        return len(self.sizes)

    @property
    def effective_count(self) -> float:
        """Number of independent observations that would determine the mean as precisely, at least 1.

        Source of the second factor, which accounts for a variance that is estimated from few groups: E. L. Korn and
        B. I. Graubard, Confidence intervals for proportions with small expected number of positive counts estimated
        from survey data, Survey Methodology 24, 1998.
        """
        if self.design_effect is None:
            return self.observation_count
        count = self.observation_count / self.design_effect
        if self.group_count > 1:
            count *= (_student_quantile(self.observation_count - 1) / _student_quantile(self.group_count - 1)) ** 2
        return max(1.0, count)

    @property
    def tail(self) -> float:
        """Share of a bootstrap distribution that lies beyond each end of its interval.

        A bootstrap of few groups is too narrow, because it takes the sample's variance for the true one. Its interval
        is expanded to that of Student's t: T. Hesterberg, What teachers should know about the bootstrap, The American
        Statistician 69, 2015. Observations that are not grouped have the plain percentile interval.
        """
        if self.design_effect is None:
            return (1 - CONFIDENCE) / 2
        if self.group_count == 1:
            return 0.0
        degrees = self.group_count - 1
        return float(stats.norm.sf(math.sqrt(self.group_count / degrees) * _student_quantile(degrees)))


def average_groups(values: Floats, groups: Groups | None) -> GroupedMean:
    """The mean of values of shape (observations,), and how uncertain its groups make it; None: each is its own.

    Raises ValueError if the shapes differ.
    """
    if groups is None:
        return GroupedMean(values, np.ones(len(values)), float(values.mean()), float(values.std()), None)
    if groups.shape != values.shape:
        raise ValueError(f"Expected a group of each of {len(values)} scores, got {len(groups)} groups.")
    _, places = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(places, values).astype(np.float64), np.bincount(places).astype(np.float64)
    mean = float(values.mean())
    # The ratio estimator to first order: a group contributes what it sums up to beyond the mean (Cochran, Sampling
    # Techniques, 1977, 6.3).
    contributions = (sums - mean * sizes) / sizes.mean()
    return GroupedMean(sums, sizes, mean, float(contributions.std()), _estimate_design_effect(values, contributions))


def _estimate_design_effect(values: Floats, contributions: Floats) -> float:
    """See `GroupedMean.design_effect`. One group tells nothing, so it counts as one observation."""
    if len(contributions) == 1:
        return float(len(values))
    independent = values.var(ddof=1) / len(values) if len(values) > 1 else 0.0
    if not independent:
        return 1.0
    return max(1.0, float(contributions.var(ddof=1) / len(contributions) / independent))


def _student_quantile(degrees: int) -> float:
    return float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees))
