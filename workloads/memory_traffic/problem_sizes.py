"""Sizes of the arrays of each transformation, and the memory that they need."""

from __future__ import annotations

import math

from workloads.memory_traffic.catalogue import KIB, Transformation

MATRIX_COUNTS = {"unit-stride": 1, "transpose": 2, "tiling": 3, "stencil": 4}
"""By transformation: number of float32 matrices that share its size."""
MIN_CONFLICTING_SIDE = 64
"""With a shorter side, the rows that a column crosses fit into the sets of the nearest cache, even if few are used."""
CONFLICTING_FACTOR = 256
"""A side that is a multiple of this has rows of whole KiB of float32: a column uses a fraction of the cache's sets."""
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
"""By transformation: memory that an arm needs in addition to the arrays, as a share of their size. This is the
reference, the other data layout, and the errors while they are computed. Measured values with a margin; a test compares
them with the memory that a process really takes."""


def estimate_bytes(transformation: Transformation, *, size_kib: int, side: int) -> int:
    """Upper bound of the memory of one arm: its arrays, what it needs to check them, and a triad of the same size.

    `size_kib` and `side` are those of the plan; 0 is the default size.
    """
    if side and transformation.name in MATRIX_COUNTS:
        array_bytes = 4 * MATRIX_COUNTS[transformation.name] * side * side
    else:
        array_bytes = (size_kib or transformation.size_kib) * KIB
    return round((1 + EXTRA_MEMORY_SHARES[transformation.name] + 1) * array_bytes)


def max_odd_side(size_bytes: int, matrices: int) -> int:
    """Longest odd side, at least 3, with which `matrices` float32 matrices together fit into `size_bytes`.

    The side is odd because with a power of two all rows would share the same cache sets.
    """
    side = math.isqrt(size_bytes // (4 * matrices))
    return max(3, side - 1 + side % 2)


def describe_conflicts(side: int) -> str:
    """Why float32 matrices with this side slow down code that runs along columns; empty if they do not.

    All elements of a column then fall into a few sets of a cache, which evict each other.
    """
    if side < MIN_CONFLICTING_SIDE:
        return ""
    if side & (side - 1) == 0:
        return f"the side of the matrices, {side:,}, is a power of two, which causes cache conflicts along columns"
    if side % CONFLICTING_FACTOR == 0:
        return (
            f"the side of the matrices, {side:,}, is a multiple of {CONFLICTING_FACTOR}, which causes cache conflicts "
            "along columns"
        )
    return ""


def strip_length(elements: int, threads: int, max_strip: int) -> int:
    """Length of the strips that the kernel `strips` uses on `threads` threads; 0 if a thread's share is too short."""
    share = -(-elements // threads)
    return min(max_strip, share // 4)
