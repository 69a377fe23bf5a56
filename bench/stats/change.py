"""How far the ratio of one run differs from that of another. Without numpy and scipy, so that pages may import it.

Two runs are independent, and each has an interval of its own that includes the difference between processes of the same
program (`bench.stats.ratio`). The interval of the difference of their logarithms follows from these two by the method
of variance estimates recovery (Zou and Donner, Statistics in Medicine 27, 2008): its reach is the root of the sum of
the squares of both reaches. Whether two intervals overlap is no test: they may overlap although the ratios differ.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from bench.stats.significance import NORMAL_QUANTILE, SIGNIFICANCE
from bench.values.statistics import Interval


def estimate_change(before: Interval, after: Interval, *, family: int = 1) -> Interval:
    """The ratio `after` over `before`, which is 1 without a change, with its interval.

    With a `family` of several changes, the interval is wider, so that all of them together miss the truth in at most
    5 % of cases (Bonferroni). Raises ValueError if an end of an interval is not positive.
    """
    if min(before.low, after.low) <= 0:
        raise ValueError(f"Expected positive intervals, got {before} and {after}.")
    widening = NormalDist().inv_cdf(1 - SIGNIFICANCE / (2 * family)) / NORMAL_QUANTILE
    low = widening * math.hypot(math.log(after.value / after.low), math.log(before.high / before.value))
    high = widening * math.hypot(math.log(after.high / after.value), math.log(before.value / before.low))
    ratio = after.value / before.value
    return Interval(value=ratio, low=ratio * math.exp(-low), high=ratio * math.exp(high))
