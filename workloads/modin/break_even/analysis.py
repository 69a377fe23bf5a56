"""From which number of rows on Modin is faster for one call: both engines timed at growing sizes, and the crossing.

The crossing is where the ratio of the medians is 1, on a straight line between two sizes in logarithms of rows and of
ratio; its interval comes from resampling the times at every size (bootstrap, percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.stats.bootstrap import Floats, bootstrap_distribution, percentile_interval

RESAMPLES = 1000
MIN_CROSSING_SHARE = 0.95
"""Share of the resamples that must cross for a crossing to be told."""


@dataclass(frozen=True, slots=True)
class BreakEvenPoint:
    """Both engines' times of one call at one size, in seconds."""

    rows: int
    pandas: tuple[float, ...]
    modin: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Above 1, Modin is faster."""
        return float(np.median(self.pandas) / np.median(self.modin))


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Rows from which on Modin is faster, with the 95 % interval."""

    rows: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class BreakEvenResult:
    """What the sizes that were tried say."""

    verdict: Literal["gains", "loses", "unsure"]
    """Whether Modin is faster, at all sizes or from one on; pandas is, in the same way; or neither is sure."""
    sentence: str
    crossing: BreakEven | None = None


def find_break_even(points: Sequence[BreakEvenPoint], seed: int = 0) -> BreakEven | None:
    """Where Modin begins to be faster and stays so up to the largest size; None where that is not sure.

    `points` are in order of rows. Where Modin is faster at every size there is no crossing among them either.
    """
    if len(points) < 2:
        return None
    sizes = np.log([point.rows for point in points])
    crossing = float(_find_crossings(sizes, np.log([[point.ratio] for point in points]))[0])
    if np.isnan(crossing):
        return None

    def crossings_of_resamples(*samples: Floats, axis: int) -> Floats:
        return _find_crossings(
            sizes, np.stack([_log_ratio(*pair, axis) for pair in zip(samples[::2], samples[1::2], strict=True)])
        )

    samples = [times for point in points for times in (point.pandas, point.modin)]
    distribution = bootstrap_distribution(samples, crossings_of_resamples, resamples=RESAMPLES, seed=seed)
    crossings = distribution[~np.isnan(distribution)]
    if len(crossings) < MIN_CROSSING_SHARE * RESAMPLES:
        return None
    low, high = percentile_interval(crossings, crossing)
    return BreakEven(*(float(np.exp(size)) for size in (crossing, low, high)))


def _log_ratio(pandas: Floats, modin: Floats, axis: int) -> Floats:
    """The logarithm of the ratio of the medians."""
    return np.log(np.median(pandas, axis=axis) / np.median(modin, axis=axis))


def _find_crossings(sizes: Floats, log_ratios: Floats) -> Floats:
    """For each column of `log_ratios` (a row per size): the log of the size above which the ratio stays above 1.

    NaN if the ratio is below 1 at the largest size, or nowhere.
    """
    is_below = log_ratios < 0
    last = len(sizes) - 1 - np.argmax(is_below[::-1], axis=0)
    crosses = is_below.any(axis=0) & (last < len(sizes) - 1)
    left = np.where(crosses, last, 0)
    columns = np.arange(log_ratios.shape[1])
    before, after = log_ratios[left, columns], log_ratios[left + 1, columns]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossings = sizes[left] - before / (after - before) * (sizes[left + 1] - sizes[left])
    return np.where(crosses, crossings, np.nan)


def ratio_interval(point: BreakEvenPoint, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a point's ratio."""
    distribution = bootstrap_distribution([point.pandas, point.modin], _log_ratio, resamples=RESAMPLES, seed=seed)
    low, high = percentile_interval(distribution, float(np.log(point.ratio)))
    return float(np.exp(low)), float(np.exp(high))


def find_first_certain_rows(points: Sequence[BreakEvenPoint], ahead: Sequence[bool]) -> int | None:
    """The smallest size from which on it is `ahead`, of which there is one for each point, at every one that was tried;
    None where it is not at the largest."""
    rows = None
    for point, surely in zip(reversed(points), reversed(ahead), strict=True):
        if not surely:
            break
        rows = point.rows
    return rows


def summarize_points(points: Sequence[BreakEvenPoint], seed: int = 0) -> BreakEvenResult:
    """What `points`, which are in order of rows, say."""
    least, most = points[0].rows, points[-1].rows
    crossed = find_break_even(points, seed)
    if crossed is not None:
        return BreakEvenResult(
            "gains",
            f"Modin is faster from about {crossed.rows:,.0f} rows on (95 %: {crossed.low:,.0f} to {crossed.high:,.0f})"
            f", up to the {most:,} that were tried",
            crossed,
        )
    intervals = [ratio_interval(point, seed) for point in points]
    ahead = {"Modin": [low > 1 for low, _ in intervals], "pandas": [high < 1 for _, high in intervals]}
    for verdict, name in (("gains", "Modin"), ("loses", "pandas")):
        sure = find_first_certain_rows(points, ahead[name])
        if sure == least:
            return BreakEvenResult(verdict, f"{name} is faster at {_describe_sizes(points)}")
        if sure is not None:
            up_to = f"{name} is faster at {sure:,} rows and more, up to the {most:,} that were tried"
            return BreakEvenResult(verdict, f"{up_to}; below, {_describe_below(sure, points, ahead)}")
    if least == most:
        return BreakEvenResult("unsure", f"The times are too close to tell who is faster at {_describe_sizes(points)}")
    told = _describe_certain(points, ahead)
    close = "at the other sizes the times are too close to tell" if told else "the times are too close to tell"
    return BreakEvenResult(
        "unsure",
        f"No size is sure from which on one is faster, among {least:,} to {most:,} rows: {'; '.join([*told, close])}",
    )


def _describe_sizes(points: Sequence[BreakEvenPoint]) -> str:
    least, most = points[0].rows, points[-1].rows
    if least == most:
        return f"the one size that was tried, {least:,} rows"
    return f"every size that was tried, {least:,} to {most:,} rows"


def _describe_below(rows: int, points: Sequence[BreakEvenPoint], ahead: Mapping[str, Sequence[bool]]) -> str:
    """Who surely is faster at the sizes below `rows`."""
    below = [point for point in points if point.rows < rows]
    return ", ".join(_describe_certain(below, ahead)) or "nobody surely is"


def _describe_certain(points: Sequence[BreakEvenPoint], ahead: Mapping[str, Sequence[bool]]) -> list[str]:
    """Who surely is faster, and at which of `points`, the first of those that `ahead` is of; who nowhere is, is not
    named."""
    told = []
    for name, surely in ahead.items():
        sizes = [f"{point.rows:,}" for point, one in zip(points, surely, strict=False) if one]
        told += [f"{name} surely is at {' and '.join(sizes)}"] * bool(sizes)
    return told


def time_alternately(
    times: int, first: Callable[[], float], second: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Both timed in turns, beginning with each in turn, so that drift hits both alike."""
    one: list[float] = []
    other: list[float] = []
    for turn in range(times):
        for timed, kept in ((first, one), (second, other))[:: 1 if turn % 2 == 0 else -1]:
            kept.append(timed())
    return one, other
