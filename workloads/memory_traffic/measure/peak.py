"""The peak of float32 arithmetic, measured with polynomials that stay in registers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.measure import timing
from workloads.memory_traffic.measure.compiled_once import compile_once

HORNER_OPERATIONS = 8 * 8 * 2 + 14
"""Operations per element of `multithreading.horner`: eight polynomials with 8 multiply-adds each, of two operations; 7
operations for their first terms, and 7 for their sum."""
HORNER_ELEMENTS = 1 << 17
"""Elements per thread. This is a tenth of a millisecond of work or more, so that starting the threads costs almost
nothing in comparison. Input and output take 1 MiB, which stays in a near cache."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The best rate of multiply-adds on float32."""

    gflop_s: float
    vector_bits: int
    """Width of the vectors in the compiled code; 0 if there are none."""


def measure_peak(threads: int, passes: int, min_duration_s: float = 0.0) -> Peak:
    """The best of at least `passes` passes that together take at least `min_duration_s`.

    Raises RuntimeError if the result is wrong.
    """
    arguments, expected = make_polynomial_work(threads)
    # With permission to reorder additions, the compiler would find a formula with fewer operations.
    kernel = compile_once(multithreading.horner, arguments, threads, reorders=False)
    timing.check_kernel(kernel, arguments, expected, "the sum of the polynomials")
    seconds = timing.measure_best_s(kernel, arguments, passes, min_duration_s)
    operations = HORNER_OPERATIONS * len(expected)
    return Peak(operations / seconds / 1e9, kernel.loops.vector_bits if kernel.loops else 0)


def make_polynomial_work(threads: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The arguments of `multithreading.horner` for `threads` threads, and the result to expect.

    Each array has (HORNER_ELEMENTS * threads,) elements; the arguments are float32, the expected result float64.
    """
    thread_x = np.linspace(0.1, 0.9, HORNER_ELEMENTS, dtype=np.float32)
    x = np.tile(thread_x, threads)
    return (x, np.zeros_like(x)), np.tile(evaluate_polynomials(thread_x), threads)


def evaluate_polynomials(x: np.ndarray) -> np.ndarray:
    """What `multithreading.horner` computes from `x`, (n,), by NumPy in float64."""
    y = x.astype(np.float64)
    total = np.zeros_like(y)
    for factor in (1, -1, 2, -2, 3, 4, 5, 6):
        polynomial = y * factor
        for _ in range(8):
            polynomial = polynomial * y + y
        total += polynomial
    return total
