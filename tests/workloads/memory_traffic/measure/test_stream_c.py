"""Our triad and STREAM's loop in C: both are built, correct, and reported.

How they compare is not asserted. `python -m bench measure memory-traffic stream` shows it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="Numba is not installed")

from bench.workload.interface import BadInput
from tests.support.memory_traffic import make_settings
from tests.support.task_calls import call_task
from workloads.memory_traffic.measure import stream_c

needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not installed")


@needs_gcc
def test_both_triads_take_turns_and_are_reported(tmp_path: Path, record_property):
    result, reporter = call_task("memory-traffic", "stream", make_settings(tmp_path), {"size_kib": 24 * 1024})
    rounds = reporter.values("round")
    assert len(rounds) == stream_c.ROUNDS
    assert result.ratio == pytest.approx(
        max(rates.numba_gb_s for rates in rounds) / max(rates.c_gb_s for rates in rounds)
    )
    record_property("ratio", result.ratio)
    print(f"C {result.c_gb_s:.2f} GB/s, Numba {result.numba_gb_s:.2f} GB/s, {result.ratio:.3f}")


@needs_gcc
def test_a_wrong_result_of_the_c_program_is_an_error(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(stream_c, "STREAM_SOURCE", stream_c.STREAM_SOURCE.replace("a[j] != 2.0", "a[j] != 3.0"))
    with pytest.raises(subprocess.CalledProcessError):
        stream_c.run_program(stream_c.compile_program(tmp_path, 1000), 1, set())


def test_without_gcc_the_comparison_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(stream_c.shutil, "which", lambda name: None)
    with pytest.raises(BadInput, match="gcc is not installed") as refusal:
        call_task("memory-traffic", "stream", make_settings(tmp_path))
    assert refusal.value.remedy


def test_arrays_that_are_too_large_for_a_c_program_are_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="plain C program"):
        call_task("memory-traffic", "stream", make_settings(tmp_path), {"size_kib": 4 * 1024 * 1024})
