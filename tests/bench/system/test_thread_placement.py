"""Spreading threads over cores: when, and where each thread may run afterwards."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.paths import ROOT
from bench.system.limits import core_limit
from bench.system.thread_placement import can_spreading_help, is_spread_better, may_be_packed

SCRIPT = """\
import json, os, threading
from bench.system.thread_placement import MIN_ACTIVE_NS, read_affinities, restore_affinities, spread_threads

cores = sorted(os.sched_getaffinity(0))[:2]
over, ids = threading.Event(), []
started = threading.Barrier(3)

def wait():
    ids.append(threading.get_native_id())
    started.wait()
    over.wait()

threads = [threading.Thread(target=wait) for _ in range(2)]
for thread in threads:
    thread.start()
started.wait()
busy, idle = ids
gone = 2**22 - 1

def list_cores():
    return [sorted(os.sched_getaffinity(thread)) for thread in (os.getpid(), busy, idle)]

for thread in (os.getpid(), busy, idle):
    os.sched_setaffinity(thread, cores)
os.sched_setaffinity(busy, cores[:1])  # As an OpenMP library binds its threads.
before = list_cores()
affinities = read_affinities()
count = spread_threads({busy: MIN_ACTIVE_NS + 1, idle: MIN_ACTIVE_NS, gone: MIN_ACTIVE_NS + 1}, cores)
spread = list_cores()
late = threading.Thread(target=over.wait)
late.start()
restore_affinities(affinities)
late_cores = sorted(os.sched_getaffinity(late.native_id))
after = list_cores()
over.set()
print(json.dumps([cores, before, count, spread, after, late_cores]))
"""


@pytest.mark.parametrize(
    ("effective_cores", "core_count", "expected"), [(1.0, 2, True), (1.6, 2, False), (0.5, 1, False), (2.9, 4, True)]
)
def test_threads_may_be_packed_if_a_quarter_of_the_cores_is_unused(effective_cores, core_count, expected):
    assert may_be_packed(effective_cores, core_count) is expected


def test_spreading_is_kept_from_a_tenth_on():
    assert is_spread_better(1.0, 1.2) and not is_spread_better(1.0, 1.05)


@pytest.mark.parametrize(
    ("wall_s", "run_delay_s", "expected"),
    [(1.0, None, True), (1.0, 0.0, False), (1.0, 0.05, False), (1.0, 0.15, True), (1.0, 3.0, True)],
)
def test_spreading_cannot_save_more_than_the_threads_waited_for_a_core(wall_s, run_delay_s, expected):
    assert can_spreading_help(wall_s, run_delay_s) is expected


def test_active_threads_get_a_core_each_and_then_their_own_cores_again():
    if core_limit() < 2 or not sys.platform.startswith("linux"):
        pytest.skip("needs two cores and Linux")
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    cores, before, count, spread, after, late_cores = json.loads(done.stdout)
    assert before == after == [cores, cores[:1], cores], "a thread that was bound is bound again"
    assert late_cores == cores, "a thread that started meanwhile is not left on the core of the main thread"
    assert count == 1
    assert spread == [[cores[0]], [cores[1]], cores], "main thread, active thread, idle thread"
