"""Modin on an existing Ray cluster: two nodes on this machine, started with `ray start`."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from bench.machine.core_selection import choose_cores
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.race.race import Race
from bench.run import events
from bench.run.events import State
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.claims import Outcome
from bench.workload.registry import load_workloads
from tests.support.modin import RACE_BUDGET_S
from tests.support.ports import find_free_port
from tests.support.processes import has_environment_variable, wait_until_gone
from tests.support.runs import open_plan

WORKLOAD = load_workloads()["modin"]
pytestmark = pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable() or "available")

CLUSTER_VARIABLE = "FAIRLAP_TEST_CLUSTER"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster on this machine."""

    address: str
    folder: Path
    environment: dict[str, str]

    def processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                if has_environment_variable(process, CLUSTER_VARIABLE, str(self.folder)):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def start(self, *arguments: str) -> None:
        """Start a node with one core."""
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments]
        small = ["--num-cpus=1", f"--object-store-memory={128 << 20}", "--disable-usage-stats"]
        log = self.folder / "start.log"
        with log.open("ab") as out:
            done = subprocess.run([*command, *small], env=self.environment, cwd=self.folder, stdout=out, stderr=out)
        assert done.returncode == 0, log.read_text()

    def end(self) -> None:
        while left := self.processes():
            for process in left:
                try:
                    process.kill()
                except psutil.Error:
                    continue
            psutil.wait_procs(left, 2.0)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # A short path, because the paths of sockets are limited.
    folder = Path(tempfile.mkdtemp(prefix="flt-", dir="/tmp"))
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    port = find_free_port()
    # A program that joins the cluster must have its token.
    ray_variables = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "FAIRLAP_"))}
    started = Cluster(f"127.0.0.1:{port}", folder, environment | ray_variables | {CLUSTER_VARIABLE: str(folder)})
    try:
        temporary = f"--temp-dir={folder / 'ray'}"
        started.start("--head", f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false", temporary)
        started.start(f"--address=127.0.0.1:{port}", "--node-ip-address=127.0.0.1")
        yield started
    finally:
        started.end()
        shutil.rmtree(folder)


@pytest.fixture
def named_cluster(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster, which the environment names as the person who starts Fairlap would."""
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, cluster.environment[name])
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    return cluster


def run_cluster_race(tmp_path: Path, on_event=None, case: str = "etl", rows: int = 400) -> Run:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    parameters = {"columns": 6, "cluster": "existing"}
    plan = make_plan("modin", case, cores=1, batch=rows, budget_s=RACE_BUDGET_S, target=0.5, parameters=parameters)
    opening = open_plan(plan)
    racing = Race(
        opening,
        emit=on_event or (lambda event: None),
        stop_requested=lambda: None,
        scratch=scratch,
        cores=choose_cores(1),
    )
    racing.run()
    return racing.record


def test_an_existing_cluster_is_available_only_if_the_environment_names_it(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    plan = make_plan("modin", cores=1, parameters={"cluster": "existing"})
    assert "RAY_ADDRESS" in resolve(plan).unavailable()
    assert not resolve(make_plan("modin", cores=1)).unavailable()
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    assert not resolve(plan).unavailable()


def test_a_race_on_a_cluster_shows_its_nodes_and_claims_no_ratio(tmp_path, home, named_cluster):
    # Enough rows that parts are too large to travel in messages.
    run = run_cluster_race(tmp_path, case="files", rows=1 << 15)
    assert run.state is State.FINISHED, run.failure
    service = run.prepared_arm(Arm.ACCELERATED).service
    assert (service.cores, service.elsewhere) == (2, 0)
    assert len(service.pids) == 3, "two nodes and the server of their directory"
    table = next(table for table in run.tables if table.name == "nodes")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(row["cores"], row["state"]) for row in rows] == [("1", "alive")] * 2
    assert sum(int(row["parts of first results"]) for row in rows) > 0
    assert all(float(row["CPU time until the race"].removesuffix(" s")) > 0 for row in rows), "both worked"
    findings = {finding.rule: finding for finding in run.claim().findings}
    assert findings["same-conditions"].outcome is Outcome.REFUSED
    assert "2 cores" in findings["same-conditions"].seen
    assert "was not stopped during the other arm" in findings["background"].seen
    assert {measure.value for measure in run.quality.agreement if measure.decisive} == {100.0}
    assert sum(sample.repetition.idle_cpu_s for sample in run.samples_of(Arm.ACCELERATED)) > 0
    assert not wait_until_gone(home)
    assert len([p for p in named_cluster.processes() if p.name() in ("raylet", "gcs_server")]) == 3, "it still runs"


def test_a_node_that_is_lost_during_a_race_is_a_clear_failure(tmp_path, home, named_cluster):
    def kill(event: events.Event) -> None:
        if isinstance(event, events.SampleTaken) and event.sample.arm is Arm.ACCELERATED:
            for process in named_cluster.processes():
                if process.name() == "raylet" and any(word.endswith("/raylet.1") for word in process.cmdline()):
                    os.kill(process.pid, signal.SIGKILL)

    run = run_cluster_race(tmp_path, kill)
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Ray)" in run.failure.what
    assert "raylet ended" in run.failure.what or "node" in run.failure.what, run.failure
    assert run.failure.remedy
    assert not wait_until_gone(home)


def test_a_cluster_that_does_not_answer_is_refused_with_a_remedy(tmp_path, home, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    run = run_cluster_race(tmp_path)
    assert run.state is State.FAILED
    assert "cannot join the Ray cluster at 127.0.0.1:1" in run.failure.what
    assert "RAY_ADDRESS" in run.failure.remedy
