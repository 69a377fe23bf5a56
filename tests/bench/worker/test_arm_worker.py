"""The worker's own clocks: what belongs to a sample, and what to the machine beside it."""

from __future__ import annotations

import sys
import time

import pytest

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
