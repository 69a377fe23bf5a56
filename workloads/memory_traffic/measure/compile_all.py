"""Compiles the loops that races time, into the cache of kernels."""

from __future__ import annotations

from bench.workload.interface import Settings, TaskReporter
from bench.workload.preparation import Preparation, PreparationResult
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS, Transformation
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernel_settings import read_kernel_settings

SIZE_KIB = 256
"""Size of the arrays. The machine code depends on their types, not on their size."""


def compile_transformations(settings: Settings, reporter: TaskReporter) -> PreparationResult:
    """See `MemoryTrafficTasks.prepare`."""
    versions = [
        (transformation, name, fields)
        for transformation in TRANSFORMATIONS.values()
        for name, fields in _list_versions(transformation, settings)
    ]
    preparation = Preparation(settings.cache, reporter, len(versions))
    is_stored, cache_error = False, ""
    for transformation, name, fields in versions:
        version = transformation.version(name)
        with preparation.part(f"{transformation.label}: {version.label}"):
            problem = problems.make_problem(
                transformation, size_kib=SIZE_KIB, side=0, tile=0, fields=fields, seed=settings.seed
            )
            kernel = numba_compile.build_kernel(
                transformation, version, problem.arguments_for(name), cores=settings.cores, fields=fields
            )
        is_stored = is_stored or (version.compiled and not kernel.cache_error)
        cache_error = cache_error or kernel.cache_error
    # A loop that cannot be stored is compiled by each race. If none is stored, the cache cannot be used.
    if not is_stored:
        preparation.refuse_unstored("The machine code", cache_error)
    return preparation.finish()


def _list_versions(transformation: Transformation, settings: Settings) -> list[tuple[str, int]]:
    """Names of the default versions of a transformation, and of those of the plan, each with the number of fields."""
    defaults = [(transformation.baseline, 1), (transformation.accelerated, 1)]
    if transformation.name != settings.case:
        return defaults
    fields = read_kernel_settings(settings.parameters).fields
    return list(dict.fromkeys([(settings.baseline, fields), (settings.accelerated, fields), *defaults]))
