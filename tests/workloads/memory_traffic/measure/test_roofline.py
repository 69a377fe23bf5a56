"""TODO: tests.workloads.memory_traffic.measure.test_roofline."""

import pytest

from bench.workload.interface import BadInput
from tests.support.memory_traffic import EventRecorder, make_settings
from workloads.memory_traffic import problems
from workloads.memory_traffic.measure import roofline, triad
from workloads.memory_traffic.tasks import MemoryTrafficTasks


def test_a_roofline_has_stairs_a_peak_and_points(tmp_path, monkeypatch):
    monkeypatch.setattr(roofline, "MAX_SIZE_BYTES", 64 * 1024)
    small = {"size_kib": 16}
    monkeypatch.setattr(
        roofline.problems, "make", lambda one, make=problems.make_problem, **given: make(one, **(given | small))
    )
    tell = EventRecorder()
    MemoryTrafficTasks().roofline(make_settings(tmp_path), {"kernels": ["transpose", "vectorization"]}, tell)
    named = [name for name, _ in tell.events]
    assert named.count("peak") == 1
    assert named.count("triad") == len(roofline.triad_sizes(64 * 1024))
    assert named.count("kernel") == 4
    assert all(value["share"] > 0 for name, value in tell.events if name == "kernel")
    with pytest.raises(BadInput, match="there is no nonsense"):
        MemoryTrafficTasks().roofline(make_settings(tmp_path), {"kernels": ["nonsense"]}, tell)


def test_where_a_kernel_stands_under_the_roof():
    slope = roofline.place_under_roofline(moved=100, flops=50, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1000)
    assert slope["intensity"] == 0.5
    assert slope["share"] == pytest.approx(0.5)
    flat = roofline.place_under_roofline(moved=1, flops=500, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1000)
    assert flat["share"] == pytest.approx(0.5)
    assert (
        roofline.place_under_roofline(moved=100, flops=0, seconds=1e-9, limit_gb_s=200, peak_gflop_s=1)["share"] == 0.5
    )
    stairs = [triad.Triad(1 << 10, 1, 1e-9, 1), triad.Triad(1 << 20, 1, 1e-3, 1)]
    assert roofline.nearest_bandwidth(stairs, 1 << 11) == stairs[0].gb_s
    assert roofline.select_thread_counts(6) == [1, 2, 4, 6]
