"""Fits scaling laws to times on several core counts, each given as a value with its interval.

Pages import this module, so its functions import scipy only when they fit.

Amdahl's law and the Universal Scalability Law (Gunther, Guerrilla Capacity Planning, 2007) both say that
`cores * time(cores) = t1 * (1 + s * (cores - 1) + k * cores * (cores - 1))`: `t1` is the time on one core, `s` the
serial share (contention) and `k` the cost of keeping cores consistent (coherency), which is 0 in Amdahl's law. With
coefficients `t1`, `t1 * s` and `t1 * k` that is linear, so the fit is the exact minimum of the squared relative errors
by non-negative least squares (Lawson and Hanson, Solving Least Squares Problems, 1974), weighted by the intervals.
Intervals come from a parametric bootstrap: the times are drawn anew from their intervals, and the law is fitted again.

`bench.stats.amdahl_fit` fits Amdahl's law to the samples of one race instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from bench.stats.arrays import Floats
from bench.stats.significance import NORMAL_QUANTILE
from bench.values.statistics import Interval

RESAMPLES = 1000
MIN_FITTED_COUNTS = 3
"""Core counts that a fit needs: through two, even Amdahl's law passes exactly, whatever the times are."""
MIN_RELATIVE_SD = 1e-6
"""Times without an interval count as that precise."""


class Law(StrEnum):
    AMDAHL = "Amdahl's law"
    USL = "Universal Scalability Law"

    @property
    def parameter_count(self) -> int:
        return 2 if self is Law.AMDAHL else 3


@dataclass(frozen=True, slots=True)
class ScalingPoint:
    """The time on a core count."""

    cores: int
    seconds: Interval


@dataclass(frozen=True, slots=True)
class ScalingFit:
    """A law that was fitted to times."""

    law: Law
    one_s: Interval
    """Time on one core."""
    serial: Interval
    """Share of the time on one core that more cores do not shorten."""
    coherency: Interval
    """Growth of the time with the number of pairs of cores, relative to the time on one core; 0 in Amdahl's law."""
    counts: int
    """Number of core counts that were measured."""
    max_cores: int
    """The largest of them: beyond it, the law is a projection."""
    coefficients: Floats
    """Of the fit, and below it those of the resamples: shape (1 + RESAMPLES, 2 or 3)."""

    @property
    def can_be_wrong(self) -> bool:
        """Whether there are more core counts than unknowns. With as many, the law passes through any times."""
        return self.counts > self.law.parameter_count

    def project(self, cores: float) -> Interval:
        """The time on a number of cores by the law, with its 95 % bootstrap interval."""
        times = self.coefficients @ _terms(self.law, np.array([cores], dtype=float))[0] / cores
        return _interval(times)


def fit_law(law: Law, points: Sequence[ScalingPoint], seed: int = 0) -> ScalingFit | None:
    """The law that fits `points`, one for each core count; None with fewer than `MIN_FITTED_COUNTS`."""
    if len({point.cores for point in points}) < MIN_FITTED_COUNTS:
        return None
    cores = np.array([point.cores for point in points], dtype=float)
    seconds = np.array([point.seconds.value for point in points])
    spread = np.array([_relative_sd(point.seconds) for point in points])
    drawn = seconds * np.exp(np.random.default_rng(seed).normal(0, spread, (RESAMPLES, len(points))))
    terms = _terms(law, cores)
    coefficients = np.array([_fit(terms, cores, times, spread) for times in (seconds, *drawn)])
    # A resample whose time on one core is 0 has no shares.
    coefficients = coefficients[coefficients[:, 0] > 0]
    if len(coefficients) < 2:
        return None
    shares = coefficients / coefficients[:, :1]
    return ScalingFit(
        law=law,
        one_s=_interval(coefficients[:, 0]),
        serial=_interval(shares[:, 1]),
        coherency=_interval(shares[:, 2]) if law is Law.USL else Interval(value=0.0, low=0.0, high=0.0),
        counts=len(points),
        max_cores=int(cores.max()),
        coefficients=coefficients,
    )


def find_efficiency(first: ScalingPoint, point: ScalingPoint) -> Interval:
    """How much of the additional cores is used: the speedup from `first` to `point`, divided by the growth of the
    cores."""
    growth = point.cores / first.cores
    value = first.seconds.value / point.seconds.value / growth
    reach = NORMAL_QUANTILE * math.hypot(_relative_sd(first.seconds), _relative_sd(point.seconds))
    reach = 0.0 if point is first else reach
    return Interval(value=value, low=value * math.exp(-reach), high=value * math.exp(reach))


def _terms(law: Law, cores: Floats) -> Floats:
    """One row for each core count, with the factors of the coefficients in `cores * time`."""
    columns = [np.ones_like(cores), cores - 1, cores * (cores - 1)]
    return np.stack(columns[: law.parameter_count], axis=1)


def _fit(terms: Floats, cores: Floats, seconds: Floats, spread: Floats) -> Floats:
    from scipy import optimize

    weights = 1 / (cores * seconds * spread)
    found, _ = optimize.nnls(terms * weights[:, None], cores * seconds * weights)
    return found


def _relative_sd(interval: Interval) -> float:
    width = math.log(interval.high / interval.low) if interval.low > 0 else 0.0
    return max(MIN_RELATIVE_SD, width / 2 / NORMAL_QUANTILE)


def _interval(values: Floats) -> Interval:
    from bench.stats.bootstrap import percentile_interval

    low, high = percentile_interval(values[1:], float(values[0]))
    return Interval(value=float(values[0]), low=low, high=high)
