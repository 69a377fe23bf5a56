"""Submit, follow and stop races; what is left when any of the processes is killed. All processes are real."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import psutil
import pytest

from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher
from bench.storage.store import Store
from bench.system.limits import usable_cores
from tests.support.dispatching import LONG_BUDGET_S, make_trial_plan, wait_until_over, wait_until_racing
from tests.support.processes import wait_until_gone
from tests.support.waiting import wait_for


def find_runner_pid(record) -> int:
    """The pid of the run's own process: the grandparent of its workers."""
    worker = psutil.Process(record.prepared[0].pid)
    return worker.parent().parent().pid


def test_a_submitted_plan_is_raced_and_stored(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit_race(make_trial_plan(), origin="page")
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.FINISHED
    assert not status.problem
    assert Store().load(run) == status.run
    assert status.run.machine.usable_cores == usable_cores(), "all cores, not those that the runner leaves to the race"
    assert not list((home / "live").iterdir()), "a stored run leaves nothing but its row"


def test_stopping_a_race_stores_what_it_measured():
    dispatcher = Dispatcher()
    run = dispatcher.submit_race(make_trial_plan(budget_s=LONG_BUDGET_S, target=0), origin="page")
    wait_until_racing(dispatcher, run)
    dispatcher.stop(run, origin="command line")
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.STOPPED
    assert Store().load(run).samples


def test_stopping_while_waiting_measures_nothing():
    dispatcher = Dispatcher()
    first = dispatcher.submit_race(make_trial_plan(budget_s=LONG_BUDGET_S, target=0), origin="page")
    second = dispatcher.submit_race(make_trial_plan(), origin="page")
    wait_until_racing(dispatcher, first)
    assert dispatcher.status(second).place == 1
    dispatcher.stop(second, origin="command line")
    dispatcher.stop(first, origin="command line")
    wait_until_over(dispatcher, first)
    assert "stopped before its turn" in wait_until_over(dispatcher, second).problem
    assert Store().load(second) is None


def test_a_queue_that_fails_for_a_moment_loses_no_job():
    dispatcher = Dispatcher()
    folder = dispatcher.queue.folder
    away = folder.with_name("away")
    # The job cannot start while this test has the machine, so it waits when the folder is lost.
    machine = dispatcher.queue.take_machine()
    run = dispatcher.submit_race(make_trial_plan(), origin="page")
    folder.rename(away)
    folder.write_text("a file in place of the folder")
    status = wait_for(lambda: (now := dispatcher.status(run)).delay and now)
    assert "cannot be used" in status.delay and str(folder) in status.delay and not status.over
    folder.unlink()
    away.rename(folder)
    os.close(machine)
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.FINISHED and not status.problem and not status.delay


@pytest.fixture
def job_of_a_broken_queue(monkeypatch):
    """A dispatcher and a job of it that waits, until the lock of the machine can no longer be opened."""
    monkeypatch.setattr("bench.scheduler.queue_retry.MAX_QUEUE_ERROR_S", 1.0)
    dispatcher = Dispatcher()
    machine = dispatcher.queue.take_machine()
    job_id = dispatcher.submit_race(make_trial_plan(), origin="page")

    def break_queue() -> None:
        # In one step, so that the job never finds a lock that is free. Links are not followed.
        link = dispatcher.queue.folder / "link"
        link.symlink_to("nowhere")
        link.replace(dispatcher.queue.folder / "machine.lock")

    yield dispatcher, job_id, break_queue
    os.close(machine)


def test_a_queue_that_stays_broken_interrupts_what_waits(job_of_a_broken_queue, home):
    dispatcher, job_id, break_queue = job_of_a_broken_queue
    break_queue()
    record = wait_for(lambda: (status := dispatcher.status(job_id)).over and status.run)
    assert record.state is State.INTERRUPTED and record.never_began
    assert "the queue of this machine could not be used" in record.why and "machine.lock" in record.why
    assert Store().load(job_id) == record
    wait_for(lambda: not dispatcher.entries())
    assert not list((home / "live").iterdir())
    assert dispatcher.count_active(record.owner) == 0


def test_errors_of_the_queue_are_forgotten_with_the_last_job_that_waits(job_of_a_broken_queue, monkeypatch):
    monkeypatch.setattr("bench.scheduler.queue_retry.MAX_QUEUE_ERROR_S", 60.0)
    dispatcher, job_id, break_queue = job_of_a_broken_queue
    break_queue()
    wait_for(lambda: dispatcher.status(job_id).delay)
    dispatcher.stop(job_id, origin="page")
    wait_for(lambda: not dispatcher._retry.problem)


def test_what_waits_in_a_broken_queue_and_cannot_be_stored_is_stored_at_the_next_start(job_of_a_broken_queue, home):
    dispatcher, job_id, break_queue = job_of_a_broken_queue
    with closing(sqlite3.connect(home / "runs.sqlite3")) as connection, connection:
        connection.execute("CREATE TRIGGER refuse BEFORE INSERT ON fairlap_jobs BEGIN SELECT RAISE(ABORT, 'no'); END")
    break_queue()
    status = wait_for(lambda: (status := dispatcher.status(job_id)).over and status)
    assert "at the next start" in status.problem and status.record is None
    with closing(sqlite3.connect(home / "runs.sqlite3")) as connection, connection:
        connection.execute("DROP TRIGGER refuse")
    wait_for(lambda: not dispatcher.entries())
    record = Dispatcher().store.load(job_id)
    assert record.state is State.INTERRUPTED and record.never_began


def test_twenty_sessions_that_press_run_at_once_race_one_after_the_other():
    dispatcher = Dispatcher()
    runs: list[str] = []
    barrier = threading.Barrier(20)

    def press() -> None:
        barrier.wait()
        runs.append(dispatcher.submit_race(make_trial_plan(parameters={"loops": 200}), origin="page"))

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dispatcher.entries()) == 20
    # Two are enough to see that they take turns; the others leave the queue.
    first, second, *others = [entry.job_id for entry in dispatcher.entries()]
    for run in others:
        dispatcher.stop(run, origin="command line")
    one, two = wait_until_over(dispatcher, first).run, wait_until_over(dispatcher, second).run
    for run in others:
        assert wait_until_over(dispatcher, run).over
    assert one.state is two.state is State.FINISHED
    assert one.ended <= two.started, "one race at a time"
    assert not dispatcher.entries()


