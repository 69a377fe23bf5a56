"""Break-even: the number of rows from which on Modin is faster than pandas for one call.

The ratio of the medians is interpolated linearly between two sizes, in logarithms of rows and ratio. The crossing is
where it is 1. Its interval is a percentile bootstrap: the times at every size are resampled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.stats.arrays import Floats
from bench.stats.bootstrap import bootstrap_distribution, percentile_interval
from bench.stats.break_even import find_first_rows
from workloads.modin.measurements import BreakEvenCrossing, BreakEvenPoint

RESAMPLES = 1000
MIN_CROSSING_SHARE = 0.95
"""Share of the resamples that must have a crossing for it to be reported."""

Verdict = Literal["gains", "loses", "unsure"]


@dataclass(frozen=True, slots=True)
class PointsSummary:
    """What the measured sizes show. See `BreakEvenResult`."""

    verdict: Verdict
    sentence: str
    crossing: BreakEvenCrossing | None = None
    at_every_size: bool = False


def median_ratio(point: BreakEvenPoint) -> float:
    """Median time of pandas over median time of Modin: above 1, Modin is faster."""
    return float(np.median(point.pandas) / np.median(point.modin))


def find_break_even(points: Sequence[BreakEvenPoint], seed: int = 0) -> BreakEvenCrossing | None:
    """The size from which on Modin is faster, up to the largest measured size.

    `points` are in the order of their sizes. None if there is no such size with enough certainty, or if Modin is faster
    at every measured size.
    """
    if len(points) < 2:
        return None
    sizes = np.log([point.rows for point in points])
    crossing = float(_find_crossings(sizes, np.log([[median_ratio(point)] for point in points]))[0])
    if np.isnan(crossing):
        return None

    def find_crossings_of_resamples(*samples: Floats, axis: int) -> Floats:
        pairs = zip(samples[::2], samples[1::2], strict=True)
        return _find_crossings(sizes, np.stack([_log_ratio(pandas, modin, axis) for pandas, modin in pairs]))

    samples = [times for point in points for times in (point.pandas, point.modin)]
    distribution = bootstrap_distribution(samples, find_crossings_of_resamples, resamples=RESAMPLES, seed=seed)
    crossings = distribution[~np.isnan(distribution)]
    if len(crossings) < MIN_CROSSING_SHARE * RESAMPLES:
        return None
    low, high = percentile_interval(crossings, crossing)
    return BreakEvenCrossing(rows=float(np.exp(crossing)), low=float(np.exp(low)), high=float(np.exp(high)))


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
    low, high = percentile_interval(distribution, float(np.log(median_ratio(point))))
    return float(np.exp(low)), float(np.exp(high))


def summarize_points(points: Sequence[BreakEvenPoint], seed: int = 0) -> PointsSummary:
    """The verdict of `points`, which are in the order of their sizes."""
    min_rows, max_rows = points[0].rows, points[-1].rows
    crossing = find_break_even(points, seed)
    if crossing is not None:
        return PointsSummary(
            "gains",
            f"Modin is faster from about {crossing.rows:,.0f} rows on (95 %: {crossing.low:,.0f} to "
            f"{crossing.high:,.0f}). Sizes up to {max_rows:,} rows were tried",
            crossing,
        )
    certainty = _find_certainty(points, seed)
    engines: tuple[tuple[Verdict, str], ...] = (("gains", "Modin"), ("loses", "pandas"))
    for verdict, engine in engines:
        rows = find_first_rows([point.rows for point in points], certainty[engine])
        if rows == min_rows:
            sentence = f"{engine} is faster at {_describe_sizes(points)}"
            return PointsSummary(verdict, sentence, at_every_size=True)
        if rows is not None:
            below = [point for point in points if point.rows < rows]
            sizes = _describe_certainty(below, certainty)
            return PointsSummary(
                verdict,
                f"{engine} is faster {_describe_range(rows, max_rows)}. Below that, "
                f"{', '.join(sizes) if sizes else 'it is too close to call'}",
            )
    if min_rows == max_rows:
        return PointsSummary("unsure", f"Too close to call at {_describe_sizes(points)}")
    sizes = _describe_certainty(points, certainty)
    rest = f"{'; '.join(sizes)}; elsewhere it is too close to call" if sizes else "It is too close to call"
    return PointsSummary("unsure", f"No clear break-even between {min_rows:,} and {max_rows:,} rows. {rest}")


def _find_certainty(points: Sequence[BreakEvenPoint], seed: int) -> dict[str, list[bool]]:
    """By engine: for each point, whether the engine is certainly faster."""
    intervals = [ratio_interval(point, seed) for point in points]
    return {"Modin": [low > 1 for low, _ in intervals], "pandas": [high < 1 for _, high in intervals]}


def _describe_range(rows: int, max_rows: int) -> str:
    return f"at {rows:,} rows" if rows == max_rows else f"from {rows:,} to {max_rows:,} rows"


def _describe_sizes(points: Sequence[BreakEvenPoint]) -> str:
    min_rows, max_rows = points[0].rows, points[-1].rows
    if min_rows == max_rows:
        return f"the only size that was tried, {min_rows:,} rows"
    return f"every size from {min_rows:,} to {max_rows:,} rows"


def _describe_certainty(points: Sequence[BreakEvenPoint], certainty: Mapping[str, Sequence[bool]]) -> list[str]:
    """For each engine that is certainly faster somewhere: at which of `points`.

    `points` are the first of those that `certainty` was made of.
    """
    phrases = []
    for engine, is_certain in certainty.items():
        sizes = [f"{point.rows:,}" for point, certain in zip(points, is_certain, strict=False) if certain]
        if sizes:
            phrases.append(f"{engine} is faster at {' and '.join(sizes)}")
    return phrases
