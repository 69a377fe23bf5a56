"""TODO: tests.workloads.memory_traffic.test_catalogue."""

import pytest

from bench.formatting import format_bytes
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.memory_traffic import VERSION_PAIRS, EventRecorder, make_settings
from workloads.memory_traffic import catalogue
from workloads.memory_traffic.measure import memory_check, scaling, sweeps, triad


def test_sizes_are_spelled_in_the_unit_that_suits_them(tmp_path, monkeypatch):
    spelled = {
        format_bytes(size)
        for size in (24, 1024, 1023 * 1024, 1 << 20, 100.4 * 2**20, 1020 << 20, 1 << 30, 3 << 29, 32 << 30)
    }
    assert spelled == {
        "24 B", "1 KiB", "1023 KiB", "1 MiB", "100 MiB", "1020 MiB", "1 GiB", "1.5 GiB", "32 GiB",
    }  # fmt: skip
    monkeypatch.setattr(triad, "measure_best_s", lambda *_: 1.0)
    monkeypatch.setattr(scaling, "ROUNDS", 1)
    assert sweeps.sweep_strides(make_settings(tmp_path, size=512), EventRecorder())["shape"].endswith("512 KiB each")
    assert scaling.measure_scaling(make_settings(tmp_path, size=100), EventRecorder())["shape"].endswith("100 KiB")
    monkeypatch.setattr(memory_check, "available_bytes", lambda: 100 * 1024)
    with pytest.raises(BadInput, match=r"^it needs 1.5 GiB, and 100 KiB are free$"):
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
