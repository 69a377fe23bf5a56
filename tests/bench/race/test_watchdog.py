"""Limits that a race enforces while it waits."""

import re

from bench.race import watchdog
from bench.run.events import State
from bench.system.limits import available_memory_bytes
from bench.values.base import Arm
from tests.support.runs import run_trial_race


def test_an_arm_that_uses_too_much_memory_is_ended_with_the_amounts(tmp_path, monkeypatch):
    monkeypatch.setattr(watchdog, "MAX_MEMORY_SHARE", 500 * 2**20 / available_memory_bytes())
    run = run_trial_race(tmp_path, parameters={"fault": "memory"}, budget_s=30).record
    assert run.state is State.FAILED
    amounts = r"used [\d.]+ [GM]iB of memory together, more than the limit of [\d.]+ [GM]iB"
    assert re.search(amounts, run.failure.what)
    assert run.failure.arm is Arm.ACCELERATED
