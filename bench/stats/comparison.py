"""Turns samples into medians, intervals and comparisons. Imports a part of scipy, see `bench.stats.ratio`.

Times are costs: they are summarized by their median and percentiles. Throughput is derived from the median time. A
ratio is one of two medians, never a mean of ratios; its interval comes from the ratios of blocks. (Hoefler and Belli,
Scientific Benchmarking of Parallel Computing Systems, SC15, rules 3 to 8; Fleming and Wallace, CACM 29(3), 1986.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.stats.arrays import Floats
from bench.stats.pairing import pair_samples
from bench.stats.ratio import adjust_by_holm, estimate_ratio
from bench.values.base import Arm
from bench.values.samples import TOTAL, Sample
from bench.values.statistics import MIN_P50_SAMPLES, MIN_P90_SAMPLES, MIN_P99_SAMPLES, Comparison, Summary

FENCE_FACTOR = 1.5
"""Tukey's fences lie this many interquartile ranges outside the quartiles."""


def median(times: Sequence[float]) -> float:
    """The median, in the unit of `times`."""
    return float(np.median(times))


def find_outliers(times: Sequence[float] | Floats) -> list[int]:
    """Positions of the times beyond Tukey's fences."""
    values = np.asarray(times, dtype=float)
    low, high = np.percentile(values, [25, 75])
    reach = FENCE_FACTOR * (high - low)
    return [int(position) for position in np.flatnonzero((values < low - reach) | (values > high + reach))]


def summarize(
    times: Sequence[float],
    *,
    work: float,
    effective_cores: float = 0.0,
    calls: int = 1,
    requests: Sequence[float] | Floats = (),
) -> Summary:
    """Summary of one arm's `times` (seconds per call) of a step that does `work` units per call. Each time is the mean
    of `calls`. Percentiles are those of `requests`, the times of single calls in seconds, if there are any; else those
    of `times`, and there are none if each is the mean of several calls.

    Raises ValueError if `times` is empty.
    """
    if not len(times):
        raise ValueError("Expected at least one sample to summarize, got none.")
    values = np.asarray(times, dtype=float)
    low, middle, high = (float(value) for value in np.percentile(values, [25, 50, 75]))
    # A mean of several calls hides the slow ones among them.
    singles = np.asarray(requests, dtype=float) if len(requests) else values if calls == 1 else values[:0]

    def find_percentile(percent: int, fewest: int) -> float | None:
        return float(np.percentile(singles, percent)) if len(singles) >= fewest else None

    return Summary(
        count=len(values),
        median=middle,
        lower_quartile=low,
        upper_quartile=high,
        minimum=float(values.min()),
        maximum=float(values.max()),
        p90=find_percentile(90, MIN_P90_SAMPLES),
        p99=find_percentile(99, MIN_P99_SAMPLES),
        spread=(high - low) / middle if middle else 0.0,
        outliers=find_outliers(values),
        throughput=work / middle if middle else 0.0,
        effective_cores=effective_cores,
        calls=calls,
        requests=len(requests),
        p50=find_percentile(50, MIN_P50_SAMPLES) if len(requests) else None,
    )


def compare_samples(
    samples: Sequence[Sample], *, work: float, step_work: Mapping[str, float] | None = None
) -> list[Comparison]:
    """Comparisons of both arms: the total first, then every step in the order in which it ran.

    A repetition does `work` units, and so does each step that is not in `step_work`. Samples whose partner is missing
    are ignored. Empty if there are fewer than two pairs.
    """
    pairs = pair_samples(samples)
    if len(pairs) < 2:
        return []
    steps = [TOTAL, *(timed.step for timed in pairs[0][Arm.BASELINE].repetition.steps)]
    times = {step: {arm: [pair[arm].seconds(step) for pair in pairs] for arm in Arm} for step in steps}
    estimates = {step: estimate_ratio(series[Arm.BASELINE], series[Arm.ACCELERATED]) for step, series in times.items()}
    # The total is the one question that the race is for. The steps are many more, and are tested as a family.
    family = [step for step in steps if step != TOTAL]
    p_values = dict(zip(family, adjust_by_holm([estimates[step].p_value for step in family]), strict=True))

    def summarize_arm(step: str, arm: Arm) -> Summary:
        return summarize(
            times[step][arm],
            work=(step_work or {}).get(step, work),
            effective_cores=_effective_cores(step, [pair[arm] for pair in pairs]),
            calls=_calls(step, pairs[0][arm]),
            requests=_list_requests(step, [pair[arm] for pair in pairs]),
        )

    return [
        Comparison(
            step=step,
            baseline=summarize_arm(step, Arm.BASELINE),
            accelerated=summarize_arm(step, Arm.ACCELERATED),
            ratio=estimate.ratio,
            p_value=p_values.get(step, estimate.p_value),
            p_test="t over blocks" if step == TOTAL else "t over blocks, Holm",
            sampling_half_width=estimate.sampling_half_width,
            block_ratios=list(estimate.block_ratios),
            is_stable=estimate.is_stable,
            pairs_needed=estimate.pairs_needed,
        )
        for step, estimate in estimates.items()
    ]


def _effective_cores(step: str, samples: Sequence[Sample]) -> float:
    """CPU time over wall time: a ratio of sums over the samples, not a mean of ratios."""
    if step == TOTAL:
        wall = sum(sample.repetition.wall_s for sample in samples)
        return sum(sample.repetition.cpu_s for sample in samples) / wall if wall else 0.0
    timed = [time for sample in samples for time in sample.repetition.steps if time.step == step]
    wall = sum(time.seconds * time.calls for time in timed)
    return sum(time.cpu_s * time.calls for time in timed) / wall if wall else 0.0


def _list_requests(step: str, samples: Sequence[Sample]) -> Floats:
    """The times of all single requests in seconds, shape (requests,); empty if calls are no requests."""
    return np.array([time_ns for sample in samples for time_ns in sample.request_ns(step)], dtype=float) / 1e9


def _calls(step: str, sample: Sample) -> int:
    if step == TOTAL:
        return max((timed.calls for timed in sample.repetition.steps), default=1)
    return next((timed.calls for timed in sample.repetition.steps if timed.step == step), 1)
