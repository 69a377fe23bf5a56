"""Times both versions of a race, and STREAM's triad, at array sizes from the nearest cache to beyond the last one."""

from __future__ import annotations

from typing import Literal

from bench.formatting import format_bytes
from bench.system.limits import available_memory_bytes
from bench.workload.interface import Settings, TaskReporter
from workloads.memory_traffic import problem_sizes, problems
from workloads.memory_traffic.catalogue import KIB, Transformation, Version
from workloads.memory_traffic.compiler import numba_compile, numba_runtime
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.measure import memory_check, timing, triad
from workloads.memory_traffic.measurements import SizePoint

PASSES = 3
SIZES_BYTES = tuple(16 * KIB << (2 * step) for step in range(8))
"""Size of all arrays together: 16 KiB to 256 MiB."""


def sweep_sizes(transformation: Transformation, settings: Settings, reporter: TaskReporter) -> None:
    """See `MemoryTrafficTasks.sizes`."""
    kernel_settings = read_kernel_settings(settings.parameters)
    versions: dict[Literal["before", "after"], Version] = {
        "before": transformation.version(settings.baseline),
        "after": transformation.version(settings.accelerated),
    }
    threads = {role: version.threads(settings.cores) for role, version in versions.items()}
    # The versions are compared with the triad, so it runs on no more threads than they do.
    max_threads = max(threads.values())
    sizes = _list_sizes(transformation)
    kernels: dict[str, numba_compile.Kernel] = {}
    fields, tile = kernel_settings.fields, kernel_settings.tile
    for number, size_bytes in enumerate(sizes):
        reporter.progress(format_bytes(size_bytes), number / len(sizes))
        problem = problems.make_problem(
            transformation, size_kib=size_bytes // KIB, side=0, tile=tile, fields=fields, seed=settings.seed
        )
        for role, version in versions.items():
            if transformation.takes_minutes(version, problem.max_side):
                continue
            arguments = problem.arguments_for(version.name)
            if role not in kernels:
                kernels[role] = numba_compile.build_kernel(
                    transformation, version, arguments, cores=settings.cores, fields=fields
                )
            numba_runtime.set_thread_count(threads[role])
            problem.run_checked(kernels[role].call, arguments, version.label)
            seconds = timing.measure_best_s(kernels[role], arguments, PASSES)
            point = SizePoint(
                version=version.name,
                label=version.label,
                role=role,
                threads=threads[role],
                bytes=problem.array_bytes(version.name),
                seconds=seconds,
                gb_s=problem.bytes / seconds / 1e9,
                gflop_s=problem.flops / seconds / 1e9,
            )
            reporter.report("point", point)
        reference = triad.measure_triad(size_bytes, max_threads, PASSES)
        point = SizePoint(
            version="triad",
            label="STREAM's triad",
            role="triad",
            threads=max_threads,
            bytes=reference.bytes,
            seconds=reference.seconds,
            gb_s=reference.gb_s,
            gflop_s=reference.gflop_s,
        )
        reporter.report("point", point)


def _list_sizes(transformation: Transformation) -> list[int]:
    """The sizes for which there is enough memory, in bytes."""
    max_bytes = memory_check.MAX_MEMORY_SHARE / 2 * available_memory_bytes()
    return [
        size_bytes
        for size_bytes in SIZES_BYTES
        if problem_sizes.estimate_bytes(transformation, size_kib=size_bytes // KIB, side=0) <= max_bytes
    ]
