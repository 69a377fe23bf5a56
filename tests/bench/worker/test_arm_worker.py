"""The worker's own clocks: what belongs to a sample, and what to the machine beside it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from bench.paths import ROOT
from bench.system.limits import Throttling
from bench.worker import arm_worker
from bench.worker.protocol import Repeat

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the processor time of a machine so")


class IdleArm:
    """An arm that does next to nothing."""

    def repeat(self, repetition, clock):
        clock("nothing", lambda: None)


@linux_only
def test_waking_a_core_does_not_count_as_load_of_other_programs(monkeypatch):
    """On a machine that runs nothing but this process, whatever it was busy with was us."""
    monkeypatch.setattr(arm_worker, "machine_busy_and_steal_s", lambda: (time.process_time(), 0.0))
    # Long beside what other threads of this process may do meanwhile.
    monkeypatch.setattr(arm_worker, "WAKE_UP_S", 0.2)
    measured = arm_worker.ArmWorker(writer=None)._repeat(IdleArm(), Repeat(repetition=0, calls={}))
    assert measured.machine_busy_s - measured.cpu_s < arm_worker.WAKE_UP_S / 2


def test_waiting_and_throttling_are_those_between_two_readings(monkeypatch):
    delays = iter([{1: 5_000_000_000}, {1: 5_250_000_000, 2: 500_000_000}])
    monkeypatch.setattr(arm_worker, "thread_run_delay_ns", lambda pids: next(delays))
    worker = arm_worker.ArmWorker(writer=None)
    throttlings = iter([Throttling(3, 1.0), Throttling(5, 1.25)])
    monkeypatch.setattr(worker._throttling, "read", lambda: next(throttlings))
    measured = worker._repeat(IdleArm(), Repeat(repetition=0, calls={}))
    assert measured.run_delay_s == 0.75
    assert (measured.throttled_s, measured.throttled_periods) == (0.25, 2)


def test_a_system_that_reports_neither_waiting_nor_throttling(monkeypatch):
    monkeypatch.setattr(arm_worker, "thread_run_delay_ns", lambda pids: None)
    worker = arm_worker.ArmWorker(writer=None)
    monkeypatch.setattr(worker._throttling, "read", lambda: None)
    measured = worker._repeat(IdleArm(), Repeat(repetition=0, calls={}))
    assert (measured.run_delay_s, measured.throttled_s, measured.throttled_periods) == (None, None, None)


def test_the_first_call_of_a_short_step_is_not_timed():
    calls: list[float] = []

    def work() -> int:
        # Only the first call is slow.
        time.sleep(0.0 if calls else 0.5)
        calls.append(time.perf_counter())
        return len(calls)

    clock = arm_worker.StepClock({"short": 3}, time.process_time)
    assert clock("short", work) == 4
    assert clock.steps[0].calls == 3
    assert 3 * clock.steps[0].seconds < calls[-1] - calls[0] + 0.25
    assert clock.inside_s > 0.5, "the first call is in no time between the steps"


def test_a_step_that_is_called_once_is_timed_at_its_first_call():
    clock = arm_worker.StepClock({}, time.process_time)
    clock("long", lambda: time.sleep(0.05))
    assert clock.steps[0].seconds >= 0.05


def test_what_is_left_out_is_no_step_and_no_time_between_the_steps():
    clock = arm_worker.StepClock({}, time.process_time)
    assert clock.leave_out(lambda: time.sleep(0.05) or "result") == "result"
    assert not clock.steps and clock.inside_s >= 0.05


@linux_only
def test_a_stop_within_a_sample_is_noticed_and_one_before_it_is_not():
    code = """
import os, signal, subprocess, sys
from bench.worker import arm_worker
from bench.worker.protocol import Repeat

arm_worker.hold_continuations()

class Arm:
    def __init__(self, stopped):
        self.stopped = stopped

    def repeat(self, repetition, clock):
        if self.stopped:
            subprocess.run(["sh", "-c", f"(sleep 0.2; kill -CONT {os.getpid()}) & kill -STOP {os.getpid()}"])

worker = arm_worker.ArmWorker(writer=None)
os.kill(os.getpid(), signal.SIGCONT)
for stopped in (False, True, False):
    print(worker._repeat(Arm(stopped), Repeat(repetition=0, calls={})).was_stopped)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "True", "False"], done.stderr
