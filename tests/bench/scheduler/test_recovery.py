"""Jobs whose processes have died are stored as interrupted."""

import os
import signal
import time
from datetime import timedelta

import pytest

from bench.run.events import RECORD_VERSION, State
from bench.run.files import control_path, damaged_path, journal_path, order_path, unreadable_order_path
from bench.run.job import ENDED_WHILE_WAITING
from bench.run.record import Run
from bench.scheduler import recovery
from bench.scheduler.control import ControlPipe, has_reader
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.recovery import describe_left_files, recover_jobs
from bench.storage.cleaning import DAY_S, find_removable, remove_items
from bench.storage.store import Store
from tests.support.dispatching import make_trial_plan, wait_until_over, wait_until_racing
from tests.support.logs import record_warnings
from tests.support.processes import wait_until_gone
from tests.support.runs import make_opening, run_trial_race
from tests.support.stored_runs import OLD_JOURNAL
from tests.support.waiting import wait_for


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_takes_its_workers_along_and_its_run_is_interrupted(home, server, sign):
    run = server.stdout.readline().strip()
    watcher = Dispatcher()
    wait_until_racing(watcher, run)
    assert watcher.entries()[0].pid == server.pid, "another process sees the run and its place"
    server.send_signal(sign)
    server.wait()
    assert not wait_until_gone(home), "the run's own process ends when it has stored the run"
    recover_jobs(Store())
    kept = Store().load(run)
    assert kept.state is State.INTERRUPTED
    assert kept.samples
    sentence = Store().row(run).race_sentence
    assert sentence.startswith("No claim") and "Run it again" in sentence
    assert not watcher.entries()


def test_a_store_that_is_full_keeps_the_run_in_its_journal_and_says_so(home, tmp_path, monkeypatch):
    dispatcher = Dispatcher()
    run = dispatcher.submit_race(make_trial_plan(), origin="page")
    wait_until_racing(dispatcher, run)
    # The run's process opens the store when it is over: by then the folder of the database has become a file.
    good = home / "runs.sqlite3"
    kept = home / "kept.sqlite3"
    for suffix in ("", "-wal", "-shm"):
        if (source := good.with_name(good.name + suffix)).exists():
            source.rename(kept.with_name(kept.name + suffix))
    good.mkdir()
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.FINISHED
    assert "was not stored" in status.problem
    assert journal_path(run).exists()
    good.rmdir()
    assert recover_jobs(Store()) == [run]
    assert Store().load(run).state is State.FINISHED
    assert not journal_path(run).exists()


def test_a_journal_cut_short_in_a_line_is_recovered_up_to_it(home, tmp_path):
    emitted: list = []
    run_trial_race(tmp_path, emitted=emitted)
    whole = journal_path("0123456789abcdef" * 2)
    lines = [event.model_dump_json() for event in emitted]
    whole.write_text("\n".join(lines[:40]) + "\n" + lines[40][:30])
    assert recover_jobs(Store()) == [emitted[0].run]
    kept = Store().load(emitted[0].run)
    assert kept.state is State.INTERRUPTED
    assert kept.samples == [event.sample for event in emitted[:40] if event.type == "sample"]
    assert kept.why in Store().row(kept.id).race_sentence
    assert not whole.exists()


def test_a_run_that_died_before_its_first_sample_has_a_sentence_and_counts_as_an_attempt(home):
    opening = make_opening()
    journal_path(opening.run).write_text(opening.model_dump_json() + "\n")
    assert recover_jobs(Store()) == [opening.run]
    row = Store().row(opening.run)
    assert row.race_sentence == (
        "No claim: the run was interrupted while its arms were being prepared (its process ended). Run it again, and "
        "keep its dashboard or command line open until the run ends."
    )
    later = Run.open(opening).model_copy(update={"id": "later", "started": opening.started + timedelta(seconds=1)})
    assert Store().summarize_attempts(later).count == 2


def test_a_journal_of_0_1_0_is_stored_as_a_run(home):
    path = journal_path("1" * 32)
    lines = OLD_JOURNAL.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:60]))
    (run_id,) = recover_jobs(Store())
    run = Store().load(run_id)
    assert (run.state, run.version, run.plan.case) == (State.INTERRUPTED, RECORD_VERSION, "tiling")
    assert run.samples
    assert not path.exists()


