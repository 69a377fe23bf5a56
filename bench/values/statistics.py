"""Summaries of samples, and comparisons of the arms' times."""

from __future__ import annotations

from pydantic import Field

from bench.values.base import Arm, Value

MIN_P50_SAMPLES = 11
MIN_P90_SAMPLES = 64
MIN_P99_SAMPLES = 662
"""Fewest samples, or single requests, for reporting a percentile.

These are the fewest queries with which MLPerf Inference's early stopping criterion allows reporting the percentile of
the latency (MLPerf Inference rules, "Early stopping"): the smallest n for which at most one slower query among n has a
probability of at most 1 %, if the percentile were no better than that.
"""


class Interval(Value):
    """A value with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval's width, relative to the value."""
        return (self.high - self.low) / 2 / self.value if self.value else float("inf")

    def includes(self, number: float) -> bool:
        return self.low <= number <= self.high

    def inverse(self) -> Interval:
        """The interval of 1 / value: "3x slower" for "0.33x faster". Unchanged if an end is 0 or less."""
        if min(self.low, self.value) <= 0:
            return self
        return Interval(value=1 / self.value, low=1 / self.high, high=1 / self.low)


class Summary(Value):
    """Summary of one arm's times of one step."""

    count: int
    median: float
    lower_quartile: float
    upper_quartile: float
    minimum: float
    maximum: float
    p90: float | None
    """90th percentile of the samples, or of the single requests if there are any; None for fewer than
    `MIN_P90_SAMPLES`, and if samples are means of several calls that are no requests."""
    p99: float | None
    """The same of the 99th percentile and `MIN_P99_SAMPLES`."""
    spread: float
    """Interquartile range divided by the median."""
    outliers: list[int]
    """Positions, in order of time, of the samples beyond Tukey's fences. They are marked and never dropped."""
    throughput: float
    """Units of work per second, from the median time."""
    effective_cores: float
    calls: int
    """Number of calls inside each sample, of the total the largest of its steps."""
    requests: int = 0
    """Number of single requests, each with a time of its own, in all samples together; 0 if calls are no requests."""
    p50: float | None = None
    """Median of the single requests; None for fewer than `MIN_P50_SAMPLES`. `median` is that of the samples."""


class Comparison(Value):
    """Both arms' times of one step. The ratio is baseline over accelerated: above 1, the accelerated arm is faster."""

    step: str
    baseline: Summary
    accelerated: Summary
    ratio: Interval
    p_value: float
    """Of the two-sided test that the ratio is 1. Those of the steps are adjusted for their number."""
    p_test: str = "Mann-Whitney"
    """The name of the test."""
    sampling_half_width: float | None = None
    """Half-width of the interval, relative to the ratio, without the difference between processes of the same program.
    None if it is not known, as in runs whose interval did not include that difference."""
    block_ratios: list[float] = Field(default_factory=list[float])
    """The ratio in each of a few blocks of consecutive pairs, in the order of time; empty if it is not known."""
    is_stable: bool | None = None
    """False if the blocks differ by more than their pairs explain; None if it is not known."""
    pairs_needed: int | None = None
    """Number of pairs after which the ratio would be distinguished from 1; None if that is not known or impossible."""

    @property
    def precision(self) -> float:
        """The half-width that more pairs make smaller, relative to the ratio."""
        return self.ratio.half_width if self.sampling_half_width is None else self.sampling_half_width

    @property
    def has_percentiles(self) -> bool:
        """Whether there are enough requests for every percentile; True if calls are no requests."""
        requests = [summary.requests for summary in (self.baseline, self.accelerated)]
        return not any(requests) or min(requests) >= MIN_P99_SAMPLES

    def summary(self, arm: Arm) -> Summary:
        """The summary of one arm."""
        return self.baseline if arm is Arm.BASELINE else self.accelerated


class CoreCount(Value):
    """An arm's total time at one core count."""

    arm: Arm
    cores: int
    whole: Summary
