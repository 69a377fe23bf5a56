"""The store: records come back complete, and neither a full disk nor a kill loses an earlier one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from sqlalchemy import event

from bench.paths import ROOT
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage.job_filter import MAX_SEARCH_CHARS, MAX_SEARCH_WORDS
from bench.storage.schema import MAX_TEXT_LENGTH
from bench.storage.store import Store, StoreError
from bench.values.claims import Speed
from tests.support.machines import change_machine
from tests.support.runs import make_opening
from tests.support.stored_runs import set_record


def copy_run(run: Run, name: str, **changes) -> Run:
    return run.model_copy(update={"id": name} | changes)


def test_a_run_comes_back_as_it_was_with_its_raw_samples(finished, database):
    store = Store(database)
    store.save(finished)
    assert store.load(finished.id) == finished
    row = store.rows()[0]
    assert (row.id, row.workload, row.state, row.digest) == (finished.id, "trial", State.FINISHED, finished.digest)
    assert row.ratio == finished.comparison().ratio.value
    assert row.started == finished.started
    assert (row.kind, row.title, row.case_name) == (JobKind.RACE, finished.snapshot.title, finished.plan.case)
    assert (row.baseline_label, row.accelerated_label) == tuple(finished.snapshot.arms.values())
    assert (row.requester, row.host) == (finished.requester, finished.machine.identity.host)
    assert store.row(finished.id) == row
    assert store.last_run(workload="trial") == row
    assert store.last_run(workload="trial", digest="other") is None
    assert store.find(finished.id[:6]) == [finished.id]
    store.close()


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
    assert store.last_run(workload="trial") is None


def test_deleting(finished):
    store = Store()
    store.save(finished)
    assert store.delete(finished.id)
    assert not store.delete(finished.id)
    assert store.load(finished.id) is None
    assert store.row(finished.id) is None


def test_the_database_can_be_named(tmp_path, monkeypatch, finished):
    monkeypatch.setenv("FAIRLAP_DATABASE", f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}")
    Store().save(finished)
    assert (tmp_path / "elsewhere.sqlite3").exists()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x", "sqlite:////no/such/folder/x.sqlite3"])
def test_a_url_that_cannot_be_used_is_reported(url):
    with pytest.raises(StoreError, match="FAIRLAP_DATABASE"):
        Store(url)


def test_a_damaged_record_is_reported_and_the_list_still_works(finished):
    store = Store()
    store.save(finished)
    set_record(store.url, finished.id, b"\0")
    with pytest.raises(StoreError, match="cannot be read"):
        store.load(finished.id)
    assert len(store.rows()) == 1


def test_a_run_of_a_newer_version_is_refused(finished):
    store = Store()
    store.save(finished.model_copy(update={"version": 99}))
    with pytest.raises(StoreError, match="it has version 99"):
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
        # Larger than the pages that deleted rows have left free.
        store.save(copy_run(finished, "later", samples=finished.samples * 50))
    assert [row.id for row in Store().rows()] == ["earlier"]
    assert Store().load("earlier").samples == finished.samples


def test_lists_are_filtered_counted_and_read_in_pages(finished, database):
    store = Store(database)
    claim = finished.claim()
    for number in range(5):
        changes = {"started": finished.started + timedelta(minutes=number), "digest": f"plan{number % 2}"}
        store.save(copy_run(finished, f"run{number}", **changes))
    refused = claim.model_copy(update={"made": not claim.made, "sentence": "100 % of Tëst_runs agree"})
    store.save(copy_run(finished, "refused", claims=[refused]))
    store.save(copy_run(finished, "stopped", state=State.STOPPED, claims=[], statistics=[]))

    newest_first = [row.id for row in store.rows()]
    assert newest_first == ["run4", "run3", "run2", "run1", "refused", "run0", "stopped"]
    pages = [[row.id for row in store.rows(limit=3, offset=offset)] for offset in (0, 3, 6, 9)]
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:], []]
    assert [row.id for row in store.rows(digest="plan1")] == ["run3", "run1"]
    assert [row.id for row in store.rows(state=State.STOPPED)] == ["stopped"]
    assert [row.id for row in store.rows(claim_state=refused.state)] == ["refused"]
    assert [row.id for row in store.rows(claim_state=None)] == ["stopped"]
    assert [row.id for row in store.rows(digest="plan1", started_before=store.row("run3").started)] == ["run1"]
    assert store.rows(workload="another") == store.rows(kind=JobKind.MEASUREMENT) == []
    assert (store.count(), store.count(digest="plan0"), store.count(workload="another")) == (7, 3, 0)
    assert set(store.distinct("claim_state")) == {claim.state, refused.state, None}
    assert {row.claim_state for row in store.rows()} == {claim.state, refused.state, None}
    assert store.workload_titles() == {"trial": finished.snapshot.workload_title}
    assert store.workload_titles(workload="another") == {}
    renamed = finished.snapshot.model_copy(update={"workload_title": "Renamed"})
    store.save(copy_run(finished, "run4", snapshot=renamed, started=finished.started + timedelta(minutes=4)))
    assert store.workload_titles() == {"trial": "Renamed"}, "the title of the newest job"
    assert set(store.distinct("state")) == {State.FINISHED, State.STOPPED}
    store.close()


def test_words_are_looked_for_in_upper_and_lower_case_and_literally(finished, database):
    store = Store(database)
    claim = finished.claim().model_copy(update={"sentence": "100 % of the test_runs agree"})
    store.save(copy_run(finished, "one", claims=[claim]))
    store.save(copy_run(finished, "two", claims=[claim.model_copy(update={"sentence": "100 of the tests agree"})]))
    for words, ids in (
        ("AGREE 100", {"one", "two"}),
        ("100 %", {"one"}),
        ("test_", {"one"}),
        (f"{finished.snapshot.workload_title} tests", {"two"}),
        ("agree nowhere", set()),
        ("  ", {"one", "two"}),
    ):
        assert {row.id for row in store.rows(words=words)} == ids
        assert store.count(words=words) == len(ids)
    store.close()


def test_a_search_for_faster_finds_no_run_without_a_claim(finished):
    store = Store()
    claim = finished.claim()
    verdict = claim.verdict.model_copy(update={"speed": Speed.FASTER})
    for made, sentence in ((True, "Loops: 2.0x, faster."), (False, "No claim: too few pairs.")):
        decided = claim.model_copy(update={"made": made, "sentence": sentence, "verdict": verdict})
        store.save(copy_run(finished, f"made {made}", claims=[decided]))
    assert [row.id for row in store.rows(words="faster")] == ["made True"]


def test_only_the_first_words_and_characters_are_looked_for(finished, database):
    store = Store(database)
    store.save(copy_run(finished, "one"))
    found = "trial " * MAX_SEARCH_WORDS
    statements: list[str] = []
    event.listen(store._engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    # Each word is a condition for each column: thousands exceed what a database accepts.
    for words in (found + "nowhere " * 3000, " " * MAX_SEARCH_CHARS + "nowhere", "a" * 1_000_000):
        assert store.count(words=words) == (0 if words[0] == "a" else 1)
    assert max(len(statement) for statement in statements) < 20_000
    store.close()


def test_titles_that_are_longer_than_their_columns_are_cut(finished, database):
    snapshot = finished.snapshot.model_copy(update={"workload_title": "long " * 100})
    store = Store(database)
    store.save(copy_run(finished, "long", snapshot=snapshot))
    assert store.row("long").title == ("long " * 100)[:MAX_TEXT_LENGTH]
    assert store.load("long").snapshot == snapshot
    store.close()


def test_a_row_knows_its_machine(finished):
    here = change_machine(finished.machine, identity={"machine_id": "a" * 16, "boot_id": "one"})
    twin = change_machine(here, identity={"machine_id": "b" * 16, "boot_id": "two"})
    updated = change_machine(here, kernel="99.9.9", identity={"boot_id": "three"})
    old = change_machine(here, identity={"machine_id": None})
    store = Store()
    for name, machine in (("known", here), ("old", old)):
        store.save(copy_run(finished, name, machine=machine))
    known, without_id = store.row("known"), store.row("old")
    assert [known.is_from(machine) for machine in (here, updated, twin)] == [True, True, False]
    assert [without_id.is_from(machine) for machine in (here, updated, twin)] == [True, False, True]


WRITER_SCRIPT = """
import sys
from bench.run.job import JobKind
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
    stored = {row.id for row in store.rows(limit=None)}
    assert {f"run{int(number)}" for number in saved} <= stored
    assert all(store.load(run).samples == finished.samples for run in stored)
