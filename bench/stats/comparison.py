"""From times to medians, intervals and verdicts; the arithmetic is scipy's and NumPy's.

Times are costs and are summarized by their median and percentiles; throughput is derived from the median time; a ratio
is taken of two medians and is never averaged. (Hoefler and Belli, Scientific Benchmarking of Parallel Computing
Systems, SC15, rules 3 to 8; Fleming and Wallace, CACM 29(3), 1986.)
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from bench.values import TOTAL, Arm, Comparison, Interval, Sample, Summary

CONFIDENCE = 0.95
RESAMPLES = 2000
MIN_BLOCKS = 10
"""Blocks below which resampling them says less of the interval than their neighbourhood is worth."""
MAX_RESAMPLED_TIMES = 2_000_000
"""Times that are resampled at once, which bounds the memory that it takes."""
FENCE_FACTOR = 1.5
"""Tukey's fences stand this many interquartile ranges beyond the quartiles."""

MIN_P90_SAMPLES = 64
MIN_P99_SAMPLES = 662
"""Fewest samples with which a percentile is reported.

They are the fewest queries at which MLPerf Inference's early stopping criterion lets a run report its 90th and its
99th percentile latency (MLPerf Inference rules, 'Early stopping').
"""


def median(times: Sequence[float]) -> float:
    """Median, in the unit given."""
    return float(np.median(times))


def find_outliers(times: Sequence[float]) -> list[int]:
    """Places of the times beyond Tukey's fences."""
    values = np.asarray(times, dtype=float)
    low, high = np.percentile(values, [25, 75])
    reach = FENCE_FACTOR * (high - low)
    return [int(place) for place in np.flatnonzero((values < low - reach) | (values > high + reach))]


def summarize(times: Sequence[float], *, work: float, effective_cores: float = 0.0, calls: int = 1) -> Summary:
    """Summary of one arm's `times` (seconds per call) of a step that does `work` units a call.

    Raises ValueError where there is no time.
    """
    if not len(times):
        raise ValueError("there is no sample to summarize")
    values = np.asarray(times, dtype=float)
    low, middle, high = (float(value) for value in np.percentile(values, [25, 50, 75]))
    return Summary(
        count=len(values),
        median=middle,
        lower_quartile=low,
        upper_quartile=high,
        minimum=float(values.min()),
        maximum=float(values.max()),
        p90=float(np.percentile(values, 90)) if len(values) >= MIN_P90_SAMPLES else None,
        p99=float(np.percentile(values, 99)) if len(values) >= MIN_P99_SAMPLES else None,
        spread=(high - low) / middle if middle else 0.0,
        outliers=find_outliers(values),
        throughput=work / middle if middle else 0.0,
        effective_cores=effective_cores,
        calls=calls,
    )


def ratio_of_medians(baseline: Sequence[float], accelerated: Sequence[float], *, seed: int = 0) -> Interval:
    """Median of `baseline` over median of `accelerated`, with its bootstrap percentile interval.

    The times of one pair stand at the same place of both sequences, and pairs are resampled whole, so that what slowed
    both samples of a pair widens the interval of neither. They are resampled in blocks of neighbours (Künsch 1989;
    Carlstein's blocks that do not overlap), since a machine is slow in phases: pairs drawn one by one would make a
    phase look like many independent witnesses. Raises ValueError where the lengths differ or are below 2.
    """
    if len(baseline) != len(accelerated) or len(baseline) < 2:
        raise ValueError(f"pairs are needed, two at least; given were {len(baseline)} and {len(accelerated)} times")
    a, b = np.asarray(baseline, dtype=float), np.asarray(accelerated, dtype=float)
    ratio = float(np.median(a) / np.median(b))
    length = max(1, min(round(len(a) ** (1 / 3)), len(a) // MIN_BLOCKS))
    count = len(a) // length
    # What does not fill a block is the oldest, nearest to the warm-up.
    blocks = np.arange(len(a) - count * length, len(a)).reshape(count, length)

    def statistic(drawn: np.ndarray, axis: int) -> np.ndarray:
        places = blocks[drawn].reshape(*drawn.shape[:-1], -1)
        return np.median(a[places], axis=-1) / np.median(b[places], axis=-1)

    with warnings.catch_warnings():
        # Equal times (a clock too coarse, two or three pairs) give an interval of no width.
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        interval = stats.bootstrap(
            (np.arange(count),),
            statistic,
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=max(1, MAX_RESAMPLED_TIMES // len(a)),
            confidence_level=CONFIDENCE,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    low, high = float(interval.low), float(interval.high)
    return Interval(value=ratio, low=min(low, ratio), high=max(high, ratio))


def compare_samples(
    samples: Sequence[Sample], *, work: float, step_work: Mapping[str, float] | None = None, seed: int = 0
) -> list[Comparison]:
    """The whole first, then every step in the order in which it ran.

    A repetition does `work` units, as does each step but those in `work_of`. Only whole pairs count. Empty where there
    are fewer than two pairs.
    """
    by_pair: dict[int, dict[Arm, Sample]] = {}
    for sample in samples:
        by_pair.setdefault(sample.pair, {})[sample.arm] = sample
    pairs = [pair for _, pair in sorted(by_pair.items()) if len(pair) == 2]
    if len(pairs) < 2:
        return []
    steps = [timed.step for timed in pairs[0][Arm.BASELINE].repetition.steps]
    return [_compare_step(step, pairs, (step_work or {}).get(step, work), seed) for step in (TOTAL, *steps)]


def _compare_step(step: str, pairs: Sequence[dict[Arm, Sample]], work: float, seed: int) -> Comparison:
    times = {arm: [pair[arm].seconds(step) for pair in pairs] for arm in Arm}
    summaries = {
        arm: summarize(
            times[arm],
            work=work,
            effective_cores=_effective_cores(step, [pair[arm] for pair in pairs]),
            calls=_calls(step, pairs[0][arm]),
        )
        for arm in Arm
    }
    p_value = stats.mannwhitneyu(times[Arm.BASELINE], times[Arm.ACCELERATED], alternative="two-sided").pvalue
    return Comparison(
        step=step,
        baseline=summaries[Arm.BASELINE],
        accelerated=summaries[Arm.ACCELERATED],
        ratio=ratio_of_medians(times[Arm.BASELINE], times[Arm.ACCELERATED], seed=seed),
        p_value=float(p_value) if np.isfinite(p_value) else 1.0,
    )


def _effective_cores(step: str, samples: Sequence[Sample]) -> float:
    """Processor time over wall time, summed over the samples: a ratio of sums, not a mean of ratios."""
    if step == TOTAL:
        wall = sum(sample.repetition.wall_s for sample in samples)
        return sum(sample.repetition.cpu_s for sample in samples) / wall if wall else 0.0
    timed = [time for sample in samples for time in sample.repetition.steps if time.step == step]
    wall = sum(time.seconds * time.calls for time in timed)
    return sum(time.cpu_s * time.calls for time in timed) / wall if wall else 0.0


def _calls(step: str, sample: Sample) -> int:
    return next((timed.calls for timed in sample.repetition.steps if timed.step == step), 1)
