"""TODO: tests.bench.race.test_watchdog."""

import bench.race.race
from bench.run.events import State
from bench.values import Arm
from tests.support.runs import run_trial_race


def test_an_arm_that_eats_memory_is_ended_with_the_figures(tmp_path, monkeypatch):

    monkeypatch.setattr(bench.race.race, "MEMORY_SHARE", 500 * 2**20 / _available_bytes())
    run = run_trial_race(tmp_path, parameters={"fault": "memory"}).record
    assert run.state is State.FAILED
    assert "GiB that may be used" in run.failure.what
    assert run.failure.arm is Arm.ACCELERATED


def _available_bytes() -> int:
    import psutil

    return psutil.virtual_memory().available
