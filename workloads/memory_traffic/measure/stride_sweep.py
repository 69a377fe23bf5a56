"""What one element costs at every stride from 1 to MAX_STRIDE."""

from __future__ import annotations

import numpy as np

from bench.formatting import format_bytes
from bench.workload.interface import Settings, TaskReporter
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import KIB
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernel_settings import read_kernel_settings
from workloads.memory_traffic.kernels import unit_stride
from workloads.memory_traffic.measure import memory_check, timing
from workloads.memory_traffic.measurements import SweepPoint, SweepResult

CACHE_LINE_BYTES = 64
MAX_STRIDE = 64
ELEMENT_TYPES = (np.dtype(np.float32), np.dtype(np.float64))
"""Half as many float64 elements as float32 elements share a cache line."""
PASSES = 3


def sweep_strides(settings: Settings, reporter: TaskReporter) -> SweepResult:
    """See `MemoryTrafficTasks.sweep`."""
    size_bytes = read_kernel_settings(settings.parameters).size_kib * KIB
    memory_check.require_memory(size_bytes)
    for index, dtype in enumerate(ELEMENT_TYPES):
        _sweep_type(dtype, size_bytes, settings.seed, reporter, index)
    shape = " and then ".join(f"{_count_elements(dtype, size_bytes):,} {dtype}" for dtype in ELEMENT_TYPES)
    return SweepResult(shape=f"{shape}, {format_bytes(size_bytes)} each")


def _count_elements(dtype: np.dtype, size_bytes: int) -> int:
    return max(MAX_STRIDE, size_bytes // dtype.itemsize)


def _sweep_type(dtype: np.dtype, size_bytes: int, seed: int, reporter: TaskReporter, index: int) -> None:
    """Time every stride over an array of one type. The array is freed before that of the next type is allocated."""
    # Numbers from -7.5 to 7.5: their sums stay near 0, and are therefore exact however many there are.
    count = _count_elements(dtype, size_bytes)
    a = problems.make_spaced_numbers(np.random.default_rng(seed), (count,), dtype, 16, -7.5)
    reporter.progress(f"compiling for {dtype}")
    kernel = numba_compile.compile_function(unit_stride.strided, (a, 1), threads=1)
    for stride in range(1, MAX_STRIDE + 1):
        reporter.progress(f"{dtype}, stride {stride}", (index + (stride - 1) / MAX_STRIDE) / len(ELEMENT_TYPES))
        if kernel.call(a, stride) != a[::stride].sum(dtype=np.float64):
            raise RuntimeError(f"the sum of {dtype} at stride {stride} is wrong")
        seconds = timing.measure_best_s(kernel, (a, stride), PASSES)
        elements = -(-len(a) // stride)
        point = SweepPoint(
            version=dtype.name,
            label=dtype.name,
            x=stride,
            seconds=seconds,
            ns=1e9 * seconds / elements,
            bytes=0,
            line=CACHE_LINE_BYTES // dtype.itemsize,
        )
        reporter.report("point", point)
