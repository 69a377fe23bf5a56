"""Turns samples into medians, intervals and comparisons. Imports scipy, see `bench.stats.bootstrap`.

Times are costs: they are summarized by their median and percentiles. Throughput is derived from the median time. A
ratio is one of two medians; ratios are never averaged. (Hoefler and Belli, Scientific Benchmarking of Parallel
Computing Systems, SC15, rules 3 to 8; Fleming and Wallace, CACM 29(3), 1986.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from bench.stats.bootstrap import Floats, bootstrap_distribution, percentile_interval
from bench.values import TOTAL, Arm, Comparison, Interval, Sample, Summary

RESAMPLES = 2000
MIN_BLOCKS = 10
"""Blocks of pairs are no longer than leaves at least this many: an interval from fewer blocks is too uncertain."""
MAX_RESAMPLED_TIMES = 2_000_000
"""Number of times that are resampled at once, which limits the memory needed."""
FENCE_FACTOR = 1.5
"""Tukey's fences lie this many interquartile ranges outside the quartiles."""

MIN_P90_SAMPLES = 64
MIN_P99_SAMPLES = 662
"""Fewest samples for reporting a percentile.

These are the fewest queries with which MLPerf Inference's early stopping criterion allows reporting the 90th and the
99th percentile of the latency (MLPerf Inference rules, "Early stopping").
"""


def median(times: Sequence[float]) -> float:
    """The median, in the unit of `times`."""
    return float(np.median(times))


def find_outliers(times: Sequence[float] | Floats) -> list[int]:
    """Positions of the times beyond Tukey's fences."""
    values = np.asarray(times, dtype=float)
    low, high = np.percentile(values, [25, 75])
    reach = FENCE_FACTOR * (high - low)
    return [int(position) for position in np.flatnonzero((values < low - reach) | (values > high + reach))]


def summarize(times: Sequence[float], *, work: float, effective_cores: float = 0.0, calls: int = 1) -> Summary:
    """Summary of one arm's `times` (seconds per call) of a step that does `work` units per call.

    Raises ValueError if `times` is empty.
    """
    if not len(times):
        raise ValueError("Expected at least one sample to summarize, got none.")
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

    The times of one pair are at the same position of both sequences. Pairs are resampled whole, so that a slowdown of
    both samples of a pair does not widen the interval. Blocks of consecutive pairs are resampled (Carlstein's
    non-overlapping blocks; Künsch 1989), because a machine is slow for phases: resampled one by one, the pairs of one
    phase would count as independent observations. Raises ValueError if the lengths differ or are below 2.
    """
    if len(baseline) != len(accelerated) or len(baseline) < 2:
        raise ValueError(f"Expected at least two pairs, got {len(baseline)} and {len(accelerated)} times.")
    a, b = np.asarray(baseline, dtype=float), np.asarray(accelerated, dtype=float)
    ratio = float(np.median(a) / np.median(b))
    length = max(1, min(round(len(a) ** (1 / 3)), len(a) // MIN_BLOCKS))
    count = len(a) // length
    # Pairs that do not fill a block are left out at the beginning, which is closest to the warm-up.
    blocks = np.arange(len(a) - count * length, len(a)).reshape(count, length)

    def ratios_of_resamples(block_numbers: Floats, axis: int) -> Floats:
        positions = blocks[block_numbers.astype(int)].reshape(*block_numbers.shape[:-1], -1)
        return np.median(a[positions], axis=-1) / np.median(b[positions], axis=-1)

    distribution = bootstrap_distribution(
        [np.arange(count)],
        ratios_of_resamples,
        resamples=RESAMPLES,
        seed=seed,
        batch=max(1, MAX_RESAMPLED_TIMES // len(a)),
    )
    low, high = percentile_interval(distribution, ratio)
    return Interval(value=ratio, low=low, high=high)


def compare_samples(
    samples: Sequence[Sample], *, work: float, step_work: Mapping[str, float] | None = None, seed: int = 0
) -> list[Comparison]:
    """Comparisons of both arms: the total first, then every step in the order in which it ran.

    A repetition does `work` units, and so does each step that is not in `step_work`. Samples whose partner is missing
    are ignored. Empty if there are fewer than two pairs.
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
    """CPU time over wall time: a ratio of sums over the samples, not a mean of ratios."""
    if step == TOTAL:
        wall = sum(sample.repetition.wall_s for sample in samples)
        return sum(sample.repetition.cpu_s for sample in samples) / wall if wall else 0.0
    timed = [time for sample in samples for time in sample.repetition.steps if time.step == step]
    wall = sum(time.seconds * time.calls for time in timed)
    return sum(time.cpu_s * time.calls for time in timed) / wall if wall else 0.0


def _calls(step: str, sample: Sample) -> int:
    return next((timed.calls for timed in sample.repetition.steps if timed.step == step), 1)
