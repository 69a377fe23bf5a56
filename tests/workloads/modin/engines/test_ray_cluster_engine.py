"""pandas to Modin on a Ray cluster that is there already: two nodes on this machine, started with `ray start`."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
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
from bench.values import Arm, Outcome
from bench.workload.registry import load_workloads
from tests.support.processes import has_environment_variable, wait_until_gone
from tests.support.runs import open_plan

WORKLOAD = load_workloads()["modin"]
pytestmark = pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable() or "here")

CLUSTER_VARIABLE = "FAIRLAP_TEST_CLUSTER"


@dataclass(frozen=True, slots=True)
class Cluster:
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
        """A node of one processor."""
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
    # Short, for the sockets in it.
    folder = Path(tempfile.mkdtemp(prefix="flt-", dir="/tmp"))
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # The token stands for what an operator has: whoever joins must have it too.
    own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "FAIRLAP_"))}
    started = Cluster(f"127.0.0.1:{port}", folder, environment | own | {CLUSTER_VARIABLE: str(folder)})
    try:
        temporary = f"--temp-dir={folder / 'ray'}"
        started.start("--head", f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false", temporary)
        started.start(f"--address=127.0.0.1:{port}", "--node-ip-address=127.0.0.1")
        yield started
    finally:
        started.end()
        shutil.rmtree(folder)


@pytest.fixture
def named(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster as whoever runs Fairlap names it."""
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, cluster.environment[name])
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    return cluster


def run_cluster_race(tmp_path: Path, told=None, case: str = "etl", rows: int = 400) -> Run:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    parameters = {"columns": 6, "cluster": "existing"}
    plan = make_plan("modin", case, cores=1, batch=rows, budget_s=2, target=0.5, parameters=parameters)
    opening = open_plan(plan)
    racing = Race(
        opening, emit=told or (lambda event: None), stop_requested=lambda: None, scratch=scratch, cores=choose_cores(1)
    )
    racing.run()
    return racing.record


def test_nobody_joins_a_cluster_that_the_operator_does_not_name(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    plan = make_plan("modin", cores=1, parameters={"cluster": "existing"})
    assert "RAY_ADDRESS" in resolve(plan).unavailable()
    assert not resolve(make_plan("modin", cores=1)).unavailable()
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    assert not resolve(plan).unavailable()


def test_a_cluster_works_shows_its_nodes_and_its_ratio_is_refused(tmp_path, home, named):
    # So many rows that parts are too large to travel inside messages.
    run = run_cluster_race(tmp_path, case="files", rows=1 << 15)
    assert run.state is State.FINISHED, run.failure
    service = run.prepared_arm(Arm.ACCELERATED).service
    assert (service.cores, service.elsewhere) == (2, 0)
    assert len(service.pids) == 3, "two nodes and their directory"
    table = next(table for table in run.tables if table.name == "nodes")
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [(row["processors"], row["state"]) for row in rows] == [("1", "alive")] * 2
    assert sum(int(row["parts of first results"]) for row in rows) > 0
    assert all(float(row["processor time until the race"].removesuffix(" s")) > 0 for row in rows), "both worked"
    findings = {finding.rule: finding for finding in run.claim().findings}
    assert findings["same-conditions"].outcome is Outcome.REFUSED
    assert "2 cores" in findings["same-conditions"].seen
    assert "was not stopped beside the other arm" in findings["background"].seen
    assert {measure.value for measure in run.quality.agreement if measure.decisive} == {100.0}
    assert sum(sample.repetition.idle_cpu_s for sample in run.samples_of(Arm.ACCELERATED)) > 0
    assert not wait_until_gone(home)
    assert len([one for one in named.processes() if one.name() in ("raylet", "gcs_server")]) == 3, "it goes on"


def test_a_node_that_is_lost_in_the_middle_ends_in_a_clear_failure(tmp_path, home, named):
    def kill(event: events.Event) -> None:
        if isinstance(event, events.SampleTaken) and event.sample.arm is Arm.ACCELERATED:
            for process in named.processes():
                if process.name() == "raylet" and any(word.endswith("/raylet.1") for word in process.cmdline()):
                    os.kill(process.pid, signal.SIGKILL)

    run = run_cluster_race(tmp_path, kill)
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Ray)" in run.failure.what
    assert "raylet ended" in run.failure.what or "node" in run.failure.what, run.failure
    assert run.failure.remedy
    assert not wait_until_gone(home)


def test_a_cluster_that_is_not_there_is_told_with_what_to_do(tmp_path, home, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    run = run_cluster_race(tmp_path)
    assert run.state is State.FAILED
    assert "127.0.0.1:1 cannot be joined" in run.failure.what
    assert "RAY_ADDRESS" in run.failure.remedy
