"""What one element costs at every size of a tile, or length of a strip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic import problem_sizes, problems
from workloads.memory_traffic.catalogue import Transformation
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.measure import memory_check, timing
from workloads.memory_traffic.measurements import SweepLevel, SweepPoint, SweepResult
from workloads.memory_traffic.problem import Problem

PASSES = 3
TILE_SIDES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
STRIP_LENGTHS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
REFERENCE_VERSIONS = {
    "tiling": ("ikj", "blas"),
    "transpose": ("rows",),
    "stencil": ("threads", "time"),
    "dependence": ("recurrence",),
}
"""By transformation: versions that are timed once for comparison, without tiles or with their default tile."""


@dataclass(frozen=True, slots=True)
class SweptVersion:
    """A version that is timed at every tile side or strip length."""

    name: str
    reused_bytes: Callable[[int], int]
    """Number of bytes that are used repeatedly at a given tile side or strip length. A cache should hold them."""
    one_tile_per_thread: bool = False
    """Whether a thread takes whole rows or columns of tiles. With fewer of them than threads, some threads idle."""


SWEPT_VERSIONS = {
    # A tile of `b`; and sixteen rows of `a` with four columns of `b`, each two tile sides long.
    "tiling": (
        SweptVersion("tiled", lambda tile: 4 * tile * tile, one_tile_per_thread=True),
        SweptVersion("blocked", lambda tile: 4 * (16 + 4) * 2 * tile),
    ),
    # A tile that is read, and one that is written.
    "transpose": (SweptVersion("tiles", lambda tile: 2 * 4 * tile * tile, one_tile_per_thread=True),),
    # Three rows of a tile that are read, and one that is written.
    "stencil": (SweptVersion("tiles", lambda tile: 4 * (3 + 1) * tile, one_tile_per_thread=True),),
    # Four strips that are read, and four that are written.
    "dependence": (SweptVersion("strips", lambda strip: 8 * (4 + 4) * strip),),
}
"""By transformation."""


def sweep_tiles(transformation: Transformation, settings: Settings, reporter: TaskReporter) -> SweepResult:
    """See `MemoryTrafficTasks.sweep`."""
    kernel_settings = read_kernel_settings(settings.parameters)
    size_kib, side = kernel_settings.size_kib, kernel_settings.side
    memory_check.require_memory(problem_sizes.estimate_bytes(transformation, size_kib=size_kib, side=side))
    reporter.progress("making the arrays")
    problem = problems.make_problem(transformation, size_kib=size_kib, side=side, tile=0, fields=1, seed=settings.seed)
    out = problem.require_out()
    for name in REFERENCE_VERSIONS[transformation.name]:
        version = transformation.version(name)
        reporter.progress(version.label)
        arguments = problem.arguments_for(name)
        kernel = numba_compile.build_kernel(transformation, version, arguments, cores=settings.cores)
        problem.run_checked(kernel.call, arguments, version.label)
        seconds = timing.measure_best_s(kernel, arguments, PASSES)
        ns = 1e9 * seconds / out.size
        reporter.report("level", SweepLevel(version=name, label=version.label, seconds=seconds, ns=ns))
    lengths = _list_lengths(transformation, problem, settings.cores)
    swept_versions = SWEPT_VERSIONS[transformation.name]
    for index, swept in enumerate(swept_versions):
        version = transformation.version(swept.name)
        arguments = problem.arguments_for(swept.name)
        kernel = numba_compile.build_kernel(transformation, version, arguments, cores=settings.cores)
        for number, length in enumerate(lengths):
            if swept.one_tile_per_thread and _count_tile_rows(problem, out, length) < settings.cores:
                # The time would show the idle threads, not the tile.
                continue
            reporter.progress(f"{version.label}: {length}", (index + number / len(lengths)) / len(swept_versions))
            # The tile is the last argument of every such kernel.
            tile_arguments = (*arguments[:-1], length)
            problem.run_checked(kernel.call, tile_arguments, version.label)
            seconds = timing.measure_best_s(kernel, tile_arguments, PASSES)
            point = SweepPoint(
                version=swept.name,
                label=version.label,
                x=length,
                seconds=seconds,
                ns=1e9 * seconds / out.size,
                bytes=swept.reused_bytes(length),
            )
            reporter.report("point", point)
    shape = " × ".join(f"{extent:,}" for extent in out.shape) + f" {out.dtype}"
    return SweepResult(shape=shape)


def _list_lengths(transformation: Transformation, problem: Problem, cores: int) -> list[int]:
    """Tile sides or strip lengths that fit into the arrays. Raises BadInput if there are none."""
    out = problem.require_out()
    lengths, max_length = TILE_SIDES, max(out.shape)
    if transformation.name == "dependence":
        # The kernel would shorten longer strips.
        lengths, max_length = STRIP_LENGTHS, problem_sizes.strip_length(out.size, cores, STRIP_LENGTHS[-1])
    fitting = [length for length in lengths if length <= max_length]
    if not fitting:
        raise BadInput(
            f"the array is too small for a sweep: {problem.description}", "Choose a larger size, or fewer cores."
        )
    return fitting


def _count_tile_rows(problem: Problem, out: np.ndarray, tile: int) -> int:
    return -(-(len(out) - 2 * problem.border) // tile)
