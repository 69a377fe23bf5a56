"""Sweeps of two servers with one database and a data folder each: one does not take over what the other measures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.machine.describe import describe_machine
from bench.paths import ROOT
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.sweep import CellState, SweepRecord
from bench.scheduler import race_series, sweep_series
from bench.scheduler.recovery import recover_jobs
from bench.scheduler.sweep_liveness import LEASE_S, is_live
from bench.scheduler.sweep_series import find_open_sweep, load_sweep, why_not_continue
from bench.storage.store import Store
from tests.support import postgresql
from tests.support.sweeps import MadeRacer, begin_series, request_sweep
from tests.support.waiting import wait_for

OVER = ("cores=1,2", "batch=1000,3000")
COMMAND = (
    "sweep",
    "trial",
    "--over",
    "cores=1",
    "--over",
    "batch=1,2",
    "--budget-per-cell",
    "2",
    "--set",
    "loops=2000",
)


@pytest.fixture
def unchecked(monkeypatch) -> None:
    monkeypatch.setattr(race_series, "check_inputs", lambda plan: None)
    monkeypatch.setattr(race_series, "find_bad_inputs", lambda plans, is_stopped: [None] * len(plans))


def begin_elsewhere(store: Store, *, age_s: float) -> SweepRecord:
    """A sweep that goes on in another data folder, and was stored `age_s` seconds ago."""
    record = begin_series(store, request_sweep(*OVER)).record
    record.started = datetime.now(UTC) - timedelta(seconds=age_s)
    store.save(record)
    return record


def test_a_sweep_of_another_server_that_lives_is_not_taken_over():
    store, machine = Store(), describe_machine()
    record = begin_elsewhere(store, age_s=LEASE_S / 2)
    assert is_live(record, machine) and record.id not in recover_jobs(store)
    assert find_open_sweep(store, request_sweep(*OVER), machine) is None
    assert why_not_continue(record, machine) == "Another server is running it."
    stored = load_sweep(store, record.id)
    assert stored is not None and stored.state is State.MEASURING


def test_a_sweep_of_another_server_that_died_goes_on():
    store, machine = Store(), describe_machine()
    record = begin_elsewhere(store, age_s=2 * LEASE_S)
    assert not is_live(record, machine) and record.id in recover_jobs(store)
    found = find_open_sweep(store, request_sweep(*OVER), machine)
    assert found is not None and found.id == record.id and found.state is State.INTERRUPTED


def test_a_sweep_is_stored_while_a_race_takes_long(unchecked, monkeypatch):
    monkeypatch.setattr(sweep_series, "HEARTBEAT_S", 0.0)
    store = Store()

    class SlowRacer(MadeRacer):
        def race(self, plan, *, prepare, began, **submission):
            def find_age() -> float:
                record = self.store.load(submission["parent_id"])
                assert isinstance(record, SweepRecord)
                return record.last_at

            before = find_age()
            wait_for(lambda: find_age() > before)
            return super().race(plan, prepare=prepare, began=began, **submission)

    series = begin_series(store, request_sweep("batch=1000,3000"))
    series.run(SlowRacer(store, lambda plan: (0.02, 0.01)))
    assert series.record.state is State.FINISHED


@pytest.fixture
def database() -> Iterator[str]:
    if reason := postgresql.why_missing():
        pytest.skip(reason)
    with postgresql.run_server() as server, postgresql.make_database(server, "sweeps") as url:
        yield url


@pytest.mark.timeout(400)
def test_two_servers_share_a_database_and_measure_nothing_twice(database: str, tmp_path: Path):
    def start(home: str) -> subprocess.Popen:
        environment = os.environ | {"FAIRLAP_HOME": str(tmp_path / home), "FAIRLAP_DATABASE": database}
        words = [sys.executable, "-m", "bench", *COMMAND]
        return subprocess.Popen(
            words, cwd=ROOT, env=environment, text=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )

    store = Store(database)

    def find_sweeps() -> list[SweepRecord]:
        records = [store.load(row.id) for row in store.rows(kind=JobKind.SWEEP)]
        return [record for record in records if isinstance(record, SweepRecord)]

    first = start("one")
    try:
        wait_for(lambda: (found := find_sweeps()) and found[0].sweep.count(CellState.MEASURED) >= 1)
        [going] = find_sweeps()
        assert recover_jobs(store) == [], "this data folder is that of another server"
    finally:
        first.send_signal(signal.SIGKILL)
        first.communicate()
    # As long as it may be alive, a sweep over the same cells is a new one, which reuses what is measured.
    second = start("two")
    _, errors = second.communicate()
    assert second.returncode == 0, errors
    assert "continues" not in errors and "1 measured before" in errors
    # Where it was killed, it is known at once that it has died.
    third = start("one")
    _, errors = third.communicate()
    assert third.returncode == 0, errors
    assert "0 races to make" in errors
    finished = {record.id: record for record in find_sweeps()}
    assert finished.pop(going.id).state is State.INTERRUPTED
    assert {record.state for record in finished.values()} == {State.FINISHED}
    measured = next(cell for cell in going.sweep.cells if cell.state is CellState.MEASURED)
    races = store.rows(kind=JobKind.RACE, digest=measured.digest)
    assert [row.id for row in races] == [measured.run_id]
