"""The roofline: the limits of memory and arithmetic on this machine, by number of threads, and each kernel under
them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.formatting import format_bytes, format_count
from bench.system.limits import available_memory_bytes
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic import problem_sizes, problems
from workloads.memory_traffic.catalogue import KIB, MIB, TRANSFORMATIONS, Transformation, Version
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import memory_check, peak, timing, triad
from workloads.memory_traffic.measure.perf_counters import PerfCounters
from workloads.memory_traffic.measurements import PeakRate, RooflineArguments, RooflinePoint, RooflineResult, TriadPoint
from workloads.memory_traffic.problem import Problem

MIN_SIZE_BYTES = 12 * KIB
MAX_SIZE_BYTES = 1024 * MIB
SIZE_FACTOR = math.sqrt(2)
"""Ratio of two successive sizes of the triad."""
TRIAD_PASSES, MIN_TRIAD_S = 5, 0.1
"""Fewest passes of the triad at each size, and their shortest duration together."""
KERNEL_PASSES, MIN_KERNEL_S = 3, 0.5
"""Fewest passes of each version and of the arithmetic peak, and their shortest duration together. Three passes are
enough for kernels that take seconds; for short ones, half a second is needed to find all threads awake at the same
time."""


def list_triad_sizes(max_bytes: int) -> list[int]:
    """Sizes of the triad's three arrays together, in bytes: from MIN_SIZE_BYTES, which fits into the nearest cache, to
    about `max_bytes`."""
    count = int(math.log(max(max_bytes, MIN_SIZE_BYTES) / MIN_SIZE_BYTES, SIZE_FACTOR)) + 1
    return [round(MIN_SIZE_BYTES * SIZE_FACTOR**step) for step in range(count)]


def select_thread_counts(cores: int) -> list[int]:
    """1, 2, 4, ... and `cores`."""
    return sorted({*(1 << power for power in range(cores.bit_length())), cores})


@dataclass(slots=True)
class _StepProgress:
    """Reports progress as a share of a known number of steps."""

    reporter: TaskReporter
    total: int
    done: int = 0

    def report(self, text: str) -> None:
        self.reporter.progress(text, self.done / self.total)

    def start_step(self, text: str) -> None:
        self.report(text)
        self.done += 1


def measure_roofline(
    settings: Settings, arguments: RooflineArguments, counters: PerfCounters, reporter: TaskReporter
) -> RooflineResult:
    """See `MemoryTrafficTasks.roofline`."""
    transformations = [TRANSFORMATIONS[name] for name in arguments.kernels]
    thread_counts = select_thread_counts(settings.cores)
    max_bytes = int(memory_check.MAX_MEMORY_SHARE / 2 * available_memory_bytes())
    sizes = list_triad_sizes(min(MAX_SIZE_BYTES, max_bytes))
    version_count = sum(len(transformation.versions) for transformation in transformations)
    progress = _StepProgress(reporter, len(thread_counts) * (len(sizes) + 1) + version_count)
    triads: dict[int, list[triad.Triad]] = {threads: [] for threads in thread_counts}
    peaks: dict[int, float] = {}
    for threads in thread_counts:
        progress.start_step(f"peak of arithmetic, {format_count(threads, 'thread')}")
        best = peak.measure_peak(threads, TRIAD_PASSES, MIN_KERNEL_S)
        peaks[threads] = best.gflop_s
        reporter.report("peak", PeakRate(threads=threads, gflop_s=best.gflop_s, bits=best.vector_bits))
        for size_bytes in sizes:
            progress.start_step(f"triad of {format_bytes(size_bytes)}, {format_count(threads, 'thread')}")
            measured = triad.measure_triad(size_bytes, threads, TRIAD_PASSES, MIN_TRIAD_S)
            triads[threads].append(measured)
            reporter.report("triad", TriadPoint(threads=threads, bytes=measured.bytes, gb_s=measured.gb_s))
    for transformation in transformations:
        _measure_versions(transformation, arguments.fields, settings, _Limits(triads, peaks), counters, progress)
    return RooflineResult(uncounted=counters.missing)


@dataclass(frozen=True, slots=True)
class _Limits:
    """What was measured of this machine, by number of threads."""

    triads: Mapping[int, Sequence[triad.Triad]]
    peaks_gflop_s: Mapping[int, float]


def _measure_versions(
    transformation: Transformation,
    fields: int,
    settings: Settings,
    limits: _Limits,
    counters: PerfCounters,
    progress: _StepProgress,
) -> None:
    """Measure every version of a transformation at its default size, and report it as `kernel`."""
    memory_check.require_memory(problem_sizes.estimate_bytes(transformation, size_kib=0, side=0))
    progress.report(f"{transformation.label}: making the arrays")
    problem = problems.make_problem(transformation, size_kib=0, side=0, tile=0, fields=fields, seed=settings.seed)
    for version in transformation.versions:
        progress.start_step(f"{transformation.label}: {version.label}")
        kernel = numba_compile.build_kernel(
            transformation, version, problem.arguments_for(version.name), cores=settings.cores, fields=fields
        )
        point = _measure_version(transformation, version, kernel, problem, settings, limits, counters)
        progress.reporter.report("kernel", point)


def _measure_version(
    transformation: Transformation,
    version: Version,
    kernel: numba_compile.Kernel,
    problem: Problem,
    settings: Settings,
    limits: _Limits,
    counters: PerfCounters,
) -> RooflinePoint:
    arguments = problem.arguments_for(version.name)
    try:
        problem.run_checked(kernel.call, arguments, version.label)
    except BadInput as error:
        raise BadInput(f"{transformation.label}: {error}", error.remedy) from error
    seconds = timing.measure_best_s(kernel, arguments, KERNEL_PASSES, MIN_KERNEL_S)
    threads = version.threads(settings.cores)
    touched_bytes = problem.touched_bytes(version.name)
    limit_gb_s = nearest_bandwidth(limits.triads[threads], touched_bytes)
    place = place_under_roofline(
        problem.traffic_bytes(version.name), problem.flops, seconds, limit_gb_s, limits.peaks_gflop_s[threads]
    )
    return RooflinePoint(
        transformation=transformation.label,
        version=version.name,
        label=version.label,
        threads=threads,
        bytes=touched_bytes,
        seconds=seconds,
        machine_code=kernel.loops.describe()[0] if kernel.loops else "the library's",
        counted=counters.count(lambda: kernel.call(*arguments)),
        **place,
    )


def nearest_bandwidth(triads: Sequence[triad.Triad], size_bytes: int) -> float:
    """GB/s of the triad whose size has the smallest ratio to `size_bytes`."""
    return min(triads, key=lambda measured: abs(math.log(measured.bytes / size_bytes))).gb_s


def place_under_roofline(
    traffic_bytes: int, flops: int, seconds: float, limit_gb_s: float, peak_gflop_s: float
) -> dict[str, float]:
    """Intensity, rates and share of the limit of a kernel that moves `traffic_bytes` and does `flops` in `seconds`.

    The limits are the bandwidth `limit_gb_s` and the arithmetic peak `peak_gflop_s`; the lower one counts.
    """
    intensity, gb_s, gflop_s = flops / traffic_bytes, traffic_bytes / seconds / 1e9, flops / seconds / 1e9
    # Without arithmetic there is only the limit of memory.
    share = gflop_s / min(peak_gflop_s, intensity * limit_gb_s) if flops else gb_s / limit_gb_s
    return {"intensity": intensity, "gflop_s": gflop_s, "gb_s": gb_s, "limit_gb_s": limit_gb_s, "share": share}
