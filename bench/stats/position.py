"""The effect of the position in a pair on the ratio. Imports scipy, see `bench.stats.bootstrap`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from bench.stats.arrays import Floats
from bench.stats.bootstrap import bootstrap_distribution, percentile_interval
from bench.stats.significance import is_difference
from bench.values.statistics import Interval

RESAMPLES = 2000
MAX_RESAMPLED_RATIOS = 2_000_000
"""Number of ratios that are resampled at once, which limits the memory needed."""


@dataclass(frozen=True, slots=True)
class PositionEffect:
    """How much the ratio depends on which arm begins a pair."""

    ratio: Interval
    """The ratio in the pairs that the baseline began over that in the others: 1 without an effect, and the square of
    how much slower the first sample of a pair is than the second."""
    balanced_ratio: float
    """The geometric mean of the median ratios of both kinds of pairs: the ratio of the arms without the effect."""
    p_value: float
    """Of the two-sided Mann-Whitney test. It is exact for few pairs, where the bootstrap's interval is too narrow."""

    @property
    def is_significant(self) -> bool:
        return is_difference(self.ratio, self.p_value)


def measure_position_effect(
    baseline_first: Sequence[float], accelerated_first: Sequence[float], *, seed: int
) -> PositionEffect:
    """The effect of the order within pairs, with its bootstrap percentile interval.

    The arguments are the ratios (time of the baseline over time of the accelerated arm) of single pairs. Each kind of
    pair is summarized by the median of its logarithms; the pairs of each kind are resampled on their own. Raises
    ValueError if a kind has no pairs, or for ratios that are not positive.
    """
    if min(len(baseline_first), len(accelerated_first)) == 0 or min(*baseline_first, *accelerated_first) <= 0:
        raise ValueError("Expected positive ratios of both kinds of pairs.")
    logs: list[npt.NDArray[np.float64]] = [np.log(baseline_first), np.log(accelerated_first)]
    medians = [float(np.median(kind)) for kind in logs]
    effect, balanced = float(np.exp(medians[0] - medians[1])), float(np.exp(sum(medians) / 2))

    def effects_of_resamples(first: Floats, other: Floats, axis: int) -> Floats:
        return np.exp(np.median(first, axis=axis) - np.median(other, axis=axis))

    distribution = bootstrap_distribution(
        logs,
        effects_of_resamples,
        resamples=RESAMPLES,
        seed=seed,
        batch=max(1, MAX_RESAMPLED_RATIOS // max(map(len, logs))),
    )
    low, high = percentile_interval(distribution, effect)
    p_value = float(stats.mannwhitneyu(logs[0], logs[1], alternative="two-sided").pvalue)
    return PositionEffect(Interval(value=effect, low=low, high=high), balanced, p_value)
