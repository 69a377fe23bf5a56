"""Speedup over cores: a kernel that waits for memory and one that computes, timed on one to all cores, with the serial
share of Amdahl's law fitted to each."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Literal

import numpy as np

from bench.formatting import format_bytes
from bench.stats.amdahl_fit import fit_amdahl
from bench.workload.interface import Settings, TaskReporter
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import KIB, TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile, numba_runtime
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import memory_check, peak, timing, triad
from workloads.memory_traffic.measurements import BandwidthCeiling, ScalingFit, ScalingPoint, ScalingResult

TRIAD_CASE = "multithreading"
"""The case whose array size the triad uses."""
KernelName = Literal["triad", "arithmetic"]
Timers = dict[tuple[KernelName, int], Callable[[], float]]
"""By kernel and core count: a function that times one round and returns the seconds of a call."""

ROUNDS = 15
PASSES = 2
"""Passes of a kernel in one round; the better one counts."""
MAX_CORE_COUNTS = 12
"""Most core counts that are measured. With more cores than that, the counts are spread evenly."""


def select_core_counts(cores: int) -> list[int]:
    """Core counts from 1 to `cores`: all of them, or MAX_CORE_COUNTS that are spread evenly."""
    if cores <= MAX_CORE_COUNTS:
        return list(range(1, cores + 1))
    last = MAX_CORE_COUNTS - 1
    return sorted({round(1 + number * (cores - 1) / last) for number in range(MAX_CORE_COUNTS)})


def measure_scaling(settings: Settings, reporter: TaskReporter) -> ScalingResult:
    """See `MemoryTrafficTasks.scaling`."""
    # The size of another case is not that of the triad.
    if settings.case == TRIAD_CASE:
        size_bytes = read_kernel_settings(settings.parameters).size_kib * KIB
    else:
        size_bytes = TRANSFORMATIONS[TRIAD_CASE].size_kib * KIB
    memory_check.require_memory(size_bytes)
    core_counts = select_core_counts(settings.cores)
    elements = triad.count_triad_elements(size_bytes)
    timers = _make_timers(elements, core_counts, reporter)
    times = _time_in_rounds(timers, reporter)
    for kernel, times_by_cores in times.items():
        for cores, seconds in times_by_cores.items():
            speedup = _summarize_speedup(times_by_cores[1], seconds)
            reporter.report("point", ScalingPoint(kernel=kernel, cores=cores, **speedup))
    triad_bytes = triad.BYTES_PER_ELEMENT * elements
    best_gb_s = {cores: triad_bytes / min(seconds) / 1e9 for cores, seconds in times["triad"].items()}
    all_gb_s = max(best_gb_s.values())
    reporter.report("ceiling", BandwidthCeiling(one_gb_s=best_gb_s[1], all_gb_s=all_gb_s, bytes=triad_bytes))
    if len(core_counts) > 1:
        for kernel, times_by_cores in times.items():
            fit = fit_amdahl(times_by_cores, settings.seed)
            reporter.report(
                "amdahl",
                ScalingFit(
                    kernel=kernel, serial=fit.serial, low=fit.low, high=fit.high, counts=fit.counts, fits=fit.fits
                ),
            )
    return ScalingResult(shape=f"{elements:,} float64 in each of three vectors, {format_bytes(size_bytes)}")


def _make_timers(elements: int, core_counts: Sequence[int], reporter: TaskReporter) -> Timers:
    """By kernel and core count: a function that times one round and returns the seconds of a call.

    Compiles and checks each kernel. Raises RuntimeError if a result is wrong.
    """
    b, c = (np.full(elements, value) for value in triad.TRIAD_INPUTS)
    triad_arguments = (b, c, problems.TRIAD_SCALAR, np.zeros(elements))
    work: dict[KernelName, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
        "triad": (multithreading.triad, triad_arguments, triad.TRIAD_RESULT),
        "arithmetic": (multithreading.horner, *peak.make_polynomial_work(core_counts[-1])),
    }
    timers: Timers = {}
    for number, cores in enumerate(core_counts):
        reporter.progress(f"compiling for {cores} cores", number / len(core_counts) / 2)
        for name, (function, arguments, expected) in work.items():
            kernel = numba_compile.compile_function(function, arguments, threads=cores, reorders=False)
            timing.check_kernel(kernel, arguments, expected, f"{name} on {cores} cores")
            timers[name, cores] = _make_timer(kernel, arguments, cores)
    return timers


def _make_timer(kernel: numba_compile.Kernel, arguments: tuple[Any, ...], cores: int) -> Callable[[], float]:
    def time_round() -> float:
        numba_runtime.set_thread_count(cores)
        return timing.measure_best_s(kernel, arguments, PASSES)

    return time_round


def _time_in_rounds(timers: Timers, reporter: TaskReporter) -> dict[KernelName, dict[int, list[float]]]:
    """Seconds of every round, by kernel and core count.

    Each round times all of them in random order, so that background load affects all core counts alike.
    """
    times: dict[KernelName, dict[int, list[float]]] = {}
    for kernel, cores in timers:
        times.setdefault(kernel, {})[cores] = []
    order = list(timers)
    for number in range(ROUNDS):
        random.Random(number).shuffle(order)
        for kernel, cores in order:
            times[kernel][cores].append(timers[kernel, cores]())
        reporter.progress(f"round {number + 1} of {ROUNDS}", 0.5 + (number + 1) / ROUNDS / 2)
    return times


def _summarize_speedup(one_core_s: Sequence[float], seconds: Sequence[float]) -> dict[str, float]:
    """The median time, and the speedup over one core with its quartiles over the rounds."""
    ratios = [first / other for first, other in zip(one_core_s, seconds, strict=True)]
    low, high = np.percentile(ratios, [25, 75])
    return {
        "seconds": median(seconds),
        "speedup": median(one_core_s) / median(seconds),
        "low": float(low),
        "high": float(high),
    }
