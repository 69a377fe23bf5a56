"""The bandwidth of each level of memory, measured with STREAM's triad."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import timing
from workloads.memory_traffic.measure.compiled_once import compile_once
from workloads.memory_traffic.problems import TRIAD_SCALAR

PAGE_BYTES = 4096
STAGGER_BYTES = 7 * 64
"""Offset between the starts of two arrays within their pages: seven cache lines."""
BYTES_PER_ELEMENT = 3 * 8
"""The triad reads two float64 elements and writes one."""
FLOPS_PER_ELEMENT = 2
TRIAD_INPUTS = (2.0, 1.0)
"""The value of all elements of the first and of the second input array."""
TRIAD_RESULT = TRIAD_INPUTS[0] + TRIAD_SCALAR * TRIAD_INPUTS[1]
"""The value of every element that the triad writes. It is exact in float64."""


@dataclass(frozen=True, slots=True)
class Triad:
    """The best time of the triad, as STREAM reports it."""

    bytes: int
    """Size of the three arrays together."""
    threads: int
    seconds: float
    """Duration of one call."""

    @property
    def gb_s(self) -> float:
        return self.bytes / self.seconds / 1e9

    @property
    def gflop_s(self) -> float:
        return self.gb_s * FLOPS_PER_ELEMENT / BYTES_PER_ELEMENT


def measure_triad(size_bytes: int, threads: int, passes: int, min_duration_s: float = 0.0) -> Triad:
    """The best of at least `passes` passes on three float64 arrays of `size_bytes` together.

    The passes together take at least `min_duration_s`. Raises RuntimeError if the result is wrong.
    """
    count = count_triad_elements(size_bytes)
    b, c, out = (make_staggered_array(count, value, index) for index, value in enumerate((*TRIAD_INPUTS, 0.0)))
    arguments = (b, c, TRIAD_SCALAR, out)
    kernel = compile_once(multithreading.triad, arguments, threads)
    timing.check_kernel(kernel, arguments, TRIAD_RESULT, "the triad")
    seconds = timing.measure_best_s(kernel, arguments, passes, min_duration_s)
    return Triad(BYTES_PER_ELEMENT * count, threads, seconds)


def count_triad_elements(size_bytes: int) -> int:
    """Number of elements in each of three float64 arrays of `size_bytes` together, at least one."""
    return max(1, size_bytes // BYTES_PER_ELEMENT)


def make_staggered_array(count: int, value: float, index: int) -> np.ndarray:
    """`count` float64 elements of one value. Array number `index` starts at a cache line, `index` * STAGGER_BYTES into
    a page.

    NumPy starts every large array 16 bytes into a page. Vectors would then cross cache lines, and a store to one array
    would seem to conflict with a load from another, because processors compare only the lower bits of the addresses.
    STREAM has a parameter OFFSET for the same reason.
    """
    raw = np.empty(8 * count + 2 * PAGE_BYTES, np.uint8)
    start = -raw.ctypes.data % PAGE_BYTES + index * STAGGER_BYTES
    array = raw[start : start + 8 * count].view(np.float64)
    array[:] = value
    return array
