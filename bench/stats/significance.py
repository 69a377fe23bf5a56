"""When a ratio counts as a difference. It imports neither numpy nor scipy, so that pages and claims may use it."""

from __future__ import annotations

from statistics import NormalDist

from bench.values.statistics import Interval

SIGNIFICANCE = 0.05
"""A difference is claimed only if one at least as clear would arise by chance in fewer cases than this."""
CONFIDENCE = 1 - SIGNIFICANCE
"""Of all intervals."""
NORMAL_QUANTILE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""Half-width, in standard deviations, of a two-sided interval of a normal distribution."""
MIN_OBSERVATIONS = 30
"""With fewer scores, no interval of their mean is reliable."""


def is_difference(ratio: Interval, p_value: float) -> bool:
    """Whether a ratio differs from 1: by its interval, and by the p-value of the test that it is 1."""
    return p_value < SIGNIFICANCE and not ratio.includes(1.0)


def expand_quantile(group_count: float) -> float:
    """Half-width, in standard errors, of an interval by the bootstrap of `group_count` groups: see
    `bench.stats.grouped_mean.GroupedMean.tail`. It is Student's quantile to the first order of 1 / groups."""
    return NORMAL_QUANTILE * (1 + (NORMAL_QUANTILE**2 + 3) / (4 * max(1.0, group_count - 1)))
