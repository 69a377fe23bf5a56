"""The data of every transformation: arrays of the size asked for, the right result, and what the algorithm moves.

Bytes are counted as STREAM counts them: each element that the algorithm must read or write once, at its own width;
that a line is read before it is written, or thrown away with most of it unused, is not counted but shown by the time.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.workload.interface import BadInput
from workloads.memory_traffic.catalogue import KIB, Transformation

STENCIL_SWEEPS = 8
"""Of the stencil."""
TRIAD_SCALAR = 3.0
"""Of the triad, as in STREAM."""
SAMPLE_BYTES = 64 * 1024 * KIB
"""Traffic of the plain algorithm in a sample, where fewer operations do not make it long enough."""
SAMPLE_FLOPS = 1 << 24
MAX_CALLS = 10_000
"""In a sample: each of them may start threads, whatever little there is to do."""
MATRIX_COUNTS = {"unit-stride": 1, "transpose": 2, "tiling": 3, "stencil": 4}
"""Float32 matrices that share the size of those transformations that have a side."""
EXTRA_MEMORY_SHARES = {
    "unit-stride": 0.2,
    "layout": 1.5,
    "vectorization": 0.2,
    "dependence": 1.4,
    "multithreading": 0.8,
    "tiling": 1.3,
    "transpose": 0.6,
    "stencil": 0.9,
}
"""Share of the arrays that an arm takes beside them: the reference, the other layout, and the errors while they last.
As measured, and some more; a test holds it to what a process really takes."""
EXACT_SUMS = "none: sums of whole numbers are exact"
"""Why sums and products of the numbers that `spaced` makes are allowed no error."""
EPSILON = {np.dtype(np.float32): 1.2e-7, np.dtype(np.float64): 2.3e-16}


@dataclass(frozen=True, slots=True)
class Problem:
    """One kernel's work."""

    shape: str
    arguments: Mapping[str, tuple[Any, ...]]
    """By version; under `` for all that are not named."""
    out: np.ndarray | None
    """What the kernel writes; None where it returns a number."""
    reference: np.ndarray | float
    tolerance: float
    """Largest error allowed, relative to the largest element of the reference."""
    tolerance_why: str
    bytes: int
    """Of one call, as the plain algorithm moves them."""
    flops: int
    digest: str
    moved: Mapping[str, int]
    """Bytes of the versions whose algorithm moves others."""
    border: int = 0
    """Elements along the edges of `out` and `between` that a kernel may leave as they are."""
    between: tuple[np.ndarray, ...] = ()
    """Other arrays that a kernel writes on its way to `out`."""
    used: Mapping[str, int] = field(default_factory=dict)
    """Bytes of the versions that touch no more than a part of their arrays."""

    @property
    def calls(self) -> int:
        """Calls that make a sample long enough to time; a few milliseconds, and the same for all versions. Of what is
        tiny a sample is shorter, and the race takes several for one."""
        enough = [MAX_CALLS, SAMPLE_BYTES // self.bytes] + ([SAMPLE_FLOPS // self.flops] if self.flops else [])
        return max(1, min(enough))

    @property
    def longest(self) -> int:
        """Longest side of its arrays, in elements."""
        arrays = [one for given in self.arguments.values() for one in given if isinstance(one, np.ndarray)]
        return max(max(one.shape) for one in arrays)

    def resident(self, version: str) -> int:
        """Bytes of all arrays that a version is given."""
        return sum({id(one): one.nbytes for one in self.given(version) if isinstance(one, np.ndarray)}.values())

    def touched(self, version: str) -> int:
        """Bytes of what a version touches of them: what caches must hold."""
        return self.used.get(version, self.resident(version))

    def given(self, version: str) -> tuple[Any, ...]:
        return self.arguments.get(version, self.arguments.get("", ()))

    def traffic(self, version: str) -> int:
        return self.moved.get(version, self.bytes)

    def errors(self, returned: Any) -> np.ndarray:
        """Every element's error, relative to the largest element of the reference."""
        result = np.asarray(returned if self.out is None else self.out)
        scale = float(np.max(np.abs(self.reference))) or 1.0
        return np.abs(result - self.reference) / scale

    def checked(self, call: Callable[..., Any], arguments: tuple[Any, ...], name: str) -> float:
        """Call a kernel once, and `check` it: what an earlier one has left in `out`, or on its way there, cannot pass
        for its result, or help it."""
        inner = slice(self.border, -self.border or None)
        for written in self.between if self.out is None else (self.out, *self.between):
            written[(inner,) * written.ndim] = np.nan
        return self.check(call(*arguments), name)

    def check(self, returned: Any, name: str) -> float:
        """The largest error. Raises BadInput where it is beyond the tolerance, or no number."""
        largest = float(np.max(self.errors(returned)))
        if not largest <= self.tolerance:
            raise BadInput(
                f"{name} is wrong: it differs from NumPy by {largest:.2g}, where {self.tolerance:.2g} is allowed",
                "This is a mistake in Fairlap or in the compiler; report it with the versions of both.",
            )
        return largest


def make_problem(one: Transformation, *, size_kib: int, side: int, tile: int, fields: int, seed: int) -> Problem:
    """The transformation's problem. Raises BadInput for what it cannot be made of."""
    room = (size_kib or one.size_kib) * KIB
    makers: dict[str, Callable[..., Problem]] = {
        "unit-stride": _make_unit_stride,
        "transpose": _make_transpose,
        "tiling": _make_tiling,
        "stencil": _make_stencil,
    }
    rng = np.random.default_rng(seed)
    tile = tile or one.tile
    if one.name in makers:
        return makers[one.name](rng, room, side, tile)
    if side:
        raise BadInput(f"{one.label} has no matrix with a side", "Set its size, and leave the side at 0.")
    if one.name == "layout":
        return _make_layout(rng, room, fields)
    return {"vectorization": _make_dot, "dependence": _make_running_sums, "multithreading": _make_triad}[one.name](
        rng, room, tile
    )


def estimate_bytes(one: Transformation, *, size_kib: int, side: int) -> int:
    """Bytes that one arm takes at most: its arrays, what it takes to check them, and the triad of as many bytes."""
    arrays = (
        4 * MATRIX_COUNTS[one.name] * side * side
        if side and one.name in MATRIX_COUNTS
        else (size_kib or one.size_kib) * KIB
    )
    return round((1 + EXTRA_MEMORY_SHARES[one.name] + 1) * arrays)


def strip_length(elements: int, threads: int, longest: int) -> int:
    """Elements of the strips that so many threads run side by side, as the kernel shortens them; 0 where a thread's
    share is too short for any."""
    share = -(-elements // threads)
    return min(longest, share // 4)


def max_odd_side(room: int, arrays: int) -> int:
    """The longest odd side of so many float32 matrices; odd, since a power of two makes all rows share cache sets."""
    side = math.isqrt(room // (4 * arrays))
    return max(3, side - 1 + side % 2)


def make_spaced_numbers(
    rng: np.random.Generator, shape: tuple[int, ...], kind: np.dtype, count: int, lowest: float
) -> np.ndarray:
    """Random numbers of `count` different values, one apart, from `lowest` on. Their sums are exact, in any order,
    as long as none needs more digits than `kind` has: what is left out of one, or added twice, shows."""
    made = rng.random(shape, kind)
    # In place: there may be no room for another.
    made *= count
    np.floor(made, out=made)
    made += lowest
    return made


def _digest_data(shape: str, data: np.ndarray) -> str:
    return hashlib.sha256(shape.encode() + data.ravel()[: 1 << 16].tobytes()).hexdigest()


def _make_unit_stride(rng: np.random.Generator, room: int, side: int, tile: int) -> Problem:
    n = side or max_odd_side(room, MATRIX_COUNTS["unit-stride"])
    # A row weighs 1/n of the sum, less than float32 loses on n numbers with all their digits. Of whole numbers up to
    # 255 it holds the sum of 65,793, and no side is as long.
    a = make_spaced_numbers(rng, (n, n), np.dtype(np.float32), 255, 1)
    return Problem(
        f"{n:,} × {n:,} float32",
        {"": (a,)},
        None,
        float(a.sum(dtype=np.float64)),
        0.0,
        EXACT_SUMS,
        a.nbytes,
        a.size,
        _digest_data(str(a.shape), a),
        {},
    )


def _make_layout(rng: np.random.Generator, room: int, fields: int) -> Problem:
    n = max(1, room // 64)
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
        f"{n:,} particles of 8 float64 fields, {fields} used",
        {"aos": (aos,), "soa": (np.ascontiguousarray(aos.T),)},
        None,
        float(reference),
        max(n, 16) * EPSILON[aos.dtype],
        "n · ε of float64",
        8 * n * fields,
        flops,
        _digest_data(str(n), aos),
        {},
        # Particle by particle every line holds something of what is used.
        used={"soa": 8 * n * fields},
    )


def _make_dot(rng: np.random.Generator, room: int, tile: int) -> Problem:
    n = max(1, room // 16)
    x, y = rng.random((2, n))
    return Problem(
        f"two vectors of {n:,} float64",
        {"": (x, y)},
        None,
        float(x @ y),
        max(n, 16) * EPSILON[x.dtype],
        "n · ε of float64",
        16 * n,
        2 * n,
        _digest_data(str(n), x),
        {},
    )


def _make_running_sums(rng: np.random.Generator, room: int, strip: int) -> Problem:
    n = max(2, room // 16)
    a = rng.random(n)
    out = np.zeros_like(a)
    return Problem(
        f"{n:,} float64, strips of {strip:,} at most",
        {"": (a, out, strip)},
        out,
        np.cumsum(a),
        max(n, 16) * EPSILON[a.dtype],
        "n · ε of float64",
        16 * n,
        n,
        _digest_data(str(n), a),
        {},
    )


def _make_triad(rng: np.random.Generator, room: int, tile: int) -> Problem:
    n = max(1, room // 24)
    b, c = rng.random((2, n))
    out = np.zeros_like(b)
    return Problem(
        f"three vectors of {n:,} float64",
        {"": (b, c, TRIAD_SCALAR, out)},
        out,
        b + TRIAD_SCALAR * c,
        2 * EPSILON[b.dtype],
        "2 · ε of float64",
        24 * n,
        2 * n,
        _digest_data(str(n), b),
        {},
    )


def _make_tiling(rng: np.random.Generator, room: int, side: int, tile: int) -> Problem:
    n = side or max_odd_side(room, MATRIX_COUNTS["tiling"])
    # Whole numbers up to 15: float32 holds the sum of 74,565 of their products, and no side is as long.
    a, b = make_spaced_numbers(rng, (2, n, n), np.dtype(np.float32), 15, 1)
    out = np.zeros_like(a)
    return Problem(
        f"{n:,} × {n:,} float32, tiles of {tile:,}",
        {"": (a, b, out, tile)},
        out,
        a @ b,
        0.0,
        EXACT_SUMS,
        3 * a.nbytes,
        2 * n**3,
        _digest_data(str(a.shape), a),
        {},
    )


def _make_transpose(rng: np.random.Generator, room: int, side: int, tile: int) -> Problem:
    n = side or max_odd_side(room, MATRIX_COUNTS["transpose"])
    a = rng.random((n, n), np.float32)
    out = np.zeros_like(a)
    return Problem(
        f"{n:,} × {n:,} float32, tiles of {tile:,}",
        {"": (a, out, tile)},
        out,
        a.T,
        0.0,
        "none: it is a copy",
        2 * a.nbytes,
        0,
        _digest_data(str(a.shape), a),
        {},
    )


def _make_stencil(rng: np.random.Generator, room: int, side: int, tile: int) -> Problem:
    n = max(3, side or max_odd_side(room, MATRIX_COUNTS["stencil"]))
    start = rng.random((n, n), np.float32)
    one, other, out = start.copy(), start.copy(), start.copy()
    reference, last = start.copy(), start.copy()
    for _ in range(STENCIL_SWEEPS):
        last, reference = reference, last
        reference[1:-1, 1:-1] = np.float32(0.25) * (last[:-2, 1:-1] + last[2:, 1:-1] + last[1:-1, :-2] + last[1:-1, 2:])
    each = 2 * start.nbytes
    return Problem(
        f"{n:,} × {n:,} float32, {STENCIL_SWEEPS} sweeps, tiles of {tile:,}",
        {"": (start, one, other, out, STENCIL_SWEEPS, tile)},
        out,
        reference,
        4 * STENCIL_SWEEPS * EPSILON[start.dtype],
        "4 · ε of float32 a sweep",
        STENCIL_SWEEPS * each,
        4 * STENCIL_SWEEPS * (n - 2) ** 2,
        _digest_data(str(start.shape), start),
        {"time": each},
        border=1,
        between=(one, other),
    )
