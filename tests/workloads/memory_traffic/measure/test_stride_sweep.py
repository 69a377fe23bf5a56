"""The sweep of strides: exact sums, and an event for every stride."""

import numpy as np
import pytest

from tests.support.memory_traffic import make_settings
from tests.support.task_calls import ReportRecorder, call_task
from workloads.memory_traffic import problems
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.kernels import unit_stride
from workloads.memory_traffic.measure import stride_sweep, timing


def test_a_wrong_sum_is_refused_however_many_elements_it_has(tmp_path, monkeypatch):
    """float32 at a stride of 1: ten million elements, more than float32 can count if they have arbitrary values."""
    monkeypatch.setattr(timing, "measure_best_s", lambda *_: pytest.fail("it was timed"))
    for wrong in (lambda a, stride: 0.0, lambda a, stride: float(a[:-1:stride].sum(dtype=np.float64))):
        kernel = numba_compile.Kernel(wrong, wrong, 0.0, None)
        monkeypatch.setattr(numba_compile, "compile_function", lambda *_, kernel=kernel, **__: kernel)
        with pytest.raises(RuntimeError, match="the sum of float32 at stride 1 is wrong"):
            stride_sweep.sweep_strides(make_settings(tmp_path, size=40 * 1024), ReportRecorder())


def test_sums_are_exact_with_more_elements_than_float32_can_count():
    a = problems.make_spaced_numbers(np.random.default_rng(0), (3 << 24,), np.dtype(np.float32), 16, -7.5)
    assert set(np.unique(a[:4096])) == {number - 7.5 for number in range(16)}
    kernel = numba_compile.compile_function(unit_stride.strided, (a, 1), threads=1)
    for stride in (1, 2, 7):
        assert kernel.call(a, stride) == a[::stride].sum(dtype=np.float64)


def test_every_stride_of_both_types_is_reported(tmp_path):
    _, reporter = call_task("memory-traffic", "sweep", make_settings(tmp_path))
    for dtype, line in (("float32", 16), ("float64", 8)):
        points = [point for point in reporter.values("point") if point.version == dtype]
        assert [point.x for point in points] == list(range(1, stride_sweep.MAX_STRIDE + 1))
        assert all(point.ns > 0 and point.line == line for point in points)
