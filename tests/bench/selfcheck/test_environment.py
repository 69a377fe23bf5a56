"""The self-check of the arms' times in a race against those in a plain process, with the trial workload."""

import sys

import pytest

from bench.selfcheck import environment
from bench.selfcheck.environment import compare_times
from bench.values.base import Arm
from bench.worker.environment import PROCESS_VARIABLES, THREAD_COUNT_VARIABLES
from tests.support.processes import read_environment
from tests.support.trial_session import prepare_trial


def test_every_arm_and_step_is_timed_in_the_race_and_in_a_plain_process(monkeypatch):
    monkeypatch.setattr(environment, "SAMPLING_S", 0.0)
    monkeypatch.setattr(environment, "MIN_ROUNDS", 3)
    lines: list[str] = []
    environment.check_environment(lines.append, workload="trial", cores=1, parameters={"loops": 20_000})
    assert [line.partition(":")[0] for line in lines] == [
        f"trial, {arm}, {step}"
        for arm in ("baseline (full)", "accelerated (half)")
        for step in ("total", "spin", "nothing")
    ]
    assert all("3 samples each" in line for line in lines)


def test_a_failing_arm_ends_the_check():
    with pytest.raises(RuntimeError, match="this arm was told to fail"):
        environment.check_environment(
            lambda line: None, workload="trial", cores=1, parameters={"loops": 2000, "fault": "raise"}
        )


def test_times_within_three_percent_are_not_a_difference():
    plain_s = [0.100, 0.101, 0.099, 0.100, 0.102, 0.098, 0.100, 0.101, 0.099, 0.100]
    assert compare_times([1.02 * seconds for seconds in plain_s], plain_s).endswith(": within 3 %")
    assert compare_times([1.3 * seconds for seconds in plain_s], plain_s).endswith(": not within 3 %")
    noisy_s = [seconds * (1 + number % 3) for number, seconds in enumerate(plain_s)]
    assert "not decided" in compare_times(noisy_s, plain_s)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_plain_process_has_the_environment_of_the_user_and_the_thread_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_PROC_BIND", "TRUE")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    with prepare_trial(tmp_path) as (session, arms):
        lever_value = arms[Arm.BASELINE].lever_value
        plain = environment.PlainProcess(Arm.BASELINE, lever_value, session.cores, tmp_path / "plain")
        environment.prepare_plain(session, plain)
        variables = read_environment(plain.pid)
    assert variables["OMP_PROC_BIND"] == "TRUE"
    assert variables["PYTHONHASHSEED"] == "7" != PROCESS_VARIABLES["PYTHONHASHSEED"]
    assert {variables[name] for name in THREAD_COUNT_VARIABLES} == {"1"}
