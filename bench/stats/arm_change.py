"""How far the time of one arm in one run differs from that of the same arm in another run.

As in `bench.stats.ratio`, the uncertainty of each run follows from its blocks of consecutive samples, and what one race
cannot see is added: the difference between processes of one program, and slow phases of a short race. The two runs are
independent, so their variances add up, with the degrees of freedom of Welch and Satterthwaite. A run whose blocks
differ by more than their samples explain was not stable: its range widens the interval, as it does that of a ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.stats.ratio import (
    BLOCKS,
    UNSTABLE_SHARE,
    clip_outliers,
    count_unseen_variance,
    find_t_quantile,
    is_stable,
)
from bench.values.statistics import Interval


@dataclass(frozen=True, slots=True)
class _LogMedian:
    """The logarithm of the median time of one run."""

    value: float
    variance: float
    freedom: int
    """Degrees of freedom of the variance."""
    below: float
    above: float
    """How far the value may be from the truth because the run was not stable; 0 if it was."""


def estimate_arm_change(before: Sequence[float], after: Sequence[float], *, family: int = 1) -> Interval:
    """The median of `after` over that of `before`, times in seconds of one arm in two runs: below 1, it got faster.

    With a `family` of several changes, the interval is wider, so that all of them together miss the truth in at most
    5 % of cases (Bonferroni). Raises ValueError for fewer than two times in a run, or a time that is not positive.
    """
    one, other = (_estimate_log_median(times) for times in (before, after))
    variance = one.variance + other.variance
    unseen = count_unseen_variance(min(len(before), len(after)))
    # The unseen variance is a constant, so it has infinitely many degrees of freedom.
    terms = one.variance**2 / one.freedom + other.variance**2 / other.freedom
    reach = find_t_quantile((variance + unseen) ** 2 / terms if terms else math.inf, family)
    reach *= math.sqrt(variance + unseen)
    if terms:
        # The degrees of freedom may rise faster than the variance, and yet more uncertainty cannot narrow an interval.
        reach = max(reach, find_t_quantile(variance**2 / terms, family) * math.sqrt(variance))
    center = other.value - one.value
    low, high = math.hypot(reach, other.below, one.above), math.hypot(reach, other.above, one.below)
    return Interval(value=math.exp(center), low=math.exp(center - low), high=math.exp(center + high))


def _estimate_log_median(times: Sequence[float]) -> _LogMedian:
    values = np.asarray(times, dtype=float)
    if len(values) < 2 or not (values > 0).all():
        raise ValueError(f"Expected at least two positive times in each run, got {len(values)}.")
    count = min(BLOCKS, len(values))
    blocks = np.array([math.log(float(np.median(block))) for block in np.array_split(values, count)])
    value = math.log(float(np.median(values)))
    below = above = 0.0
    if not is_stable(np.array_split(clip_outliers(np.log(values)), count)):
        # What moved so far during the run may have moved half as far before it.
        spare = UNSTABLE_SHARE * float(np.ptp(blocks))
        below, above = value - float(blocks.min()) + spare, float(blocks.max()) - value + spare
    return _LogMedian(value, float(blocks.var(ddof=1)) / count, count - 1, below, above)