@pytest.mark.parametrize(
    "opening",
    [
        '{"type": "opened", "version": 99, "run": "x"}',
        "not JSON",
        '{"type": "moved"}',
        "[1]",
        '{"type": "opened", "version": 1}',
    ],
)
def test_a_journal_that_cannot_be_read_is_reported_and_stays(home, monkeypatch, opening):
    path = journal_path("2" * 32)
    path.write_text(f"{opening}\n")
    warnings = record_warnings(monkeypatch, recovery.LOGGER)
    for _ in range(2):
        assert recover_jobs(Store()) == []
    assert path.read_text() == f"{opening}\n"
    (warning,) = warnings
    assert f"The journal {path} cannot be read and stays where it is" in warning
    assert Store().count() == 0


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_jobs_that_waited_when_their_server_ended_are_stored_as_interrupted(home, waiting_server, sign):
    race, measurement = waiting_server.stdout.readline().split()[1:]
    waiting_server.send_signal(sign)
    waiting_server.wait()
    # A process that the server was about to start may hold the pipes for a moment longer.
    wait_for(lambda: not any(has_reader(control_path(job_id)) for job_id in (race, measurement)))
    dispatcher = Dispatcher()
    for job_id in (race, measurement):
        record = dispatcher.status(job_id).record
        assert (record.state, record.why) == (State.INTERRUPTED, ENDED_WHILE_WAITING)
        assert record.ended_at == 0.0
        assert record == Store().load(job_id)
    sentence = Store().row(race).race_sentence
    assert sentence.startswith("No claim: the run was interrupted before it began (Fairlap ended while it waited")
    assert "Run it again" in sentence
    assert Store().load(measurement).arguments == {"to": 4, "fault": ""}
    later = Store().load(race).model_copy(update={"id": "later", "why": "its process ended"})
    assert Store().summarize_attempts(later).count == 1, "what never began is no attempt"
    # The race that ran is stored by its own process, or by the next start.
    wait_for(lambda: recover_jobs(Store()) or not list((home / "live").iterdir()))


@pytest.mark.parametrize("content", ["not an order", '{"order": {"job_id": "x"}, "submitted": "never"}'])
def test_an_order_that_cannot_be_read_is_kept_for_90_days_and_reported(home, monkeypatch, content):
    warnings = record_warnings(monkeypatch, recovery.LOGGER)
    ControlPipe.create("3" * 32).close()
    order_path("3" * 32).write_text(content)
    store = Store()
    assert recover_jobs(store) == recover_jobs(store) == []
    kept = unreadable_order_path("3" * 32)
    (sentence,) = (sentence for sentence in describe_left_files() if str(kept) in sentence)
    assert "its order cannot be read" in sentence
    (warning,) = warnings
    assert "order" in warning and "\n" not in warning and "https://" not in warning
    for days in (89, 91):
        assert kept.read_text() == content
        os.utime(kept, (time.time() - days * DAY_S,) * 2)
        remove_items(find_removable(store.find_named_uploads).removable)
    assert not kept.exists() and not any(str(kept) in sentence for sentence in describe_left_files())


def test_of_a_damaged_journal_the_beginning_is_stored_and_the_file_is_kept(home, tmp_path):
    emitted: list = []
    run_trial_race(tmp_path, emitted=emitted)
    path = journal_path("4" * 32)
    lines = [event.model_dump_json() for event in emitted]
    content = "\n".join([*lines[:30], "damaged", *lines[31:]]) + "\n"
    path.write_text(content)
    assert recover_jobs(Store()) == [emitted[0].run]
    stored = Store().load(emitted[0].run)
    assert stored.state is State.INTERRUPTED
    assert stored.why == "its process ended, and its journal is damaged after line 30"
    assert stored.samples == [event.sample for event in emitted[:30] if event.type == "sample"]
    assert not path.exists()
    kept = damaged_path(emitted[0].run)
    assert kept.read_text() == content
    assert any(str(kept) in sentence for sentence in describe_left_files())
    assert recover_jobs(Store()) == []


def test_a_damaged_journal_of_a_run_that_was_stored_changes_nothing(home, tmp_path):
    emitted: list = []
    record = run_trial_race(tmp_path, emitted=emitted).record
    Store().save(record)
    journal_path(record.id).write_text(f"{emitted[0].model_dump_json()}\ndamaged\n")
    recover_jobs(Store())
    assert Store().load(record.id) == record


def test_a_journal_that_cannot_be_read_is_on_the_page_of_runs(home):
    path = journal_path("5" * 32)
    path.write_text("not JSON\n")
    recover_jobs(Store())
    assert any(str(path) in sentence and "delete it" in sentence for sentence in describe_left_files())
