"""Jobs whose processes have died are stored as interrupted."""

import signal
from datetime import timedelta

import pytest

from bench.run.events import RECORD_VERSION, State
from bench.run.files import journal_path
from bench.run.record import Run
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.recovery import recover_jobs
from bench.storage.store import Store
from tests.support.dispatching import make_trial_plan, wait_until_over, wait_until_racing
from tests.support.processes import wait_until_gone
from tests.support.runs import make_opening, run_trial_race
from tests.support.stored_runs import OLD_JOURNAL


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_takes_its_workers_along_and_its_run_is_interrupted(home, server, sign):
    run = server.stdout.readline().strip()
    watcher = Dispatcher()
    wait_until_racing(watcher, run)
    assert watcher.entries()[0].pid == server.pid, "another process sees the run and its place"
    server.send_signal(sign)
    server.wait()
    assert not wait_until_gone(home, but="bench.scheduler.runner")
    assert not wait_until_gone(home, 10.0), "the run's own process ends when it has stored the run"
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
    run = Store().load_run(run_id)
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
def test_a_journal_that_cannot_be_read_is_reported_and_stays(home, caplog, opening):
    path = journal_path("2" * 32)
    path.write_text(f"{opening}\n")
    for _ in range(2):
        assert recover_jobs(Store()) == []
    assert path.read_text() == f"{opening}\n"
    assert caplog.text.count(f"The journal {path} cannot be read and stays where it is") == 1
    assert Store().count() == 0
