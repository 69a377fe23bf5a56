"""TODO: tests.workloads.memory_traffic.measure.test_memory_check."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.workload.interface import BadInput
from tests.support.memory_traffic import prepare_arm
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.measure import memory_check

MEMORY_SCRIPT = """
import gc, sys
from pathlib import Path
from tests.workloads.memory_traffic.test_kernels import prepared
from workloads.memory_traffic import build, problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

build.THREADS.clear()  # As in the tests' own process: its main thread is not tied to a core.

def told(key):
    return 1024 * int(next(line for line in open("/proc/self/status") if line.startswith(key)).split()[1])

def work(name, **size):
    arm = prepared(Path(sys.argv[1]), "after", transformation=name, fields="8", **size)
    arm.repeat(0, lambda step, work: work())
    arm.conclude()

for name, one in TRANSFORMATIONS.items():
    if one.version(one.after).promise == "threads":
        continue
    # Twice: the compiler's own memory is there when it counts.
    work(name, size=64)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # The peak begins anew.
    before = told("VmRSS")
    size = {"side": 1535} if name == "tiling" else {"size": 48 * 1024}
    work(name, **size)
    needed = problems.needed(one, size_kib=size.get("size", 0), side=size.get("side", 0))
    print(name, told("VmHWM") - before, needed)
"""


def test_no_arm_takes_more_memory_than_is_looked_for(tmp_path):
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux forgets the peak of a process's memory")
    command = [sys.executable, "-c", MEMORY_SCRIPT, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    rows = [line.split() for line in ran.stdout.splitlines()]
    assert len(rows) == len(TRANSFORMATIONS) - 1, ran.stdout
    for name, took, needed in rows:
        assert int(took) <= int(needed), f"{name} took {took} bytes and {needed} were looked for"


def test_a_side_is_looked_for_as_the_same_size_is():
    for name, matrices in problems.MATRIX_COUNTS.items():
        one = TRANSFORMATIONS[name]
        by_side = problems.estimate_bytes(one, size_kib=0, side=1024)
        assert by_side == problems.estimate_bytes(one, size_kib=4 * matrices * 1024, side=0)


def test_more_than_the_free_memory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_check, "available_bytes", lambda: 100 * 1024)
    with pytest.raises(BadInput, match="are free"):
        prepare_arm(tmp_path, "after", transformation="transpose")
