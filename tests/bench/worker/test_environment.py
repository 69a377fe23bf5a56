"""The environment of an arm's process: what a user has, and the number of threads."""

import os
import sys

import pytest

from bench.values.arms import EnvironmentVariable, VariableOrigin
from bench.values.base import Arm
from bench.worker.environment import (
    AFFINITY_VARIABLES,
    PROCESS_VARIABLES,
    THREAD_COUNT_VARIABLES,
    list_environment,
    make_environment,
)
from tests.support.processes import read_environment
from tests.support.runs import run_trial_race
from tests.support.trial_session import prepare_trial

WAITING_VARIABLES = {
    "OMP_WAIT_POLICY",
    "OMP_DYNAMIC",
    "GOMP_SPINCOUNT",
    "KMP_BLOCKTIME",
    "MKL_DYNAMIC",
    "OPENBLAS_THREAD_TIMEOUT",
}


@pytest.fixture(autouse=True)
def no_threading_variables(monkeypatch):
    """The user has set nothing that steers threads."""
    for name in WAITING_VARIABLES | AFFINITY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def test_only_the_thread_counts_and_the_variables_of_the_process_are_set():
    changed = {name for name, value in make_environment(2, {}).items() if os.environ.get(name) != value}
    assert changed <= {*THREAD_COUNT_VARIABLES, *PROCESS_VARIABLES}
    assert {make_environment(2, {})[name] for name in THREAD_COUNT_VARIABLES} == {"2"}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_the_process_of_an_arm_has_no_waiting_policy_but_that_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    with prepare_trial(tmp_path) as (_, arms):
        variables = read_environment(arms[Arm.BASELINE].pid)
    assert {name: variables[name] for name in WAITING_VARIABLES & variables.keys()} == {"OMP_WAIT_POLICY": "ACTIVE"}


def test_variables_are_recorded_with_their_origin(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("OMP_PROC_BIND", "TRUE")
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("TF_XLA_FLAGS", "--tf_xla_auto_jit=2")
    recorded = {variable.name: variable for variable in list_environment(2, {"TF_ENABLE_ONEDNN_OPTS": "0"})}
    assert list(recorded) == sorted(recorded)
    expected = {
        "OMP_WAIT_POLICY": ("ACTIVE", VariableOrigin.INHERITED),
        "TF_XLA_FLAGS": ("--tf_xla_auto_jit=2", VariableOrigin.INHERITED),
        "OMP_PROC_BIND": ("TRUE", VariableOrigin.REMOVED),
        "OMP_NUM_THREADS": ("2", VariableOrigin.RACE),
        "TF_ENABLE_ONEDNN_OPTS": ("0", VariableOrigin.LEVER),
    }
    for name, (value, origin) in expected.items():
        assert recorded[name] == EnvironmentVariable(name=name, value=value, origin=origin)
    environment = make_environment(2, {"TF_ENABLE_ONEDNN_OPTS": "0"})
    assert "OMP_PROC_BIND" not in environment
    assert all(
        environment[name] == variable.value
        for name, variable in recorded.items()
        if variable.origin is not VariableOrigin.REMOVED
    )


@pytest.mark.parametrize(
    "name", ["SOME_TOKEN", "TF_VAR_password", "TF_TOKEN_app_terraform_io", "AWS_SECRET_ACCESS_KEY"]
)
def test_no_secret_is_recorded(monkeypatch, name):
    monkeypatch.setenv(name, "secret")
    assert "secret" not in {variable.value for variable in list_environment(1, {})}


def test_a_variable_of_the_lever_is_kept_even_if_it_pins_threads(monkeypatch):
    monkeypatch.setenv("OMP_PROC_BIND", "FALSE")
    [recorded] = [variable for variable in list_environment(1, {"OMP_PROC_BIND": "TRUE"}) if "BIND" in variable.name]
    assert recorded == EnvironmentVariable(name="OMP_PROC_BIND", value="TRUE", origin=VariableOrigin.LEVER)
    assert make_environment(1, {"OMP_PROC_BIND": "TRUE"})["OMP_PROC_BIND"] == "TRUE"


def test_a_run_records_the_environment_of_both_arms(tmp_path, monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "1000")
    run = run_trial_race(tmp_path).record
    for arm in Arm:
        recorded = {variable.name: variable for variable in run.prepared_arm(arm).environment}
        assert recorded["OMP_NUM_THREADS"].value == "1"
        assert recorded["GOMP_SPINCOUNT"].origin is VariableOrigin.INHERITED
