"""Scaling: two kernels on one to all cores, one that waits for memory and one that computes, and what Amdahl's law
makes of their times."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from bench.workload import Settings, Tell
from workloads.memory_traffic import build, problems, room, stream
from workloads.memory_traffic.catalogue import KIB, TRANSFORMATIONS
from workloads.memory_traffic.kernels import multithreading

ROUNDS = 15
MOST_COUNTS = 12
"""Beyond so many cores not every count is measured, but as many of them, evenly."""
RESAMPLED = 1000
FEWEST_TO_FIT = 3
"""Counts of cores from which on Amdahl's one unknown is overdetermined, so that a fit can be wrong."""


@dataclass(frozen=True, slots=True)
class Amdahl:
    """`time(p) = time(1) * (serial + (1 - serial) / p)`, fitted to measured times."""

    serial: float
    """Share of the time on one core that more cores do not shorten."""
    low: float
    high: float
    """Its 95 % interval, by resampling the rounds."""
    counts: int
    """Of cores, that were measured."""

    @property
    def fits(self) -> bool:
        """Whether there are enough counts to speak of a fit: through two points the curve goes in any case."""
        return self.counts >= FEWEST_TO_FIT


def amdahl(times: Mapping[int, Sequence[float]], seed: int = 0) -> Amdahl:
    """Least squares over the medians of `times`, by cores; one core among them, and all of the same rounds."""
    if len(times) < 2:
        raise ValueError("a share that more cores do not shorten cannot be told from one count of cores")
    rounds = len(times[1])
    chance = random.Random(seed)
    found = []
    for _ in range(RESAMPLED):
        drawn = [chance.randrange(rounds) for _ in range(rounds)]
        found.append(_serial({cores: median(series[place] for place in drawn) for cores, series in times.items()}))
    low, high = np.percentile(found, [2.5, 97.5])
    serial = _serial({cores: median(series) for cores, series in times.items()})
    return Amdahl(serial, float(low), float(high), len(times))


def _serial(times: Mapping[int, float]) -> float:
    """The serial share whose curve is nearest to the times, relative to that on one core."""
    points = [(cores, seconds / times[1]) for cores, seconds in times.items() if cores > 1]
    above = sum((share - 1 / cores) * (1 - 1 / cores) for cores, share in points)
    return above / sum((1 - 1 / cores) ** 2 for cores, _ in points)


def counts(cores: int) -> list[int]:
    """One to all cores; of very many some, evenly, the first and the last among them."""
    if cores <= MOST_COUNTS:
        return list(range(1, cores + 1))
    return sorted({round(1 + place * (cores - 1) / (MOST_COUNTS - 1)) for place in range(MOST_COUNTS)})


def measure(settings: Settings, tell: Tell) -> dict[str, Any]:
    """See `Desk.scaling`."""
    size = int(settings.parameters["size"]) or TRANSFORMATIONS["multithreading"].size_kib
    room.refuse(size * KIB)
    wanted = counts(settings.cores)
    n = max(1, size * KIB // 24)
    b, c, out = np.full(n, 2.0), np.full(n, 1.0), np.zeros(n)
    x = np.linspace(0.1, 0.9, stream.HORNER_ELEMENTS * settings.cores * 16, dtype=np.float32)
    y = np.zeros_like(x)
    work = {
        "triad": (multithreading.triad, (b, c, problems.SCALAR, out)),
        "arithmetic": (multithreading.horner, (x, y)),
    }
    kernels: dict[tuple[str, int], Callable[[], float]] = {}
    for done, cores in enumerate(wanted):
        tell.progress(f"compiling for {cores} cores", done / len(wanted) / 2)
        for name, (plain, arguments) in work.items():
            kernels[name, cores] = _timed(
                build.compiled(plain, arguments, threads=cores, reorders=False), arguments, cores
            )
    times: dict[str, dict[int, list[float]]] = {name: {cores: [] for cores in wanted} for name in work}
    order = list(kernels)
    for turn in range(ROUNDS):
        # In turn and in random order, so that what slows the machine slows all counts alike.
        random.Random(turn).shuffle(order)
        for name, cores in order:
            times[name][cores].append(kernels[name, cores]())
        tell.progress(f"round {turn + 1} of {ROUNDS}", 0.5 + (turn + 1) / ROUNDS / 2)
    for name, series in times.items():
        for cores, seconds in series.items():
            tell.event("point", {"kernel": name, "cores": cores} | _spread(series[1], seconds))
    best = {cores: 24 * n / min(times["triad"][cores]) / 1e9 for cores in wanted}
    tell.event("ceiling", {"one_gb_s": best[1], "all_gb_s": max(best.values())})
    if len(wanted) > 1:
        for name, series in times.items():
            fit = amdahl(series, settings.seed)
            tell.event(
                "amdahl",
                {"kernel": name, "serial": fit.serial, "low": fit.low, "high": fit.high}
                | {"counts": fit.counts, "fits": fit.fits},
            )
    return {
        "cores": wanted,
        "rounds": ROUNDS,
        "shape": f"{n:,} float64 in each of three vectors, {size / KIB:,.4g} MiB",
    }


def _timed(kernel: build.Kernel, arguments: tuple[Any, ...], cores: int) -> Callable[[], float]:
    """Takes a pass with a kernel on its own number of threads: seconds of a call, the better of two."""

    def timed() -> float:
        build.use(cores)
        return stream.best(kernel, arguments, 2)

    return timed


def _spread(one: Sequence[float], seconds: Sequence[float]) -> dict[str, float]:
    """The median time, and the speedup over one core, with its quartiles over the rounds."""
    ratios = [first / now for first, now in zip(one, seconds, strict=True)]
    low, high = np.percentile(ratios, [25, 75])
    return {
        "seconds": median(seconds),
        "speedup": median(one) / median(seconds),
        "low": float(low),
        "high": float(high),
    }
