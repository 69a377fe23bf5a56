"""Compiles the loops that races time, into the cache of kernels."""

from __future__ import annotations

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_compile

SIZE_KIB = 256
"""Size of the arrays. The machine code depends on their types, not on their size."""


def compile_transformations(settings: Settings, reporter: TaskReporter) -> PreparationResult:
    """See `MemoryTrafficTasks.prepare`."""
    preparation = Preparation(settings.cache, reporter, 2 * len(TRANSFORMATIONS))
    is_stored, cache_error = False, ""
    for transformation in TRANSFORMATIONS.values():
        problem = problems.make_problem(transformation, size_kib=SIZE_KIB, side=0, tile=0, fields=1, seed=settings.seed)
        for name in (transformation.baseline, transformation.accelerated):
            version = transformation.version(name)
            with preparation.part(f"{transformation.label}: {version.label}"):
                kernel = numba_compile.build_kernel(
                    transformation, version, problem.arguments_for(name), cores=settings.cores, fields=1
                )
            is_stored = is_stored or (version.compiled and not kernel.cache_error)
            cache_error = cache_error or kernel.cache_error
    # A loop that cannot be stored is compiled by each race. If none is stored, the cache cannot be used.
    if not is_stored:
        preparation.refuse_unstored("The machine code", cache_error)
    return preparation.finish()
