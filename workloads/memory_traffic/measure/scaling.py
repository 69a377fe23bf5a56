"""Scaling: two kernels on one to all cores, one that waits for memory and one that computes, and what Amdahl's law
makes of their times."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import numpy as np

from bench.formatting import format_bytes
from bench.stats.amdahl_fit import fit_amdahl
from bench.workload.interface import Settings, TaskReporter
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import KIB, TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import memory_check, triad

ROUNDS = 15
MAX_COUNTS = 12
"""Beyond so many cores not every count is measured, but as many of them, evenly."""


def select_core_counts(cores: int) -> list[int]:
    """One to all cores; of very many some, evenly, the first and the last among them."""
    if cores <= MAX_COUNTS:
        return list(range(1, cores + 1))
    return sorted({round(1 + place * (cores - 1) / (MAX_COUNTS - 1)) for place in range(MAX_COUNTS)})


def measure_scaling(settings: Settings, tell: TaskReporter) -> dict[str, Any]:
    """See `Desk.scaling`."""
    size = int(settings.parameters["size"]) or TRANSFORMATIONS["multithreading"].size_kib
    memory_check.require_memory(size * KIB)
    wanted = select_core_counts(settings.cores)
    n = max(1, size * KIB // 24)
    b, c, out = *(np.full(n, value) for value in triad.TRIAD_INPUTS), np.zeros(n)
    work = {
        "triad": (multithreading.triad, (b, c, problems.TRIAD_SCALAR, out), triad.TRIAD_RESULT),
        "arithmetic": (multithreading.horner, *triad.make_polynomial_work(settings.cores)),
    }
    kernels: dict[tuple[str, int], Callable[[], float]] = {}
    for done, cores in enumerate(wanted):
        tell.progress(f"compiling for {cores} cores", done / len(wanted) / 2)
        for name, (plain, arguments, right) in work.items():
            kernel = numba_compile.compile_function(plain, arguments, threads=cores, reorders=False)
            triad.check_kernel(kernel, arguments, right, f"{name} on {cores} cores")
            kernels[name, cores] = _make_timer(kernel, arguments, cores)
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
            tell.event("point", {"kernel": name, "cores": cores} | _summarize_times(series[1], seconds))
    best = {cores: 24 * n / min(times["triad"][cores]) / 1e9 for cores in wanted}
    tell.event("ceiling", {"one_gb_s": best[1], "all_gb_s": max(best.values()), "bytes": 24 * n})
    if len(wanted) > 1:
        for name, series in times.items():
            fit = fit_amdahl(series, settings.seed)
            tell.event(
                "amdahl",
                {"kernel": name, "serial": fit.serial, "low": fit.low, "high": fit.high}
                | {"counts": fit.counts, "fits": fit.fits},
            )
    return {
        "cores": wanted,
        "rounds": ROUNDS,
        "shape": f"{n:,} float64 in each of three vectors, {format_bytes(size * KIB)}",
    }


def _make_timer(kernel: numba_compile.Kernel, arguments: tuple[Any, ...], cores: int) -> Callable[[], float]:
    """Takes a pass with a kernel on its own number of threads: seconds of a call, the better of two."""

    def timed() -> float:
        numba_compile.set_thread_count(cores)
        return triad.measure_best_s(kernel, arguments, 2)

    return timed


def _summarize_times(one: Sequence[float], seconds: Sequence[float]) -> dict[str, float]:
    """The median time, and the speedup over one core, with its quartiles over the rounds."""
    ratios = [first / now for first, now in zip(one, seconds, strict=True)]
    low, high = np.percentile(ratios, [25, 75])
    return {
        "seconds": median(seconds),
        "speedup": median(one) / median(seconds),
        "low": float(low),
        "high": float(high),
    }
