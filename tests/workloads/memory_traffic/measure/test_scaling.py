"""Scaling: its events and its core counts."""

from tests.support.memory_traffic import make_settings
from tests.support.task_calls import call_task
from workloads.memory_traffic.measure import scaling


def test_every_core_count_the_limit_of_memory_and_the_serial_share_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "ROUNDS", 3)
    _, reporter = call_task("memory-traffic", "scaling", make_settings(tmp_path, "multithreading", cores=2))
    points = reporter.values("point")
    assert [(point.kernel, point.cores) for point in points] == [
        (kernel, cores) for kernel in ("triad", "arithmetic") for cores in (1, 2)
    ]
    assert all(point.speedup == 1 for point in points if point.cores == 1)
    fits = reporter.values("amdahl")
    assert [fit.fits for fit in fits] == [False, False], "two core counts are too few for a fit"
    assert all(fit.low <= fit.serial <= fit.high for fit in fits)
    (ceiling,) = reporter.values("ceiling")
    assert 0 < ceiling.one_gb_s <= ceiling.all_gb_s


def test_with_very_many_cores_some_counts_are_measured():
    assert scaling.select_core_counts(3) == [1, 2, 3]
    counts = scaling.select_core_counts(128)
    assert (counts[0], counts[-1], len(counts)) == (1, 128, 12)
