"""Detects when an arm is warm: before the pairs, or from the pairs themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil
from statistics import median

MIN_SAMPLES = 4
"""Fewest samples after which an arm can count as warm."""
MAX_IMPROVEMENT_SHARE = 0.03
"""An arm is warm when none of its last three samples is faster than the fastest one before them by this share."""
FOLLOWING = 3
"""Samples with which `count_warm_up` compares the one before them."""
MAX_FALL_SHARE = 0.05
"""A sample from which the times fall by a larger share was warm-up. It is larger than `MAX_IMPROVEMENT_SHARE`, because
it decides about samples that are to count: noise of 5 % alone excludes half a pair per race."""
MAX_PLATEAU_QUANTILE = 0.9
"""First samples that are all slower than this quantile of the later ones are a plateau."""


def is_warm(times: Sequence[float]) -> bool:
    """Whether an arm with these sample times, oldest first, no longer gets faster."""
    if len(times) < MIN_SAMPLES:
        return False
    return min(times[-3:]) >= (1 - MAX_IMPROVEMENT_SHARE) * min(times[:-3])


def count_warm_up(times: Sequence[float]) -> int:
    """How many of the first samples, oldest first, were still warm-up.

    A sample is warm-up if the median of the `FOLLOWING` samples after it is lower by more than `MAX_FALL_SHARE`; the
    first that is not ends the warm-up. The count grows with the number of samples until `is_settled`.
    """
    for position in range(len(times) - FOLLOWING):
        if median(times[position + 1 : position + 1 + FOLLOWING]) >= (1 - MAX_FALL_SHARE) * times[position]:
            return position
    return max(0, len(times) - FOLLOWING)


def find_common_start(series: Iterable[Sequence[float]]) -> int:
    """How many of the first pairs were warm-up in either arm; `series` are the times of each arm, of the same pairs."""
    all_times, start = list(series), 0
    while further := max(count_warm_up(times[start:]) for times in all_times):
        start += further
    return start


def is_settled(times: Sequence[float]) -> bool:
    """Whether more samples cannot change `count_warm_up`: the end of the warm-up was seen."""
    return len(times) > count_warm_up(times) + FOLLOWING


def find_plateau(times: Sequence[float]) -> int:
    """How many of the first samples are a plateau of the warm-up: slow, but no faster from one to the next.

    `count_warm_up` does not see a plateau of `FOLLOWING` samples or more, because it compares a sample with the next
    ones only. This compares them with all later ones: they are a plateau if each is slower than the quantile
    `MAX_PLATEAU_QUANTILE` of the later ones, and the median falls by more than `MAX_FALL_SHARE`. At most half of the
    samples; 0 without a plateau.
    """
    gaps: dict[int, float] = {}
    for count in range(FOLLOWING, len(times) // 2 + 1):
        first, later = times[:count], sorted(times[count:])
        quantile = later[ceil(MAX_PLATEAU_QUANTILE * (len(later) - 1))]
        if min(first) > quantile and median(later) < (1 - MAX_FALL_SHARE) * median(first):
            gaps[count] = min(first) - quantile
    return max(gaps, key=gaps.__getitem__, default=0)
