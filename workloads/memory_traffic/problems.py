"""Makes the problem of each transformation: arrays of the requested size, and the result to expect."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from bench.workload.interface import BadInput
from workloads.memory_traffic.catalogue import KIB, Transformation
from workloads.memory_traffic.problem import Problem
from workloads.memory_traffic.problem_sizes import MATRIX_COUNTS, max_odd_side

STENCIL_SWEEPS = 8
STENCIL_BLOCK_ELEMENTS = 1 << 15
"""Elements of a block of rows in which the expected result of the stencil is computed."""
TRIAD_SCALAR = 3.0
"""As in STREAM."""
EXACT_SUMS = "none: sums of whole numbers are exact"
"""Why the result has no error if the inputs come from `make_spaced_numbers`."""
EPSILON = {np.dtype(np.float32): 1.2e-7, np.dtype(np.float64): 2.3e-16}
DIGESTED_ELEMENTS = 1 << 16
FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def make_problem(
    transformation: Transformation, *, size_kib: int, side: int, tile: int, fields: int, seed: int
) -> Problem:
    """The problem of a transformation, with random inputs from `seed`.

    `size_kib` is the size of all arrays together, `side` the side of the matrices instead of a size, `tile` the side of
    a tile or the longest strip; 0 selects the default of each. `fields` is the number of particle fields that are used.
    Raises BadInput if a side is given for a transformation without matrices.
    """
    size_bytes = (size_kib or transformation.size_kib) * KIB
    tile = tile or transformation.tile
    rng = np.random.default_rng(seed)
    name = transformation.name
    if name in MATRIX_COUNTS:
        return _MATRIX_MAKERS[name](rng, side or max_odd_side(size_bytes, MATRIX_COUNTS[name]), tile)
    if side:
        raise BadInput(f"{transformation.label} has no matrices, and therefore no side", "Set the side to 0.")
    match name:
        case "layout":
            return _make_layout(rng, size_bytes, fields)
        case "vectorization":
            return _make_dot(rng, size_bytes)
        case "dependence":
            return _make_running_sums(rng, size_bytes, tile)
        case "multithreading":
            return _make_triad(rng, size_bytes)
    raise ValueError(f"there are no arrays for the transformation {name}")


def make_spaced_numbers(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype, count: int, lowest: float
) -> np.ndarray:
    """Random numbers out of `lowest`, `lowest` + 1, and so on, `count` different values.

    Their sums are exact in any order as long as they fit into the significand of `dtype`. An element that a kernel
    leaves out, or adds twice, therefore always shows.
    """
    numbers = rng.random(shape, dtype)
    # In place, because there may be no memory for a second array.
    numbers *= count
    np.floor(numbers, out=numbers)
    numbers += lowest
    return numbers


def _digest_data(shape: str, data: np.ndarray) -> str:
    return hashlib.sha256(shape.encode() + data.ravel()[:DIGESTED_ELEMENTS].tobytes()).hexdigest()


def _make_unit_stride(rng: np.random.Generator, side: int, tile: int) -> Problem:
    # A row is 1/side of the sum, which is less than the rounding error of float32 for arbitrary numbers. float32 holds
    # the sum of 65,793 whole numbers up to 255 exactly, and no side is longer than that.
    a = make_spaced_numbers(rng, (side, side), FLOAT32, 255, 1)
    return Problem(
        description=f"{side:,} × {side:,} float32",
        arguments={"": (a,)},
        out=None,
        reference=float(a.sum(dtype=np.float64)),
        tolerance=0.0,
        tolerance_reason=EXACT_SUMS,
        bytes=a.nbytes,
        flops=a.size,
        digest=_digest_data(str(a.shape), a),
    )


def _make_layout(rng: np.random.Generator, size_bytes: int, fields: int) -> Problem:
    n = max(1, size_bytes // 64)
    aos = rng.random((n, 8))
    x, y, z, vx, vy, vz, mass, charge = (aos[:, field] for field in range(8))
    match fields:
        case 1:
            reference, flops = mass.sum(), n
        case 2:
            reference, flops = mass @ vx, 2 * n
        case _:
            kinetic = 0.5 * (mass * (vx * vx + vy * vy + vz * vz)).sum()
            reference, flops = kinetic + (charge * (x + y + z)).sum(), 12 * n
    return Problem(
        description=f"{n:,} particles with 8 float64 fields, {fields} used",
        arguments={"aos": (aos,), "soa": (np.ascontiguousarray(aos.T),)},
        out=None,
        reference=float(reference),
        tolerance=max(n, 16) * EPSILON[FLOAT64],
        tolerance_reason="n · ε of float64",
        bytes=8 * n * fields,
        flops=flops,
        digest=_digest_data(str(n), aos),
        # In the array of structures, every cache line holds a part of what is used.
        version_touched={"soa": 8 * n * fields},
    )


def _make_dot(rng: np.random.Generator, size_bytes: int) -> Problem:
    n = max(1, size_bytes // 16)
    x, y = rng.random((2, n))
    return Problem(
        description=f"two vectors of {n:,} float64",
        arguments={"": (x, y)},
        out=None,
        reference=float(x @ y),
        tolerance=max(n, 16) * EPSILON[FLOAT64],
        tolerance_reason="n · ε of float64",
        bytes=16 * n,
        flops=2 * n,
        digest=_digest_data(str(n), x),
    )


def _make_running_sums(rng: np.random.Generator, size_bytes: int, max_strip: int) -> Problem:
    n = max(2, size_bytes // 16)
    a = rng.random(n)
    out = np.zeros_like(a)
    return Problem(
        description=f"{n:,} float64, strips of at most {max_strip:,}",
        arguments={"": (a, out, max_strip)},
        out=out,
        reference=np.cumsum(a),
        tolerance=max(n, 16) * EPSILON[FLOAT64],
        tolerance_reason="n · ε of float64",
        bytes=16 * n,
        flops=n,
        digest=_digest_data(str(n), a),
    )


def _make_triad(rng: np.random.Generator, size_bytes: int) -> Problem:
    n = max(1, size_bytes // 24)
    b, c = rng.random((2, n))
    out = np.zeros_like(b)
    return Problem(
        description=f"three vectors of {n:,} float64",
        arguments={"": (b, c, TRIAD_SCALAR, out)},
        out=out,
        reference=b + TRIAD_SCALAR * c,
        tolerance=2 * EPSILON[FLOAT64],
        tolerance_reason="2 · ε of float64",
        bytes=24 * n,
        flops=2 * n,
        digest=_digest_data(str(n), b),
    )


def _make_tiling(rng: np.random.Generator, side: int, tile: int) -> Problem:
    # float32 holds the sum of 74,565 products of whole numbers up to 15 exactly, and no side is longer than that.
    a, b = make_spaced_numbers(rng, (2, side, side), FLOAT32, 15, 1)
    out = np.zeros_like(a)
    return Problem(
        description=f"{side:,} × {side:,} float32, tiles of {tile:,}",
        arguments={"": (a, b, out, tile)},
        out=out,
        reference=a @ b,
        tolerance=0.0,
        tolerance_reason=EXACT_SUMS,
        bytes=3 * a.nbytes,
        flops=2 * side**3,
        digest=_digest_data(str(a.shape), a),
    )


def _make_transpose(rng: np.random.Generator, side: int, tile: int) -> Problem:
    a = rng.random((side, side), np.float32)
    out = np.zeros_like(a)
    return Problem(
        description=f"{side:,} × {side:,} float32, tiles of {tile:,}",
        arguments={"": (a, out, tile)},
        out=out,
        reference=a.T,
        tolerance=0.0,
        tolerance_reason="none: it is a copy",
        bytes=2 * a.nbytes,
        flops=0,
        digest=_digest_data(str(a.shape), a),
    )


def _make_stencil(rng: np.random.Generator, side: int, tile: int) -> Problem:
    side = max(3, side)
    start = rng.random((side, side), np.float32)
    even, odd, out, reference = (np.empty_like(start) for _ in range(4))
    _average_neighbours(start, even, odd, reference)
    for array in (even, odd, out):
        # Also where only results belong: the result to expect must not be there before a kernel runs.
        array[:] = start
    sweep_bytes = 2 * start.nbytes
    return Problem(
        description=f"{side:,} × {side:,} float32, {STENCIL_SWEEPS} sweeps, tiles of {tile:,}",
        arguments={"": (start, even, odd, out, STENCIL_SWEEPS, tile)},
        out=out,
        reference=reference,
        tolerance=4 * STENCIL_SWEEPS * EPSILON[FLOAT32],
        tolerance_reason="4 · ε of float32 for each sweep",
        bytes=STENCIL_SWEEPS * sweep_bytes,
        flops=4 * STENCIL_SWEEPS * (side - 2) ** 2,
        digest=_digest_data(str(start.shape), start),
        version_traffic={"time": sweep_bytes},
        border=1,
        intermediate=(even, odd),
    )


def _average_neighbours(start: np.ndarray, even: np.ndarray, odd: np.ndarray, result: np.ndarray) -> None:
    """STENCIL_SWEEPS sweeps of the stencil by NumPy from `start` to `result`; `even` and `odd` are overwritten.

    Blocks of rows stay in a near cache. NumPy's expressions would move every intermediate result to memory and back.
    """
    n, m = start.shape
    rows = max(1, STENCIL_BLOCK_ELEMENTS // m)
    source = start
    for sweep in range(STENCIL_SWEEPS):
        target = result if sweep == STENCIL_SWEEPS - 1 else even if sweep % 2 == 0 else odd
        target[0], target[-1], target[:, 0], target[:, -1] = start[0], start[-1], start[:, 0], start[:, -1]
        for first in range(1, n - 1, rows):
            last = min(first + rows, n - 1)
            block = target[first:last, 1:-1]
            np.add(source[first - 1 : last - 1, 1:-1], source[first + 1 : last + 1, 1:-1], out=block)
            block += source[first:last, :-2]
            block += source[first:last, 2:]
            block *= np.float32(0.25)
        source = target


_MATRIX_MAKERS: dict[str, Callable[[np.random.Generator, int, int], Problem]] = {
    "unit-stride": _make_unit_stride,
    "transpose": _make_transpose,
    "tiling": _make_tiling,
    "stencil": _make_stencil,
}
