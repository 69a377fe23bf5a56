"""Amdahl's law, fitted to times on several counts of cores, and what it projects to more of them.

G. Amdahl, Validity of the single processor approach to achieving large scale computing capabilities, AFIPS 1967.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

RESAMPLES = 1000
MIN_CORE_COUNTS_TO_FIT = 3
"""Counts of cores from which on the law's one unknown is overdetermined, so that a fit can be wrong."""

TimesByCores = Mapping[int, Sequence[float]]
"""Seconds by number of cores; one core among them."""


@dataclass(frozen=True, slots=True)
class AmdahlFit:
    """`time(p) = time(1) * (serial + (1 - serial) / p)`."""

    serial: float
    """Share of the time on one core that more cores do not shorten; above 1 where more cores take longer."""
    low: float
    high: float
    """Its 95 % interval, by resampling the times on each count of cores."""
    counts: int
    """Of cores, that were measured."""
    one_s: float
    """Median time on one core."""

    @property
    def fits(self) -> bool:
        """Whether there are enough counts to speak of a fit: through two points the curve goes in any case."""
        return self.counts >= MIN_CORE_COUNTS_TO_FIT

    def seconds(self, cores: float) -> float:
        """What the law says of so many cores."""
        return self.one_s * (self.serial + (1 - self.serial) / cores)


@dataclass(frozen=True, slots=True)
class Crossing:
    """From which number of cores on the law's time is below another one; `high` is infinite where that is not sure."""

    cores: float
    low: float
    high: float


def fit_amdahl(times: TimesByCores, seed: int = 0) -> AmdahlFit:
    """Least squares over the medians. Raises ValueError for fewer than two counts, and where one core is not among
    them."""
    if len(times) < 2 or 1 not in times:
        raise ValueError("a share that more cores do not shorten is told from one core and another count of cores")
    low, high = _interval([_fit_serial_share(drawn) for drawn in _resample_medians(times, seed)])
    serial = _fit_serial_share({cores: median(series) for cores, series in times.items()})
    return AmdahlFit(serial, low, high, len(times), median(times[1]))


def find_crossing(times: TimesByCores, rival: Sequence[float], seed: int = 0) -> Crossing | None:
    """From how many cores on the law's time is below the median of `rival`, in seconds; None where it never is."""
    found = _cores_to_reach({cores: median(series) for cores, series in times.items()}, median(rival))
    if math.isinf(found):
        return None
    chance = random.Random(seed)
    drawn = []
    for medians in _resample_medians(times, seed):
        drawn.append(_cores_to_reach(medians, median(chance.choices(rival, k=len(rival)))))
    low, high = _interval(drawn)
    return Crossing(found, min(low, found), max(high, found))


def _resample_medians(times: TimesByCores, seed: int) -> Iterator[dict[int, float]]:
    """Medians by cores, of times drawn again."""
    chance = random.Random(seed)
    for _ in range(RESAMPLES):
        yield {cores: median(chance.choices(series, k=len(series))) for cores, series in times.items()}


def _interval(values: list[float]) -> tuple[float, float]:
    """The middle 95 %."""
    ordered = sorted(values)
    if math.isinf(ordered[-1]):
        # Percentiles of neighbours between which one is infinite have no value.
        return ordered[len(ordered) // 40], ordered[-(len(ordered) // 40) - 1]
    cuts = quantiles(ordered, n=40, method="inclusive")
    return cuts[0], cuts[-1]


def _fit_serial_share(medians: Mapping[int, float]) -> float:
    """The serial share whose curve is nearest to the times, relative to that on one core."""
    points = [(cores, seconds / medians[1]) for cores, seconds in medians.items() if cores > 1]
    above = sum((share - 1 / cores) * (1 - 1 / cores) for cores, share in points)
    return above / sum((1 - 1 / cores) ** 2 for cores, _ in points)


def _cores_to_reach(medians: Mapping[int, float], rival_s: float) -> float:
    """The number of cores at which the curve reaches `rival_s`; 1 where it is below from the start."""
    one_s = medians[1]
    if one_s <= rival_s:
        return 1.0
    serial = _fit_serial_share(medians)
    left = rival_s / one_s - serial
    return (1 - serial) / left if left > 0 and serial < 1 else math.inf


def amdahl_ratio(share: float, ratio: float) -> float:
    """Ratio of the whole when a part that takes `share` of its time becomes `ratio` times faster (Amdahl 1967)."""
    return 1 / ((1 - share) + share / ratio)
