"""When a ratio counts as a difference. It imports neither numpy nor scipy, so that pages and claims may use it."""

from __future__ import annotations

from statistics import NormalDist

from bench.values import Interval

SIGNIFICANCE = 0.05
"""A difference is claimed only if one at least as clear would arise by chance in fewer cases than this."""
CONFIDENCE = 1 - SIGNIFICANCE
"""Of all intervals."""
NORMAL_QUANTILE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
"""Half-width, in standard deviations, of a two-sided interval of a normal distribution."""


def is_difference(ratio: Interval, p_value: float) -> bool:
    """Whether a ratio differs from 1: by its interval, and by the p-value of the test that it is 1."""
    return p_value < SIGNIFICANCE and not ratio.includes(1.0)
