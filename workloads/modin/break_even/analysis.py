"""From which number of rows on Modin is faster for one call: both engines timed at growing sizes, and the crossing.

The crossing is where the ratio of the medians is 1, on a straight line between two sizes in logarithms of rows and of
ratio; its interval comes from resampling the times at every size (bootstrap, percentiles).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

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
    rng = np.random.default_rng(seed)
    found = [
        place
        for _ in range(RESAMPLES)
        if (place := _find_crossing(sizes, [_resample_log_ratio(p, rng) for p in points])) is not None
    ]
    plain = _find_crossing(sizes, np.log([point.ratio for point in points]))
    if plain is None or len(found) < MIN_CROSSING_SHARE * RESAMPLES:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return BreakEven(float(np.exp(plain)), float(np.exp(min(low, plain))), float(np.exp(max(high, plain))))


def _resample_log_ratio(point: BreakEvenPoint, rng: np.random.Generator) -> float:
    """The logarithm of the ratio from times drawn again."""
    medians = [np.median(rng.choice(times, len(times))) for times in (point.pandas, point.modin)]
    return float(np.log(medians[0] / medians[1]))


def _find_crossing(sizes: np.ndarray, ratios: Sequence[float]) -> float | None:
    """The size at which the ratio rises through 0 for good; both in logarithms."""
    below = [place for place, ratio in enumerate(ratios) if ratio < 0]
    if not below or below[-1] == len(ratios) - 1:
        return None
    left = below[-1]
    share = -ratios[left] / (ratios[left + 1] - ratios[left])
    return float(sizes[left] + share * (sizes[left + 1] - sizes[left]))


def ratio_interval(point: BreakEvenPoint, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a point's ratio."""
    rng = np.random.default_rng(seed)
    low, high = np.exp(np.percentile([_resample_log_ratio(point, rng) for _ in range(RESAMPLES)], [2.5, 97.5]))
    return float(low), float(high)


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