def kill_process(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_fails_the_run(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit_race(make_trial_plan(budget_s=LONG_BUDGET_S, target=0), origin="page")
    kill_process(wait_until_racing(dispatcher, run).prepared[0].pid)
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.FAILED
    assert "SIGKILL" in status.run.failure.what
    assert not wait_until_gone(home)


def test_a_killed_supervisor_fails_the_run_and_leaves_nothing(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit_race(
        make_trial_plan(budget_s=LONG_BUDGET_S, target=0, parameters={"fault": "orphan"}), origin="page"
    )
    record = wait_until_racing(dispatcher, run)
    kill_process(psutil.Process(record.prepared_arm("accelerated").pid).ppid())
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.FAILED
    assert not wait_until_gone(home)


def test_a_killed_race_is_marked_interrupted_and_leaves_nothing(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit_race(
        make_trial_plan(budget_s=LONG_BUDGET_S, target=0, parameters={"fault": "orphan"}), origin="page"
    )
    kill_process(find_runner_pid(wait_until_racing(dispatcher, run)))
    status = wait_until_over(dispatcher, run)
    assert status.run.state is State.INTERRUPTED
    assert status.run.samples, "what was measured before is kept"
    assert "exited early" in status.problem
    kept = Store().load(run)
    assert kept.state is State.INTERRUPTED
    assert bool(kept.claims) == bool(kept.statistics)
    assert not wait_until_gone(home)


def test_two_dashboards_take_turns_and_one_may_stop_the_others_run(home, server):
    first = server.stdout.readline().strip()
    dispatcher = Dispatcher()
    wait_until_racing(dispatcher, first)
    mine = dispatcher.submit_race(make_trial_plan(), origin="page")
    assert dispatcher.status(mine).place == 1
    dispatcher.stop(first, origin="command line")
    status = wait_until_over(dispatcher, mine)
    assert status.run.state is State.FINISHED
    assert Store().load(first).state is State.STOPPED
    assert Store().load(first).ended <= status.run.started


def test_a_waiting_race_can_be_stopped_by_another_process_while_its_own_dispatcher_runs_a_race():
    dispatcher, other = Dispatcher(), Dispatcher()
    first, second = (
        dispatcher.submit_race(make_trial_plan(budget_s=LONG_BUDGET_S, target=0), origin="command line")
        for _ in range(2)
    )
    wait_until_racing(dispatcher, first)
    other.stop(second, origin="page")
    assert "stopped before its turn" in wait_until_over(dispatcher, second).problem
    assert not dispatcher.status(first).over
    other.stop(first, origin="command line")
    assert wait_until_over(dispatcher, first).run.why == "a user stopped it on the command line"


def test_a_journal_that_cannot_be_written_is_told(home, monkeypatch):
    dispatcher = Dispatcher()
    # A run's process that may write files of 256 KiB only sees what a full disk gives: a failed write.
    runner = "import resource,runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (262144, 262144)); "
    runner += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    runner += "runpy.run_module('bench.scheduler.runner', run_name='__main__')"
    real = subprocess.Popen

    def limited(command, **options):
        if "bench.scheduler.runner" in command:
            command = [sys.executable, "-c", runner, *command[3:]]
        return real(command, **options)

    monkeypatch.setattr(subprocess, "Popen", limited)
    run = dispatcher.submit_race(make_trial_plan(budget_s=LONG_BUDGET_S, target=0), origin="page")
    status = wait_until_over(dispatcher, run)
    assert not status.problem
    assert not wait_until_gone(home)
    stored = Store().load(run)
    assert stored.state is State.FAILED
    assert "journal of the run cannot be written: File too large" in stored.failure.what
    assert stored.samples, "what was measured before is kept"
    assert not list((home / "live").iterdir())


def test_an_unknown_run_is_no_run():
    assert "no such run" in Dispatcher().status("0" * 32).problem


def test_a_run_is_looked_for_under_ids_only(home):
    dispatcher = Dispatcher()
    (home / "secret.jsonl").write_text("secret")
    for name in ("../secret", "/etc/passwd", "x\0", "", "A" * 32):
        assert "no such run" in dispatcher.status(name).problem
        dispatcher.stop(name, origin="command line")
        dispatcher.request_pause(name, 1.0)
    assert not list(home.glob("**/*.control"))
