"""The ratio of both arms' times, its interval, and how surely it differs from 1.

The ratio is that of the two medians. Consecutive pairs are not independent: a machine is slow for phases and drifts. So
the race is divided into a few blocks of consecutive pairs, the same ratio of medians is taken of each block, and the
uncertainty of the whole follows from the differences between the blocks (batch quantiles: Nakayama, ACM TOMACS 24(4),
2014; Müller, The Econometrics Journal 17, 2014, on why few blocks are robust against slow drift). Student's t accounts
for their small number. One estimator serves the ratio and its interval, so the ratio is always in the middle of it.

Two processes of the same program differ for as long as they live, because of address layout, page colours and thread
placement, and more samples do not average that away (Kalibera and Jones, Rigorous Benchmarking in Reasonable Time,
2013). A race with one process per arm cannot see that difference, so it is added as a constant, `LAUNCH_SD`. In a short
race a slow phase of one arm may last as long as the race, and looks the same: `SHORT_RACE_SD`.

`docs/adr/0008-interval-of-a-ratio.md` has the error rates and the power of this method and of those it replaced.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from bench.stats.arrays import Floats
from bench.stats.significance import SIGNIFICANCE
from bench.values.statistics import Interval

BLOCKS = 5
"""Number of blocks into which a race is divided. Fewer would cost power, more would miss slow drift."""
INSTABILITY_SIGNIFICANCE = 0.02
"""Share of stable races that are taken for unstable."""
MIN_BLOCK_PAIRS = 2
"""Fewest pairs in a block for a comparison of the differences within blocks and between them."""
LAUNCH_SD = 0.02
"""Standard deviation, relative to the time, between processes of the same program. Measured differences are 1 to 2 %;
the larger is assumed."""
SHORT_RACE_SD = 0.05
"""Standard deviation of the logarithm of a ratio by slow phases that last as long as the shortest race that makes a
claim. Its variance falls linearly to 0 for races of `MIN_LONG_PAIRS`."""
MIN_SHORT_PAIRS = 8
"""Races of as many pairs or fewer have the whole variance of slow phases."""
MIN_LONG_PAIRS = 20
"""Races of as many pairs show their slow phases as differences between blocks."""
UNSTABLE_SHARE = 0.5
"""If the ratio was not stable, the interval reaches this share of the range of the blocks beyond them."""
MAX_CLIP_RANGES = 3.0
"""In the test of stability, log ratios farther than this many interquartile ranges outside the quartiles count as if
they were that far."""
MAX_PAIRS_NEEDED = 100_000
"""A larger number of pairs is not a suggestion."""


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """A ratio of times, and what is known about its uncertainty."""

    ratio: Interval
    """Ratio of medians. Its interval is for the ratio averaged over many launches of both programs, on the same
    machine."""
    sampling_half_width: float
    """Half-width, relative to the ratio, that the interval would have by the samples alone: without the differences
    between processes and the slow phases that one race cannot see. More pairs make it smaller."""
    p_value: float
    """Of the two-sided test that the ratio is 1."""
    is_stable: bool
    """False if the blocks differ by more than their pairs explain. The interval then spans all blocks, and more."""
    block_ratios: tuple[float, ...]
    """The ratio in each block, in the order of time."""
    pairs_needed: int | None
    """Number of pairs after which this ratio would be distinguished from 1, if the pairs go on alike; None if no number
    of pairs suffices, because processes of the same program may differ as much."""


def estimate_ratio(
    baseline: Sequence[float] | Floats, accelerated: Sequence[float] | Floats, *, same_process: bool = False
) -> RatioEstimate:
    """The ratio of `baseline` to `accelerated`, times in seconds; those of one pair are at the same position.

    `same_process`: both series are of the same process, so that nothing is added for the difference between processes.
    Raises ValueError if the lengths differ, are below 2, or a time is not positive.
    """
    a, b = np.asarray(baseline, dtype=float), np.asarray(accelerated, dtype=float)
    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"Expected at least two pairs, got {len(a)} and {len(b)} times.")
    if not (np.minimum(a, b) > 0).all():
        raise ValueError("Expected positive times.")
    ratio = float(np.median(a) / np.median(b))
    center = math.log(ratio)
    count = min(BLOCKS, len(a))
    blocks = np.array(
        [
            np.log(np.median(one) / np.median(other))
            for one, other in zip(np.array_split(a, count), np.array_split(b, count), strict=True)
        ]
    )
    variance = float(blocks.var(ddof=1)) / count
    unseen_variance = 0.0 if same_process else count_unseen_variance(len(a))
    freedom = count - 1
    sampling = find_t_quantile(freedom) * math.sqrt(variance)
    error = math.sqrt(variance + unseen_variance)
    # Welch and Satterthwaite: the unseen variance is a constant, so it has infinitely many degrees of freedom.
    total_freedom = freedom * ((variance + unseen_variance) / variance) ** 2 if variance else math.inf
    # The degrees of freedom may rise faster than the variance, and yet more uncertainty cannot narrow an interval.
    reach = max(sampling, find_t_quantile(total_freedom) * error)
    low, high = center - reach, center + reach
    p_value = max(_two_sided_p(center, error, total_freedom), _two_sided_p(center, math.sqrt(variance), freedom))
    stable = is_stable(np.array_split(clip_outliers(np.log(a) - np.log(b)), count))
    if not stable:
        # What moved so far during the race may have moved half as far before it.
        reach = find_t_quantile(math.inf) * math.sqrt(unseen_variance) + UNSTABLE_SHARE * float(np.ptp(blocks))
        low, high = min(low, float(blocks.min()) - reach), max(high, float(blocks.max()) + reach)
        if low <= 0 <= high:
            p_value = 1.0
    return RatioEstimate(
        # Rounding must not put the ratio outside an interval of no width.
        ratio=Interval(value=ratio, low=min(ratio, math.exp(low)), high=max(ratio, math.exp(high))),
        sampling_half_width=math.sinh(sampling),
        p_value=p_value,
        is_stable=stable,
        block_ratios=tuple(float(value) for value in np.exp(blocks)),
        pairs_needed=_count_pairs_needed(center, len(a), variance),
    )


def count_unseen_variance(pairs: int) -> float:
    """Variance of a log ratio by what a race of so many pairs cannot see: other processes, and slow phases."""
    fade = (MIN_LONG_PAIRS - pairs) / (MIN_LONG_PAIRS - MIN_SHORT_PAIRS)
    return 2 * LAUNCH_SD**2 + SHORT_RACE_SD**2 * min(1.0, max(0.0, fade))


def clip_outliers(log_ratios: Floats) -> Floats:
    """`log_ratios` with those beyond `MAX_CLIP_RANGES` moved to that distance."""
    low, high = np.percentile(log_ratios, [25, 75])
    reach = MAX_CLIP_RANGES * (high - low)
    return np.clip(log_ratios, low - reach, high + reach)


def adjust_by_holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, adjusted so that all of them together err in at most `SIGNIFICANCE` of cases.

    (Holm, Scandinavian Journal of Statistics 6, 1979.)
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda position: p_values[position])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[position]))
        adjusted[position] = largest
    return adjusted


def is_stable(blocks: Sequence[Floats]) -> bool:
    """Analysis of variance: whether blocks of consecutive values differ by no more than the values in them explain."""
    if min(len(block) for block in blocks) < MIN_BLOCK_PAIRS:
        return True
    count, freedom = sum(len(block) for block in blocks), len(blocks) - 1
    mean = np.concatenate(blocks).mean()
    between = sum(len(block) * (block.mean() - mean) ** 2 for block in blocks) / freedom
    within = sum(((block - block.mean()) ** 2).sum() for block in blocks) / (count - len(blocks))
    if within == 0:
        return bool(between == 0)
    return bool(special.fdtrc(freedom, count - len(blocks), between / within) >= INSTABILITY_SIGNIFICANCE)


def _count_pairs_needed(center: float, pairs: int, variance: float) -> int | None:
    # Student's quantile belongs to the part that is estimated from the blocks.
    sampling = pairs * variance * (find_t_quantile(BLOCKS - 1) / find_t_quantile(math.inf)) ** 2
    allowed = (center / find_t_quantile(math.inf)) ** 2
    for short in range(MIN_SHORT_PAIRS, MIN_LONG_PAIRS):
        if sampling / short + count_unseen_variance(short) <= allowed:
            return short
    spare = allowed - count_unseen_variance(MIN_LONG_PAIRS)
    needed = sampling / spare if spare > 0 else math.inf
    return max(MIN_LONG_PAIRS, math.ceil(needed)) if needed <= MAX_PAIRS_NEEDED else None


def find_t_quantile(freedom: float, family: int = 1) -> float:
    """The value that the absolute value of Student's t exceeds with a probability of `SIGNIFICANCE`, shared by a
    `family` of tests."""
    upper = 1 - SIGNIFICANCE / (2 * family)
    return float(special.ndtri(upper) if math.isinf(freedom) else special.stdtrit(freedom, upper))


def _two_sided_p(center: float, error: float, freedom: float) -> float:
    """Of the test that a value with this standard error is 0."""
    if not error:
        return float(center == 0)
    lower = -abs(center / error)
    return float(2 * (special.ndtr(lower) if math.isinf(freedom) else special.stdtr(freedom, lower)))
