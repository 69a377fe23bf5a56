"""How far the time of one arm in one run differs from that of the same arm in another run.

As in `bench.stats.ratio`, the uncertainty of each run follows from its blocks of consecutive samples, and what one race
cannot see is added: the difference between processes of one program, and slow phases of a short race. The two runs are
independent, so their variances add up, with the degrees of freedom of Welch and Satterthwaite.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bench.stats.ratio import BLOCKS, count_unseen_variance, find_t_quantile
from bench.values.statistics import Interval


def estimate_arm_change(before: Sequence[float], after: Sequence[float], *, family: int = 1) -> Interval:
    """The median of `after` over that of `before`, times in seconds of one arm in two runs: below 1, it got faster.

    With a `family` of several changes, the interval is wider, so that all of them together miss the truth in at most
    5 % of cases (Bonferroni). Raises ValueError for fewer than two times in a run, or a time that is not positive.
    """
    parts = [_estimate_log_median(times) for times in (before, after)]
    variance = sum(part for _, part, _ in parts)
    unseen = count_unseen_variance(min(len(before), len(after)))
    # The unseen variance is a constant, so it has infinitely many degrees of freedom.
    terms = sum(part**2 / freedom for _, part, freedom in parts)
    freedom = (variance + unseen) ** 2 / terms if terms else math.inf
    center = parts[1][0] - parts[0][0]
    reach = find_t_quantile(freedom, family) * math.sqrt(variance + unseen)
    return Interval(value=math.exp(center), low=math.exp(center - reach), high=math.exp(center + reach))


def _estimate_log_median(times: Sequence[float]) -> tuple[float, float, int]:
    """The logarithm of the median, its variance, and the degrees of freedom of that."""
    values = np.asarray(times, dtype=float)
    if len(values) < 2 or not (values > 0).all():
        raise ValueError(f"Expected at least two positive times in each run, got {len(values)}.")
    count = min(BLOCKS, len(values))
    blocks = np.array([math.log(float(np.median(block))) for block in np.array_split(values, count)])
    return math.log(float(np.median(values))), float(blocks.var(ddof=1)) / count, count - 1
