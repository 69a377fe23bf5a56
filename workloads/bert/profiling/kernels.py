"""Calls of oneDNN's kernels, summed up by what they compute."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from workloads.bert.profiling.onednn_verbose import KernelCall, parse_product_dimensions


@dataclass(frozen=True, slots=True)
class KernelTotals:
    """All calls of a kernel that differ only in their time. `KernelCall` explains the first six fields."""

    primitive: str
    implementation: str
    types: str
    precision: str
    shape: str
    fused: str
    calls: float
    """Calls per pass."""
    ms: float
    """Time per pass of all calls."""
    median_ms: float
    """Median time of a call. Other load on the machine affects it less than the mean."""
    share: float
    """Share of the time of all kernels, 0 to 1."""
    operations: int
    """Multiplications and additions of one call of a matrix product, 2 m n k; 0 for other kernels."""

    @property
    def gops(self) -> float:
        """1e9 operations per second of the median call; 0 for other kernels, or if the clock showed no time."""
        return self.operations / self.median_ms / 1e6 if self.median_ms else 0.0


def sum_kernels(calls: Iterable[KernelCall], passes: int) -> tuple[KernelTotals, ...]:
    """Return the totals of the calls of `passes` passes, the kernel with the most time first."""
    times: dict[tuple[str, str, str, str, str, str], list[float]] = defaultdict(list)
    for call in calls:
        key = (call.primitive, call.implementation, call.types, call.precision, call.shape, call.fused)
        times[key].append(call.ms)
    total_ms = math.fsum(ms for kernel_times in times.values() for ms in kernel_times)
    totals = []
    for key, kernel_times in times.items():
        primitive, _, _, _, shape, _ = key
        ms, dimensions = math.fsum(kernel_times), parse_product_dimensions(primitive, shape)
        totals.append(
            KernelTotals(
                *key,
                calls=len(kernel_times) / passes,
                ms=ms / passes,
                median_ms=statistics.median(kernel_times),
                share=ms / total_ms if total_ms else 0.0,
                operations=2 * math.prod(dimensions) if dimensions else 0,
            )
        )
    return tuple(sorted(totals, key=lambda kernel: -kernel.ms))
