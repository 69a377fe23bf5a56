"""TODO: tests.workloads.memory_traffic.measure.test_scaling."""

from tests.support.memory_traffic import EventRecorder, make_settings
from workloads.memory_traffic.measure import scaling
from workloads.memory_traffic.tasks import MemoryTrafficTasks


def test_scaling_tells_every_count_its_ceiling_and_amdahls_share(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "ROUNDS", 3)
    tell = EventRecorder()
    result = MemoryTrafficTasks().scaling(make_settings(tmp_path, cores=2), {}, tell)
    points = [value for name, value in tell.events if name == "point"]
    assert [(point["kernel"], point["cores"]) for point in points] == [
        (kernel, cores) for kernel in ("triad", "arithmetic") for cores in (1, 2)
    ]
    assert all(point["speedup"] == 1 for point in points if point["cores"] == 1)
    fits = [value for name, value in tell.events if name == "amdahl"]
    assert [fit["fits"] for fit in fits] == [False, False], "two counts of cores are no fit"
    assert all(fit["low"] <= fit["serial"] <= fit["high"] for fit in fits)
    assert result["cores"] == [1, 2]


def test_of_very_many_counts_of_cores_some_are_measured():
    assert scaling.select_core_counts(3) == [1, 2, 3]
    assert (
        scaling.select_core_counts(128)[0] == 1
        and scaling.select_core_counts(128)[-1] == 128
        and len(scaling.select_core_counts(128)) == 12
    )
