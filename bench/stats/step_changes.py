"""Steps in a series of runs: from which run on times are others than before.

The series is divided where that lowers the sum of squares by more than a penalty for each division, by PELT (Killick,
Fearnhead and Eckley, JASA 107, 2012) of the library ruptures. The penalty is found by simulation for the length of the
series: independent normal values are divided in at most `FALSE_ALARMS` of cases.

Noise is estimated from the differences of neighbours (median absolute deviation), which a step hardly changes. A single
run far from its neighbours is no step: it counts as if it were `MAX_DEVIATIONS` from their median (Hampel filter).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from bench.stats.arrays import Floats

MIN_SEGMENT_RUNS = 3
"""Fewest runs before and after a step: fewer say nothing about a level."""
MIN_RUNS = 2 * MIN_SEGMENT_RUNS
"""Shorter series have no steps."""
FALSE_ALARMS = 0.01
"""Share of series without a step in which one is found, of the three series of a plan together."""
SERIES_OF_A_PLAN = 3
"""Both arms' times and their ratio."""
MIN_NOISE = 0.002
"""Smallest standard deviation of the logarithms that is assumed, so that equal values are not taken for exact."""
MAX_DEVIATIONS = 3.0
WINDOW_RUNS = 5
SIMULATIONS = 6000
SEED = 20_241


def find_step_changes(values: Sequence[float]) -> list[int]:
    """Positions of the first run of every new level, in order. `values` are positive times or ratios, in the order of
    time; their logarithms are compared. Raises ValueError for a value that is not positive."""
    if any(not value > 0 for value in values):
        raise ValueError("Expected positive values.")
    if len(values) < MIN_RUNS:
        return []
    # Here because it imports SciPy, which pages without a history need not.
    import ruptures  # pyright: ignore[reportMissingTypeStubs]

    signal = np.log(np.asarray(values, dtype=float))[None, :]
    noise = _estimate_noise(signal)
    clipped = _clip_outliers(signal, noise)[0]
    penalty = float(noise[0, 0]) ** 2 * _find_penalty(len(values))
    pelt: Any = ruptures.Pelt(model="l2", min_size=MIN_SEGMENT_RUNS, jump=1)
    divided: list[int] = pelt.fit(clipped[:, None]).predict(pen=penalty)
    # The last position is the end of the series.
    return divided[:-1]


@lru_cache(maxsize=64)
def _find_penalty(count: int) -> float:
    """By how much the best division lowers the sum of squares of noise, in multiples of its estimated variance, in all
    but the allowed share of series of `count` values."""
    signals = np.random.default_rng(SEED).standard_normal((SIMULATIONS, count))
    noise = _estimate_noise(signals)
    clipped = _clip_outliers(signals, noise)
    sums = np.cumsum(clipped - clipped.mean(axis=1, keepdims=True), axis=1)
    first = np.arange(MIN_SEGMENT_RUNS, count - MIN_SEGMENT_RUNS + 1)
    gains = sums[:, first - 1] ** 2 * count / (first * (count - first)) / noise**2
    return float(np.quantile(gains.max(axis=1), 1 - FALSE_ALARMS / SERIES_OF_A_PLAN))


def _estimate_noise(signals: Floats) -> Floats:
    """Standard deviation of each series from differences of neighbours: (series, runs) to (series, 1)."""
    differences = np.diff(signals, axis=1)
    spread = np.median(np.abs(differences - np.median(differences, axis=1, keepdims=True)), axis=1, keepdims=True)
    return np.maximum(spread / 0.6745 / math.sqrt(2), MIN_NOISE)


def _clip_outliers(signals: Floats, noise: Floats) -> Floats:
    """The series, of shape (series, runs), with no value far from the median of its neighbours."""
    half = WINDOW_RUNS // 2
    padded = np.pad(signals, ((0, 0), (half, half)), mode="reflect")
    middle = np.median(np.lib.stride_tricks.sliding_window_view(padded, WINDOW_RUNS, axis=1), axis=2)
    return np.clip(signals, middle - MAX_DEVIATIONS * noise, middle + MAX_DEVIATIONS * noise)
