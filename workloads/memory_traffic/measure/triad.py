"""What this machine allows: the bandwidth of each level of memory by STREAM's triad, and the peak of arithmetic."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.problems import TRIAD_SCALAR

PAGE_BYTES = 4096
STAGGER_BYTES = 7 * 64
"""Bytes by which arrays stand apart in their pages: some lines."""
TRIAD_INPUTS = (2.0, 1.0)
"""Every element of the two arrays that the triad reads."""
TRIAD_RESULT = TRIAD_INPUTS[0] + TRIAD_SCALAR * TRIAD_INPUTS[1]
"""And every element that it writes: exact in float64."""
TOLERANCES = {np.dtype(np.float64): 0.0, np.dtype(np.float32): 1e-4}
"""Of the triad, and of the polynomials in float32: relative to each element."""
CHECK_CHUNK = 1 << 18
"""Elements that are compared at once: of large arrays no copies are made."""
MIN_PASS_S = 0.002
"""What a timed pass lasts at least; small sizes are called several times in it."""
HORNER_OPERATIONS = 8 * 8 * 2 + 14
"""Eight polynomials, 8 fused multiply-adds each, two operations in one; where they begin, and their sum."""
HORNER_ELEMENTS = 1 << 17
"""Elements a thread: so much work, of a tenth of a millisecond and more, that starting the threads is next to nothing
of it; 1 MiB of in- and output, which stays near, and of which 18 operations a byte ask for little."""
MIN_LIBRARY_PASSES = 9
"""Of a library's at least: its threads are not tied to cores, and are seldom all awake."""


@dataclass(frozen=True, slots=True)
class Triad:
    """The best of some passes, as STREAM tells it."""

    bytes: int
    """Of all three arrays."""
    threads: int
    seconds: float
    """A call's."""
    passes: int

    @property
    def gb_s(self) -> float:
        return self.bytes / self.seconds / 1e9


@dataclass(frozen=True, slots=True)
class Peak:
    """The best of some passes of fused multiply-adds on float32."""

    threads: int
    gflop_s: float
    bits: int
    """Width of the vectors in the compiled code; 0 where there are none."""


def measure_triad(size: int, threads: int, passes: int, lasting_s: float = 0.0) -> Triad:
    """STREAM's triad on three float64 arrays of `size` bytes together, at least so many passes and so long. Raises
    RuntimeError where it is wrong."""
    n = max(1, size // 24)
    b, c, out = (make_staggered_array(n, value, place) for place, value in enumerate((*TRIAD_INPUTS, 0.0)))
    kernel = _compile_once(multithreading.triad, (b, c, TRIAD_SCALAR, out), threads)
    check_kernel(kernel, (b, c, TRIAD_SCALAR, out), TRIAD_RESULT, "the triad")
    return Triad(24 * n, threads, measure_best_s(kernel, (b, c, TRIAD_SCALAR, out), passes, lasting_s), passes)


def check_kernel(
    kernel: numba_compile.Kernel, arguments: tuple[Any, ...], wanted: np.ndarray | float, what: str
) -> None:
    """Call a kernel once, and hold what it writes, its last argument, to what is `wanted`, to ALLOWED. Raises
    RuntimeError."""
    out = arguments[-1]
    out[:] = np.nan
    kernel.call(*arguments)
    wanted = np.broadcast_to(wanted, out.shape)
    for start in range(0, len(out), CHECK_CHUNK):
        part = slice(start, start + CHECK_CHUNK)
        if not np.allclose(out[part], wanted[part], rtol=TOLERANCES[out.dtype], atol=0):
            raise RuntimeError(f"{what} is wrong")


def make_staggered_array(n: int, value: float, place: int) -> np.ndarray:
    """`n` float64 of one value, from the beginning of a line on, each `place` some lines further into its page.

    Large arrays of NumPy's all begin 16 bytes into a page: vectors then lie across two lines, and what is stored to one
    array looks, by the lower bits of its address, like what is about to be read of another. STREAM has an offset for
    that.
    """
    raw = np.empty(8 * n + 2 * PAGE_BYTES, np.uint8)
    start = -raw.ctypes.data % PAGE_BYTES + place * STAGGER_BYTES
    array = raw[start : start + 8 * n].view(np.float64)
    array[:] = value
    return array


def measure_peak(threads: int, passes: int, lasting_s: float = 0.0) -> Peak:
    """Operations a second of polynomials that stay in registers, of at least so many passes and so long. Raises
    RuntimeError where they are wrong."""
    arguments, right = make_polynomial_work(threads)
    kernel = _compile_once(multithreading.horner, arguments, threads, reorders=False)
    check_kernel(kernel, arguments, right, "the sum of the polynomials")
    seconds = measure_best_s(kernel, arguments, passes, lasting_s)
    operations = HORNER_OPERATIONS * len(right)
    return Peak(threads, operations / seconds / 1e9, kernel.loops.bits if kernel.loops else 0)


def make_polynomial_work(threads: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Work for `multithreading.horner` on so many threads: its arguments, (HORNER_ELEMENTS * threads,) float32 each,
    and what it must make of them."""
    each = np.linspace(0.1, 0.9, HORNER_ELEMENTS, dtype=np.float32)
    x = np.tile(each, threads)
    return (x, np.zeros_like(x)), np.tile(evaluate_polynomials(each), threads)


def evaluate_polynomials(x: np.ndarray) -> np.ndarray:
    """What `multithreading.horner` makes of `x`, (n,), by NumPy in float64."""
    y = x.astype(np.float64)
    total = np.zeros_like(y)
    for times in (1, -1, 2, -2, 3, 4, 5, 6):
        one = y * times
        for _ in range(8):
            one = one * y + y
        total += one
    return total


def measure_best_s(
    kernel: numba_compile.Kernel, arguments: tuple[Any, ...], passes: int, lasting_s: float = 0.0
) -> float:
    """Seconds of a call: the best of at least so many passes, lasting so long together, each as many calls as make it
    long enough to time. A library's, which has no loops of ours, on all cores."""
    if kernel.loops is None:
        with numba_compile.allow_all_cores():
            return _measure_best_s(kernel.repeated, arguments, max(passes, MIN_LIBRARY_PASSES), lasting_s)
    return _measure_best_s(kernel.repeated, arguments, passes, lasting_s)


def _measure_best_s(repeated: Callable[..., Any], arguments: tuple[Any, ...], passes: int, lasting_s: float) -> float:
    repeated(1, *arguments)
    calls = 1
    while True:
        began = time.perf_counter()
        repeated(calls, *arguments)
        once = (time.perf_counter() - began) / calls
        if once * calls >= MIN_PASS_S / 10:
            break
        calls *= 8
    calls = max(1, round(MIN_PASS_S / once))
    found: list[float] = []
    until = time.perf_counter() + lasting_s
    while len(found) < passes or time.perf_counter() < until:
        began = time.perf_counter()
        repeated(calls, *arguments)
        found.append((time.perf_counter() - began) / calls)
    return min(found)


_compiled_kernels: dict[tuple[str, int], numba_compile.Kernel] = {}


def _compile_once(
    plain: Callable[..., Any], arguments: tuple[Any, ...], threads: int, reorders: bool = True
) -> numba_compile.Kernel:
    """Compiled once in this process for each number of threads."""
    import numba

    key = plain.__name__, threads
    if key not in _compiled_kernels:
        _compiled_kernels[key] = numba_compile.compile_function(plain, arguments, threads=threads, reorders=reorders)
    numba.set_num_threads(threads)
    return _compiled_kernels[key]
