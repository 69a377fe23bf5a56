"""Our triad beside STREAM's loop in C: that both are built, right, and told. How they compare is to be read, and not
asserted: `python -m bench do memory-traffic stream`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="Numba is not installed")

from bench.workload.interface import BadInput
from tests.support.memory_traffic import EventRecorder, make_settings
from workloads.memory_traffic.compiler import numba_compile
from workloads.memory_traffic.measure import stream_c
from workloads.memory_traffic.tasks import MemoryTrafficTasks


@pytest.fixture(autouse=True)
def free_threads(monkeypatch):
    """Kernels that run in the tests' own process must not tie its main thread to a core, as in a worker's."""
    monkeypatch.setattr(numba_compile, "THREAD_ENVIRONMENT", {})


needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc here")


@needs_gcc
def test_both_triads_take_turns_and_are_told(tmp_path: Path, record_property):
    tell = EventRecorder()
    result = MemoryTrafficTasks().stream(make_settings(tmp_path, size=24 * 1024), {}, tell)
    rounds = [value for name, value in tell.events if name == "round"]
    assert len(rounds) == stream_c.ROUNDS
    assert result["ratio"] == pytest.approx(
        max(one["numba_gb_s"] for one in rounds) / max(one["c_gb_s"] for one in rounds)
    )
    record_property("ratio", result["ratio"])
    print(f"C {result['c_gb_s']:.2f} GB/s, Numba {result['numba_gb_s']:.2f} GB/s, {result['ratio']:.3f}")


@needs_gcc
def test_a_wrong_result_of_the_c_program_is_noticed(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(stream_c, "STREAM_SOURCE", stream_c.STREAM_SOURCE.replace("a[j] != 2.0", "a[j] != 3.0"))
    with pytest.raises(subprocess.CalledProcessError):
        stream_c.run_program(stream_c.compile_program(tmp_path, 1000), 1, set())


def test_without_gcc_it_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(stream_c.shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="no gcc") as refused:
        MemoryTrafficTasks().stream(make_settings(tmp_path), {}, EventRecorder())
    assert refused.value.remedy


def test_more_than_a_c_program_holds_is_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="plain C program"):
        MemoryTrafficTasks().stream(make_settings(tmp_path, size=4 * 1024 * 1024), {}, EventRecorder())
