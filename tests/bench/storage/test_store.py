"""The store: whole runs come back, a full disk or a kill loses none of the earlier ones. The database is a real one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import create_engine, event, text

from bench.paths import ROOT
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import Store, StoreError
from tests.support.runs import make_opening, run_trial_race


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Run:
    return run_trial_race(tmp_path_factory.mktemp("race")).record


def copy_run(run: Run, name: str) -> Run:
    return run.model_copy(update={"id": name})


def test_a_run_comes_back_as_it_was_with_its_raw_samples(finished):
    store = Store()
    store.save(finished)
    assert store.load(finished.id) == finished
    row = store.rows()[0]
    assert (row.id, row.workload, row.state, row.digest) == (finished.id, "trial", State.FINISHED, finished.digest)
    assert row.ratio == finished.comparison().ratio.value
    assert row.started == finished.started
    assert store.last(workload="trial") == row
    assert store.last(workload="trial", digest="other") is None
    assert store.find(finished.id[:6]) == [finished.id]


def test_saving_again_replaces(finished):
    store = Store()
    store.save(finished)
    store.save(finished)
    assert len(store.rows()) == 1


def test_a_failed_run_is_kept_too():
    store = Store()
    run = Run.open(make_opening())
    run.state = State.FAILED
    store.save(run)
    assert store.rows()[0].state is State.FAILED
    assert store.last(workload="trial") is None


def test_deleting(finished):
    store = Store()
    store.save(finished)
    assert store.delete(finished.id)
    assert not store.delete(finished.id)
    assert store.load(finished.id) is None


def test_the_database_can_be_named(tmp_path, monkeypatch, finished):
    monkeypatch.setenv("FAIRLAP_DATABASE", f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}")
    Store().save(finished)
    assert (tmp_path / "elsewhere.sqlite3").exists()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x", "sqlite:////no/such/folder/x.sqlite3"])
def test_a_url_that_cannot_be_used_is_told(url):
    with pytest.raises(StoreError, match="FAIRLAP_DATABASE"):
        Store(url)


def test_another_schema_version_is_refused(home):
    store = Store()
    with create_engine(store.url).begin() as connection:
        connection.execute(text("UPDATE fairlap_schema SET version = 99"))
    with pytest.raises(StoreError, match="schema version 99"):
        Store()


def test_a_damaged_row_is_told_and_the_list_still_works(finished):
    store = Store()
    store.save(finished)
    with create_engine(store.url).begin() as connection:
        connection.execute(text("UPDATE fairlap_runs SET record = x'00'"))
    with pytest.raises(StoreError, match="cannot be read"):
        store.load(finished.id)
    assert len(store.rows()) == 1


def test_a_run_of_another_version_is_told(finished):
    store = Store()
    store.save(finished.model_copy(update={"version": 99}))
    with pytest.raises(StoreError, match="kept in version 99"):
        store.load(finished.id)


def test_a_full_disk_loses_no_earlier_run(finished):
    store = Store()
    store.save(copy_run(finished, "earlier"))

    # SQLite reports its own page limit as it does a full disk: SQLITE_FULL, 'database or disk is full'.
    def limit(connection, _record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    event.listen(store._engine, "connect", limit)
    store._engine.dispose()
    with pytest.raises(StoreError, match="disk is full"):
        store.save(copy_run(finished, "later"))
    assert [row.id for row in Store().rows()] == ["earlier"]
    assert Store().load("earlier").samples == finished.samples


WRITER_SCRIPT = """
import sys
from bench.run.record import Run
from bench.storage.store import Store
run = Run.model_validate_json(open(sys.argv[1]).read())
store = Store()
for number in range(10**6):
    store.save(run.model_copy(update={'id': f'run{number}'}))
    print(number, flush=True)
"""


def test_a_kill_while_writing_loses_no_run_that_was_saved(tmp_path, finished):
    file = tmp_path / "run.json"
    file.write_text(finished.model_dump_json())
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER_SCRIPT, str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    saved = [process.stdout.readline() for _ in range(5)]
    time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    saved += process.stdout.read().splitlines()
    process.wait()
    process.stdout.close()
    store = Store()
    kept = {row.id for row in store.rows()}
    assert {f"run{int(number)}" for number in saved} <= kept
    assert all(store.load(run).samples == finished.samples for run in kept)
