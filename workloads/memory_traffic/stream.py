"""What this machine allows: the bandwidth of each level of memory by STREAM's triad, and the peak of arithmetic."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workloads.memory_traffic import build
from workloads.memory_traffic.kernels import multithreading
from workloads.memory_traffic.problems import SCALAR

PAGE = 4096
STAGGER = 7 * 64
"""Bytes by which arrays stand apart in their pages: some lines."""
SHORTEST_S = 0.002
"""What a timed pass lasts at least; small sizes are called several times in it."""
HORNER_OPERATIONS = 8 * 8 * 2 + 14
"""Eight polynomials, 8 fused multiply-adds each, two operations in one; where they begin, and their sum."""
HORNER_ELEMENTS = 8192
"""Elements a thread: 64 KiB of in- and output, which stay near."""


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


def triad(size: int, threads: int, passes: int) -> Triad:
    """STREAM's triad on three float64 arrays of `size` bytes together."""
    n = max(1, size // 24)
    b, c, out = (staggered(n, value, place) for place, value in enumerate((2.0, 1.0, 0.0)))
    kernel = _compiled(multithreading.triad, (b, c, SCALAR, out), threads)
    seconds = best(kernel, (b, c, SCALAR, out), passes)
    if not np.all(out == 2.0 + SCALAR * 1.0):
        raise RuntimeError("the triad is wrong")
    return Triad(24 * n, threads, seconds, passes)


def staggered(n: int, value: float, place: int) -> np.ndarray:
    """`n` float64 of one value, from the beginning of a line on, each `place` some lines further into its page.

    Large arrays of NumPy's all begin 16 bytes into a page: vectors then lie across two lines, and what is stored to one
    array looks, by the lower bits of its address, like what is about to be read of another. STREAM has an offset for
    that.
    """
    raw = np.empty(8 * n + 2 * PAGE, np.uint8)
    start = -raw.ctypes.data % PAGE + place * STAGGER
    array = raw[start : start + 8 * n].view(np.float64)
    array[:] = value
    return array


def peak(threads: int, passes: int) -> Peak:
    """Operations a second of polynomials that stay in registers."""
    n = HORNER_ELEMENTS * threads
    x, out = np.linspace(0.1, 0.9, n, dtype=np.float32), np.zeros(n, np.float32)
    kernel = _compiled(multithreading.horner, (x, out), threads, reorders=False)
    seconds = best(kernel, (x, out), passes)
    y = x.astype(np.float64)
    polynomials = np.stack([y * times for times in (1, -1, 2, -2, 3, 4, 5, 6)])
    for _ in range(8):
        polynomials = polynomials * y + y
    if not np.allclose(out, polynomials.sum(axis=0), rtol=1e-4):
        raise RuntimeError("the polynomials are wrong")
    return Peak(threads, HORNER_OPERATIONS * n / seconds / 1e9, kernel.loops.bits if kernel.loops else 0)


def best(kernel: build.Kernel, arguments: tuple[Any, ...], passes: int) -> float:
    """Seconds of a call: the best of some passes, each as many calls as make it long enough to time."""
    repeated = kernel.repeated
    repeated(1, *arguments)
    calls = 1
    while True:
        began = time.perf_counter()
        repeated(calls, *arguments)
        once = (time.perf_counter() - began) / calls
        if once * calls >= SHORTEST_S / 10:
            break
        calls *= 8
    calls = max(1, round(SHORTEST_S / once))
    found = []
    for _ in range(passes):
        began = time.perf_counter()
        repeated(calls, *arguments)
        found.append((time.perf_counter() - began) / calls)
    return min(found)


_kernels: dict[tuple[str, int], build.Kernel] = {}


def _compiled(
    plain: Callable[..., Any], arguments: tuple[Any, ...], threads: int, reorders: bool = True
) -> build.Kernel:
    """Compiled once in this process for each number of threads."""
    import numba

    key = plain.__name__, threads
    if key not in _kernels:
        _kernels[key] = build.compiled(plain, arguments, threads=threads, reorders=reorders)
    numba.set_num_threads(threads)
    return _kernels[key]
