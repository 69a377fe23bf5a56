"""Checks the result of a kernel, and measures its best time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from bench.workload.warm_calls import time_warm_call
from workloads.memory_traffic.compiler import numba_runtime
from workloads.memory_traffic.compiler.numba_compile import Kernel

TOLERANCES = {np.dtype(np.float64): 0.0, np.dtype(np.float32): 1e-4}
"""Largest error allowed in `check_kernel`, relative to each element. The float64 results are exact."""
CHECK_CHUNK = 1 << 18
"""Number of elements that are compared at a time, so that checking a large array needs no copy of it."""
MIN_PASS_S = 0.002
"""Shortest duration of a timed pass. Kernels on small arrays are called several times in one pass."""
MIN_LIBRARY_PASSES = 9
"""Fewest passes for a library function. Its threads are not bound to cores, so few passes find all of them awake."""


def check_kernel(kernel: Kernel, arguments: tuple[Any, ...], expected: np.ndarray | float, name: str) -> None:
    """Call a kernel once and compare what it writes to its last argument with `expected`, within TOLERANCES.

    Raises RuntimeError, with the `name` of the kernel in its message, if the result is wrong.
    """
    out = arguments[-1]
    out[:] = np.nan
    kernel.call(*arguments)
    expected = np.broadcast_to(expected, out.shape)
    for start in range(0, len(out), CHECK_CHUNK):
        chunk = slice(start, start + CHECK_CHUNK)
        if not np.allclose(out[chunk], expected[chunk], rtol=TOLERANCES[out.dtype], atol=0):
            raise RuntimeError(f"the result of {name} is wrong")


def time_warm_calls(repeated: Callable[[int], Any], calls: int, first_s: float) -> float:
    """Seconds of `repeated(calls)` when it is warm, where a first single call took `first_s`.

    The time of a single call says little about many of them: the first starts threads, and each has the overhead of a
    call from Python. So more and more calls are timed together, until there are `calls` or they take MIN_PASS_S.
    """
    if calls == 1:
        return time_warm_call(lambda: repeated(1), first_s)
    repeated(1)
    count = 1
    while (seconds := _time_warm_pass_s(repeated, count)) < MIN_PASS_S and count < calls:
        count = min(calls, 8 * count)
    return seconds * calls / count


def measure_best_s(kernel: Kernel, arguments: tuple[Any, ...], passes: int, min_duration_s: float = 0.0) -> float:
    """Seconds of one call, in the best of at least `passes` passes that together take at least `min_duration_s`.

    A pass consists of as many calls as it takes to last MIN_PASS_S. A library function runs on all cores and in at
    least MIN_LIBRARY_PASSES passes.
    """
    if kernel.loops is None:
        with numba_runtime.allow_all_cores():
            return _measure_best_s(kernel.repeated, arguments, max(passes, MIN_LIBRARY_PASSES), min_duration_s)
    return _measure_best_s(kernel.repeated, arguments, passes, min_duration_s)


def _time_warm_pass_s(repeated: Callable[[int], Any], calls: int) -> float:
    started = time.perf_counter()
    repeated(calls)
    return time_warm_call(lambda: repeated(calls), time.perf_counter() - started)


def _measure_best_s(
    repeated: Callable[..., Any], arguments: tuple[Any, ...], passes: int, min_duration_s: float
) -> float:
    repeated(1, *arguments)
    calls = 1
    while True:
        call_s = _time_call_s(repeated, arguments, calls)
        if call_s * calls >= MIN_PASS_S / 10:
            break
        calls *= 8
    calls = max(1, round(MIN_PASS_S / call_s))
    times: list[float] = []
    end = time.perf_counter() + min_duration_s
    while len(times) < passes or time.perf_counter() < end:
        times.append(_time_call_s(repeated, arguments, calls))
    return min(times)


def _time_call_s(repeated: Callable[..., Any], arguments: tuple[Any, ...], calls: int) -> float:
    """Seconds of one call: the mean of `calls` calls."""
    started = time.perf_counter()
    repeated(calls, *arguments)
    return (time.perf_counter() - started) / calls
