"""The worker's own clocks: what belongs to a sample, and what to the machine beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

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


@pytest.fixture
def pass_time(monkeypatch) -> Callable[[float], None]:
    """A function that lets so many seconds pass on the wall clock, which stands still otherwise."""
    now_ns = [0]
    monkeypatch.setattr(arm_worker.time, "perf_counter_ns", lambda: now_ns[0])
    monkeypatch.setattr(arm_worker.time, "perf_counter", lambda: now_ns[0] / 1e9)

    def advance(seconds: float) -> None:
        now_ns[0] += round(seconds * 1e9)

    return advance


def test_every_request_has_a_time_of_its_own_and_the_first_is_not_timed(pass_time):
    calls: list[float] = []

    def work() -> int:
        calls.append(0.0)
        # The first call and the fourth are slow.
        pass_time(0.3 if len(calls) in (1, 4) else 0.1)
        return len(calls)

    clock = arm_worker.StepClock({"row": 5}, time.process_time, requests=["row"])
    assert clock("row", work) == len(calls) == 6
    [timed] = clock.steps
    assert len(timed.request_ns) == timed.calls == 5 and timed.untimed_calls == 1
    assert timed.request_ns == [100_000_000, 100_000_000, 300_000_000, 100_000_000, 100_000_000]
    assert timed.seconds == pytest.approx(sum(timed.request_ns) / 5e9)
    assert clock.measure_other_s(10.0) == 0.0, "what happens between requests belongs to none of them"


def test_a_single_request_follows_another_one_too():
    calls: list[int] = []
    clock = arm_worker.StepClock({}, time.process_time, requests=["row"])
    clock("row", lambda: calls.append(1))
    assert len(calls) == 2 and clock.steps[0].calls == len(clock.steps[0].request_ns) == 1
    clock("other", lambda: calls.append(1))
    assert len(calls) == 3 and clock.steps[1].request_ns == [] and clock.measure_other_s(10.0) > 9


def test_the_first_call_of_a_short_step_is_not_timed(pass_time):
    calls: list[int] = []

    def work() -> int:
        # Only the first call is slow.
        pass_time(0.1 if calls else 0.5)
        calls.append(0)
        return len(calls)

    clock = arm_worker.StepClock({"short": 3}, time.process_time)
    assert clock("short", work) == 4
    assert clock.steps[0].calls == 3
    assert clock.steps[0].seconds == pytest.approx(0.1)
    assert clock.inside_s == pytest.approx(0.8), "the first call is in no time between the steps"


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
