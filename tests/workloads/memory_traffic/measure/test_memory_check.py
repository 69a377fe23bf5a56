"""Memory: the estimate is an upper bound, and races that need too much are refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.workload.interface import BadInput
from tests.support.memory_traffic import prepare_arm
from workloads.memory_traffic import problem_sizes
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.measure import memory_check

MEMORY_SCRIPT = """
import gc, sys
from pathlib import Path
from tests.support.memory_traffic import prepare_arm
from workloads.memory_traffic import problem_sizes
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import numba_runtime

numba_runtime.THREAD_ENVIRONMENT.clear()  # As in conftest.py: the main thread is not bound to a core.

def read_status_bytes(key):
    return 1024 * int(next(line for line in open("/proc/self/status") if line.startswith(key)).split()[1])

def run_arm(name, **size):
    arm, _ = prepare_arm(Path(sys.argv[1]), name, **size, **({"fields": "8"} if name == "layout" else {}))
    arm.repeat(0, lambda step, work: work())
    arm.conclude()

for name, transformation in TRANSFORMATIONS.items():
    if transformation.version(transformation.accelerated).promise == "threads":
        continue
    # A first, small run, so that the memory of the compiler is part of the baseline.
    run_arm(name, size=64)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # Resets the peak, VmHWM.
    before = read_status_bytes("VmRSS")
    size = {"side": 1535} if name == "tiling" else {"size": 48 * 1024}
    run_arm(name, **size)
    estimate = problem_sizes.estimate_bytes(transformation, size_kib=size.get("size", 0), side=size.get("side", 0))
    print(name, read_status_bytes("VmHWM") - before, estimate)
"""


def test_no_arm_takes_more_memory_than_estimated(tmp_path):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux can reset the peak of a process's memory")
    command = [sys.executable, "-c", MEMORY_SCRIPT, str(tmp_path)]
    process = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    rows = [line.split() for line in process.stdout.splitlines()]
    assert len(rows) == len(TRANSFORMATIONS) - 1, process.stdout
    for name, taken, estimate in rows:
        assert int(taken) <= int(estimate), f"{name} took {taken} bytes; the estimate was {estimate}"


def test_a_side_needs_as_much_memory_as_the_same_size():
    for name, matrices in problem_sizes.MATRIX_COUNTS.items():
        transformation = TRANSFORMATIONS[name]
        by_side = problem_sizes.estimate_bytes(transformation, size_kib=0, side=1024)
        assert by_side == problem_sizes.estimate_bytes(transformation, size_kib=4 * matrices * 1024, side=0)


def test_a_race_that_needs_more_than_the_available_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_check, "available_memory_bytes", lambda: 100 * 1024)
    with pytest.raises(BadInput, match="are available"):
        prepare_arm(tmp_path, "transpose")
