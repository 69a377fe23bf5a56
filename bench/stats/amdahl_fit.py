"""Fits Amdahl's law to times on several core counts. Imports scipy, see `bench.stats.bootstrap`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.stats.amdahl import AmdahlFit, Crossing
from bench.stats.arrays import Floats
from bench.stats.bootstrap import bootstrap_distribution, percentile_interval

RESAMPLES = 1000

TimesByCores = Mapping[int, Sequence[float]]
"""Times in seconds by core count, which must include 1."""


def fit_amdahl(times: TimesByCores, seed: int = 0) -> AmdahlFit:
    """Fit the serial share to the medians by least squares.

    Raises ValueError for fewer than two core counts, and if one core is not among them.
    """
    if len(times) < 2 or 1 not in times:
        raise ValueError(f"Expected times on one core and another core count, got those on {sorted(times)} cores.")

    def fit_resamples(*series: Floats, axis: int) -> Floats:
        return _fit_serial_share(_medians(times, series, axis))

    serial = float(_fit_serial_share(_medians(times, list(times.values()))))
    shares = bootstrap_distribution(list(times.values()), fit_resamples, resamples=RESAMPLES, seed=seed)
    low, high = percentile_interval(shares, serial)
    return AmdahlFit(serial, low, high, len(times), float(np.median(times[1])))


def find_crossing(times: TimesByCores, rival: Sequence[float], seed: int = 0) -> Crossing | None:
    """The core count at which the law's time equals the median of `rival` (seconds); None if it never does."""

    def find_in_resamples(*series: Floats, axis: int) -> Floats:
        return _cores_to_reach(_medians(times, series[:-1], axis), np.median(series[-1], axis=axis))

    samples = [*times.values(), rival]
    cores = float(find_in_resamples(*(np.asarray(sample) for sample in samples), axis=-1))
    if np.isinf(cores):
        return None
    distribution = bootstrap_distribution(samples, find_in_resamples, resamples=RESAMPLES, seed=seed)
    low, high = percentile_interval(distribution, cores)
    return Crossing(cores, low, high)


def _medians(times: TimesByCores, series: Sequence[Sequence[float] | Floats], axis: int = -1) -> dict[int, Floats]:
    """Medians by core count of `series`, which has the times or resamples of them in the order of `times`."""
    return {cores: np.median(np.asarray(values), axis=axis) for cores, values in zip(times, series, strict=True)}


def _fit_serial_share(medians: Mapping[int, Floats]) -> Floats:
    """The serial share with the smallest squared errors, all relative to the time on one core."""
    points = [(cores, seconds / medians[1]) for cores, seconds in medians.items() if cores > 1]
    numerator = np.sum([(share - 1 / cores) * (1 - 1 / cores) for cores, share in points], axis=0)
    return numerator / sum((1 - 1 / cores) ** 2 for cores, _ in points)


def _cores_to_reach(medians: Mapping[int, Floats], rival_s: Floats) -> Floats:
    """The core count at which the law's time is `rival_s`: 1 if it is below from the start, infinite if it never is."""
    serial = _fit_serial_share(medians)
    parallel_share = rival_s / medians[1] - serial
    with np.errstate(divide="ignore", invalid="ignore"):
        cores = np.where((parallel_share > 0) & (serial < 1), (1 - serial) / parallel_share, np.inf)
    return np.where(medians[1] <= rival_s, 1.0, cores)
