"""The roofline: its events, and the place of a kernel under it."""

import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import make_settings
from tests.support.task_calls import call_task
from workloads.memory_traffic import problems
from workloads.memory_traffic.measure import roofline, triad


def test_a_roofline_consists_of_triads_a_peak_and_kernels(tmp_path, monkeypatch):
    monkeypatch.setattr(roofline, "MAX_SIZE_BYTES", 64 * 1024)
    make_problem = problems.make_problem
    monkeypatch.setattr(
        problems, "make_problem", lambda name, **fields: make_problem(name, **(fields | {"size_kib": 16}))
    )
    _, reporter = call_task(
        "memory-traffic", "roofline", make_settings(tmp_path), {"kernels": ["transpose", "vectorization"]}
    )
    names = [name for name, _ in reporter.reports]
    assert names.count("peak") == 1
    assert names.count("triad") == len(roofline.list_triad_sizes(64 * 1024))
    assert names.count("kernel") == 4
    assert all(kernel.share > 0 for kernel in reporter.values("kernel"))
    with pytest.raises(BadInput, match="There is no transformation nonsense"):
        call_task("memory-traffic", "roofline", make_settings(tmp_path), {"kernels": ["nonsense"]})


def test_a_kernel_is_limited_by_memory_or_by_arithmetic():
    memory = roofline.place_under_roofline(traffic_bytes=100, flops=50, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1000)
    assert memory["intensity"] == 0.5
    assert memory["share"] == pytest.approx(0.5)
    arithmetic = roofline.place_under_roofline(
        traffic_bytes=1, flops=500, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1000
    )
    assert arithmetic["share"] == pytest.approx(0.5)
    copy = roofline.place_under_roofline(traffic_bytes=100, flops=0, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1)
    assert copy["share"] == 0.5


def test_the_bandwidth_of_the_nearest_size_counts():
    triads = [triad.Triad(1 << 10, 1, 1e-9), triad.Triad(1 << 20, 1, 1e-3)]
    assert roofline.nearest_bandwidth(triads, 1 << 11) == triads[0].gb_s


def test_thread_counts_double_and_end_with_all_cores():
    assert roofline.select_thread_counts(6) == [1, 2, 4, 6]
