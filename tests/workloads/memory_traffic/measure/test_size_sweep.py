"""The sweep of array sizes: both versions and the triad, with equal thread counts."""

import pytest

from tests.support.memory_traffic import make_settings
from tests.support.task_calls import call_task
from workloads.memory_traffic import catalogue
from workloads.memory_traffic.measure import size_sweep


def test_both_versions_and_the_triad_are_reported_at_every_size(tmp_path, monkeypatch):
    monkeypatch.setattr(size_sweep, "SIZES_BYTES", (16 * 1024, 64 * 1024))
    _, reporter = call_task("memory-traffic", "sizes", make_settings(tmp_path, "layout", fields="2"))
    points = reporter.values("point")
    assert [point.role for point in points] == ["before", "after", "triad"] * 2
    assert [point.bytes for point in points if point.role == "after"] == [16 * 1024, 64 * 1024]
    assert all(point.gb_s > 0 for point in points)
    assert [point.version for point in points[:2]] == ["aos", "soa"], "the versions are those of the layout"


@pytest.mark.parametrize(
    ("name", "threads"), [("vectorization", (1, 1, 1)), ("multithreading", (1, 2, 2)), ("dependence", (1, 2, 2))]
)
def test_the_triad_has_as_many_threads_as_the_versions(tmp_path, monkeypatch, name, threads):
    monkeypatch.setattr(size_sweep, "SIZES_BYTES", (64 * 1024,))
    _, reporter = call_task("memory-traffic", "sizes", make_settings(tmp_path, name, cores=2))
    assert tuple(point.threads for point in reporter.values("point")) == threads
    assert reporter.values("point")[-1].threads == max(threads)


def test_a_version_that_takes_minutes_is_left_out_at_large_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(size_sweep, "SIZES_BYTES", (16 * 1024, 64 * 1024))
    monkeypatch.setattr(catalogue, "MAX_SLOW_SIDE", 50)
    _, reporter = call_task("memory-traffic", "sizes", make_settings(tmp_path, "tiling"))
    points = reporter.values("point")
    assert [point.bytes for point in points if point.role == "before"] == [3 * 4 * 35**2]
    assert sum(point.role == "after" for point in points) == 2
