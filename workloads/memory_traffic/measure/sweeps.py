"""Sweeps: what an element costs at every stride, and a kernel at every tile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.formatting import format_bytes
from bench.workload.interface import BadInput, Settings, TaskReporter
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import KIB, MIB, Transformation
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernels import unit_stride
from workloads.memory_traffic.measure import memory_check, triad

LINE_BYTES = 64
"""Bytes of a line."""
MAX_STRIDE = 64
STRIDE_TYPES = (np.float32, np.float64)
"""What is strided over: of float64, half as many share a line."""
STRIDE_MIB = 256
"""Of the array that is strided over, where no size is asked for."""
PASSES = 3
SIZES = tuple(16 * KIB << (2 * place) for place in range(8))
"""Bytes of all arrays: 16 KiB to 256 MiB."""
TILES = (4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048)
STRIPS = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
REFERENCE_VERSIONS = {
    "tiling": ("ikj", "blas"),
    "transpose": ("rows",),
    "stencil": ("threads", "time"),
    "dependence": ("recurrence",),
}
"""Versions that stand beside, at one tile or without any."""


@dataclass(frozen=True, slots=True)
class TileSweep:
    """A version that is timed at every tile, or strip."""

    version: str
    held: Callable[[int], int]
    """Bytes that a tile of so many elements, or a strip, uses again and again, and a cache had better hold."""
    shares: bool = False
    """Whether a thread takes whole rows or columns of tiles: with fewer of them than threads, some have no work."""


TILE_SWEEPS = {
    # A tile of `b`; sixteen rows of `a` and four columns of `b`, twice a tile long each.
    "tiling": (
        TileSweep("tiled", lambda tile: 4 * tile * tile, shares=True),
        TileSweep("blocked", lambda tile: 4 * (16 + 4) * 2 * tile),
    ),
    # A tile that is read, and one that is written.
    "transpose": (TileSweep("tiles", lambda tile: 2 * 4 * tile * tile, shares=True),),
    # Three rows of a tile that are read, and one that is written.
    "stencil": (TileSweep("tiles", lambda tile: 4 * (3 + 1) * tile, shares=True),),
    # Four strips that are read, and four that are written.
    "dependence": (TileSweep("strips", lambda strip: 8 * (4 + 4) * strip),),
}


def sweep_strides(settings: Settings, tell: TaskReporter) -> dict[str, Any]:
    """See `Desk.sweep`."""
    size = int(settings.parameters["size"]) * KIB or STRIDE_MIB * MIB
    memory_check.require_memory(size)
    for place, kind in enumerate(STRIDE_TYPES):
        _sweep_type(np.dtype(kind), size, settings.seed, tell, place)
    shape = " and then ".join(f"{_count_elements(np.dtype(kind), size):,} {np.dtype(kind)}" for kind in STRIDE_TYPES)
    return {"what": "stride", "shape": f"{shape}, {format_bytes(size)} each", "threads": 1, "passes": PASSES}


def _count_elements(kind: np.dtype, size: int) -> int:
    """Elements of the array that is strided over."""
    return max(MAX_STRIDE, size // kind.itemsize)


def _sweep_type(kind: np.dtype, size: int, seed: int, tell: TaskReporter, place: int) -> None:
    """Every stride over an array of one kind of elements, which is gone when the next is made."""
    # ±0.5 to ±7.5: their sums stay near 0, exact however many there are.
    a = problems.make_spaced_numbers(np.random.default_rng(seed), (_count_elements(kind, size),), kind, 16, -7.5)
    tell.progress(f"compiling for {kind}")
    kernel = numba_compile.compile_function(unit_stride.strided, (a, 1), threads=1)
    for stride in range(1, MAX_STRIDE + 1):
        tell.progress(f"{kind}, stride {stride}", (place + (stride - 1) / MAX_STRIDE) / len(STRIDE_TYPES))
        elements = -(-len(a) // stride)
        if kernel.call(a, stride) != a[::stride].sum(dtype=np.float64):
            raise RuntimeError(f"the sum of {kind} at stride {stride} is wrong")
        seconds = triad.measure_best_s(kernel, (a, stride), PASSES)
        point = {"version": kind.name, "label": kind.name, "x": stride, "bytes": 0, "line": LINE_BYTES // kind.itemsize}
        tell.event("point", point | {"seconds": seconds, "ns": 1e9 * seconds / elements})


def sweep_tiles(one: Transformation, settings: Settings, tell: TaskReporter) -> dict[str, Any]:
    """See `Desk.sweep`."""
    size = {"size_kib": int(settings.parameters["size"]), "side": int(settings.parameters["side"])}
    memory_check.require_memory(problems.estimate_bytes(one, **size))
    tell.progress("making the arrays")
    problem = problems.make_problem(one, tile=0, fields=1, seed=settings.seed, **size)
    for name in REFERENCE_VERSIONS[one.name]:
        version = one.version(name)
        tell.progress(f"{version.label}")
        arguments = problem.given(name)
        kernel = numba_compile.build_kernel(one, version, arguments, cores=settings.cores)
        problem.checked(kernel.call, arguments, version.label)
        seconds = triad.measure_best_s(kernel, arguments, PASSES)
        tell.event("level", {"version": name, "label": version.label} | _time_fields(seconds, problem.out.size))
    lengths, longest = TILES, max(problem.out.shape)
    if one.name == "dependence":
        # Longer ones are shortened.
        lengths, longest = STRIPS, problems.strip_length(problem.out.size, settings.cores, STRIPS[-1])
    lengths = [length for length in lengths if length <= longest]
    if not lengths:
        raise BadInput(f"{problem.shape} are too few to sweep", "Choose a larger size, or fewer cores.")
    for place, swept in enumerate(TILE_SWEEPS[one.name]):
        name, version = swept.version, one.version(swept.version)
        kernel = numba_compile.build_kernel(one, version, problem.given(name), cores=settings.cores)
        for done, length in enumerate(lengths):
            if swept.shares and -(-(len(problem.out) - 2 * problem.border) // length) < settings.cores:
                # What it took would be told of the tile, and be the doing of the threads that idle.
                continue
            tell.progress(f"{version.label}: {length}", (place + done / len(lengths)) / len(TILE_SWEEPS[one.name]))
            # The tile is every such kernel's last argument.
            arguments = (*problem.given(name)[:-1], length)
            problem.checked(kernel.call, arguments, version.label)
            seconds = triad.measure_best_s(kernel, arguments, PASSES)
            point = {"version": name, "label": version.label, "x": length, "bytes": swept.held(length)}
            tell.event("point", point | _time_fields(seconds, problem.out.size))
    shape = " × ".join(f"{side:,}" for side in problem.out.shape) + f" {problem.out.dtype}"
    return {"what": one.name, "shape": shape, "threads": settings.cores, "passes": PASSES}


def sweep_sizes(one: Transformation, settings: Settings, tell: TaskReporter) -> dict[str, Any]:
    """See `Desk.sizes`."""
    versions = {lever: one.asked(lever, str(settings.parameters[lever])) for lever in ("before", "after")}
    threads = {lever: version.threads(settings.cores) for lever, version in versions.items()}
    # The triad is what they are held to: it has no more threads than they have.
    threads["triad"] = max(threads.values())
    largest = memory_check.MAX_MEMORY_SHARE / 2 * memory_check.available_bytes()
    wanted = [size for size in SIZES if problems.estimate_bytes(one, size_kib=size // KIB, side=0) <= largest]
    kernels: dict[str, numba_compile.Kernel] = {}
    fields, tile = int(settings.parameters["fields"]), int(settings.parameters["tile"])
    for place, size in enumerate(wanted):
        tell.progress(format_bytes(size), place / len(wanted))
        problem = problems.make_problem(one, size_kib=size // KIB, side=0, tile=tile, fields=fields, seed=settings.seed)
        for lever, version in versions.items():
            arguments = problem.given(version.name)
            if one.takes_minutes(version, problem.longest):
                continue
            kernel = kernels.get(lever) or numba_compile.build_kernel(
                one, version, arguments, cores=settings.cores, fields=fields
            )
            kernels[lever] = kernel
            numba_compile.set_thread_count(threads[lever])
            problem.checked(kernel.call, arguments, version.label)
            seconds = triad.measure_best_s(kernel, arguments, PASSES)
            told = {
                "version": version.name,
                "label": version.label,
                "lever": lever,
                "threads": threads[lever],
                "bytes": problem.resident(version.name),
            }
            rates = {"gb_s": problem.bytes / seconds / 1e9, "gflop_s": problem.flops / seconds / 1e9}
            tell.event("point", told | {"seconds": seconds} | rates)
        beside = triad.measure_triad(size, threads["triad"], PASSES)
        told = {"version": "triad", "label": "STREAM's triad", "lever": "triad", "bytes": beside.bytes}
        told["threads"] = beside.threads
        tell.event("point", told | {"seconds": beside.seconds, "gb_s": beside.gb_s, "gflop_s": beside.gb_s / 12})
    return {"transformation": one.name, "threads": threads["triad"], "passes": PASSES}


def _time_fields(seconds: float, elements: int) -> dict[str, float]:
    return {"seconds": seconds, "ns": 1e9 * seconds / elements}
