"""The catalogue of transformations: sizes as text, and the source of every version."""

import pytest

from bench.formatting import format_bytes
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.memory_traffic import VERSION_PAIRS, make_settings
from tests.support.task_calls import ReportRecorder
from workloads.memory_traffic import catalogue
from workloads.memory_traffic.measure import memory_check, scaling, stride_sweep, timing


def test_sizes_are_formatted_in_the_largest_unit_that_is_not_below_one(tmp_path, monkeypatch):
    formatted = {
        format_bytes(size)
        for size in (24, 1024, 1023 * 1024, 1 << 20, 100.4 * 2**20, 1020 << 20, 1 << 30, 3 << 29, 32 << 30)
    }
    assert formatted == {
        "24 B", "1 KiB", "1023 KiB", "1 MiB", "100 MiB", "1020 MiB", "1 GiB", "1.5 GiB", "32 GiB",
    }  # fmt: skip
    monkeypatch.setattr(timing, "measure_best_s", lambda *_: 1.0)
    monkeypatch.setattr(scaling, "ROUNDS", 1)
    swept = stride_sweep.sweep_strides(make_settings(tmp_path, size=512), ReportRecorder())
    assert swept.shape.endswith("512 KiB each")
    assert scaling.measure_scaling(
        make_settings(tmp_path, "multithreading", size=100), ReportRecorder()
    ).shape.endswith("100 KiB")
    monkeypatch.setattr(memory_check, "available_memory_bytes", lambda: 100 * 1024)
    with pytest.raises(BadInput, match=r"^The measurement needs 1.5 GiB of memory, and 100 KiB are available$"):
        memory_check.require_memory(3 << 29)
    labels = load_workloads()["memory-traffic"].parameter("size").stop_labels
    assert (labels[16], labels[1024], labels[1 << 25]) == ("16 KiB", "1 MiB", "32 GiB")


def test_the_texts_show_every_version_as_it_is_compiled():
    texts = {
        f"{one.name}/{version.name}": catalogue.format_version_source(one, version) for one, version in VERSION_PAIRS
    }
    for one, version in VERSION_PAIRS:
        text = texts[f"{one.name}/{version.name}"]
        assert text.startswith("@njit(") == version.compiled
        assert "def " in text
        compile(text, version.name, "exec")
    assert "reassoc" not in texts["vectorization/strict"]
    assert "reassoc" in texts["vectorization/reordered"]
    assert catalogue.read_kernel_source("tiling", "ijk") in texts["tiling/ijk"]
