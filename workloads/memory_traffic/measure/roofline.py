"""The roofline: what memory and arithmetic allow here, by the number of threads, and how near the kernels come."""

from __future__ import annotations

import math
from typing import Any

from bench.formatting import format_bytes
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import KIB, MIB, Transformation
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import memory_check, triad
from workloads.memory_traffic.measure.perf_counters import PerfCounters

MIN_SIZE_BYTES = 12 * KIB
MAX_SIZE_BYTES = 1024 * MIB
SIZE_FACTOR = math.sqrt(2)
PASSES, MIN_TRIAD_S = 5, 0.1
"""Of the triad at every size, at least."""
KERNEL_PASSES, MIN_KERNEL_S = 3, 0.5
"""Of each version and of the peak at least: three for what takes seconds, and long enough for threads that are seldom
all awake."""


def triad_sizes(largest: int) -> list[int]:
    """Bytes of the triad's three arrays: from inside the nearest cache on, two to a doubling."""
    count = int(math.log(max(largest, MIN_SIZE_BYTES) / MIN_SIZE_BYTES, SIZE_FACTOR)) + 1
    return [round(MIN_SIZE_BYTES * SIZE_FACTOR**place) for place in range(count)]


def select_thread_counts(cores: int) -> list[int]:
    """One, its doublings, and all."""
    return sorted({*(1 << power for power in range(cores.bit_length())), cores})


def measure_roofline(
    settings: Settings, wanted: list[Transformation], counting: PerfCounters, tell: TaskReporter
) -> dict[str, Any]:
    """See `Desk.roofline`."""
    counts = select_thread_counts(settings.cores)
    stairs = triad_sizes(min(MAX_SIZE_BYTES, int(memory_check.MAX_MEMORY_SHARE / 2 * memory_check.available_bytes())))
    steps = len(counts) * (len(stairs) + 1) + sum(len(one.versions) for one in wanted)
    done = 0
    found: dict[int, list[triad.Triad]] = {}
    peaks: dict[int, float] = {}
    for threads in counts:
        tell.progress(f"peak of arithmetic, {threads} threads", done / steps)
        best = triad.measure_peak(threads, PASSES, MIN_KERNEL_S)
        peaks[threads] = best.gflop_s
        tell.event("peak", {"threads": threads, "gflop_s": best.gflop_s, "bits": best.bits})
        done += 1
        for size in stairs:
            tell.progress(f"triad of {format_bytes(size)}, {threads} threads", done / steps)
            one = triad.measure_triad(size, threads, PASSES, MIN_TRIAD_S)
            found.setdefault(threads, []).append(one)
            tell.event("triad", {"threads": threads, "bytes": one.bytes, "gb_s": one.gb_s})
            done += 1
    for transformation in wanted:
        for point in _measure_versions(transformation, settings, found, peaks, counting, tell, done, steps):
            tell.event("kernel", point)
        done += len(transformation.versions)
    return {"threads": counts, "uncounted": counting.why}


def _measure_versions(
    one: Transformation,
    settings: Settings,
    found: dict[int, list[triad.Triad]],
    peaks: dict[int, float],
    counting: PerfCounters,
    tell: TaskReporter,
    done: int,
    steps: int,
) -> list[dict[str, Any]]:
    """Every version of a transformation, at the size that suits it."""
    memory_check.require_memory(problems.estimate_bytes(one, size_kib=0, side=0))
    tell.progress(f"{one.label}: making the arrays", done / steps)
    fields = int(settings.parameters["fields"])
    problem = problems.make_problem(one, size_kib=0, side=0, tile=0, fields=fields, seed=settings.seed)
    points = []
    for place, version in enumerate(one.versions):
        tell.progress(f"{one.label}: {version.label}", (done + place) / steps)
        arguments = problem.given(version.name)
        kernel = numba_compile.build_kernel(one, version, arguments, cores=settings.cores, fields=fields)
        try:
            problem.checked(kernel.call, arguments, version.label)
        except BadInput as wrong:
            raise BadInput(f"{one.label}: {wrong}", wrong.remedy) from wrong
        seconds = triad.measure_best_s(kernel, arguments, KERNEL_PASSES, MIN_KERNEL_S)
        threads = version.threads(settings.cores)
        arrays = problem.touched(version.name)
        moved = problem.traffic(version.name)
        points.append(
            {
                "transformation": one.label,
                "version": version.name,
                "label": version.label,
                "threads": threads,
                "bytes": arrays,
                "seconds": seconds,
                "words": kernel.loops.words()[0] if kernel.loops else "the library's",
                "counted": counting.around(lambda kernel=kernel, arguments=arguments: kernel.call(*arguments)),
            }
            | place_under_roofline(
                moved, problem.flops, seconds, nearest_bandwidth(found[threads], arrays), peaks[threads]
            )
        )
    return points


def nearest_bandwidth(stairs: list[triad.Triad], size: int) -> float:
    """GB/s of the triad at the size nearest to `size` bytes, by their ratio."""
    return min(stairs, key=lambda one: abs(math.log(one.bytes / size))).gb_s


def place_under_roofline(
    moved: int, flops: int, seconds: float, limit_gb_s: float, peak_gflop_s: float
) -> dict[str, float]:
    """Where a kernel stands under the roof of `limit_gb_s` and `peak_gflop_s`."""
    intensity, gb_s, gflop_s = flops / moved, moved / seconds / 1e9, flops / seconds / 1e9
    # Without arithmetic there is the slope alone; elsewhere both say the same, in operations or in bytes.
    share = gflop_s / min(peak_gflop_s, intensity * limit_gb_s) if flops else gb_s / limit_gb_s
    return {"intensity": intensity, "gflop_s": gflop_s, "gb_s": gb_s, "limit_gb_s": limit_gb_s, "share": share}
