"""Submitting, following and stopping runs; what is left when any of the processes is killed. All processes are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from bench.paths import ROOT
from bench.plan.plan import make
from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher, journal_of, recover
from bench.storage.store import Store
from tests.conftest import belonging, race, wait_gone

LONG = 60.0


def plan(**fields):
    parameters = {"loops": 2000} | fields.pop("parameters", {})
    return make("trial", **({"cores": 1, "budget_s": 2, "parameters": parameters} | fields))


def until(condition, seconds: float = 40.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def over(dispatcher: Dispatcher, run: str):
    until(lambda: dispatcher.status(run).over)
    until(lambda: all(entry.run != run for entry in dispatcher.entries()))
    return dispatcher.status(run)


def racing(dispatcher: Dispatcher, run: str):
    """Wait until the run takes samples; its record."""
    return until(lambda: (record := dispatcher.status(run).run) and record.state is State.RACING and record)


def runner_of(record) -> int:
    """The pid of the run's own process: the grandparent of its workers."""
    worker = psutil.Process(record.prepared[0].pid)
    return worker.parent().parent().pid


def test_a_submitted_plan_is_raced_and_stored(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan(), origin="page")
    status = over(dispatcher, run)
    assert status.run.state is State.FINISHED
    assert not status.problem
    assert Store().load(run) == status.run
    assert not list((home / "live").iterdir()), "a stored run leaves nothing but its row"


def test_stopping_a_race_stores_what_it_measured():
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan(budget_s=LONG, target=0), origin="page")
    racing(dispatcher, run)
    dispatcher.stop(run)
    status = over(dispatcher, run)
    assert status.run.state is State.STOPPED
    assert Store().load(run).samples


def test_stopping_while_waiting_measures_nothing():
    dispatcher = Dispatcher()
    first = dispatcher.submit(plan(budget_s=LONG, target=0), origin="page")
    second = dispatcher.submit(plan(), origin="page")
    racing(dispatcher, first)
    assert dispatcher.status(second).place == 1
    dispatcher.stop(second)
    dispatcher.stop(first)
    over(dispatcher, first)
    assert "stopped before its turn" in over(dispatcher, second).problem
    assert Store().load(second) is None


def test_twenty_sessions_that_press_run_at_once_race_one_after_the_other():
    dispatcher = Dispatcher()
    runs: list[str] = []
    barrier = threading.Barrier(20)

    def press() -> None:
        barrier.wait()
        runs.append(dispatcher.submit(plan(parameters={"loops": 200}), origin="page"))

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(dispatcher.entries()) == 20
    # Two are enough to see that they take turns; the others leave the queue.
    first, second, *others = [entry.run for entry in dispatcher.entries()]
    for run in others:
        dispatcher.stop(run)
    one, two = over(dispatcher, first).run, over(dispatcher, second).run
    for run in others:
        assert over(dispatcher, run).over
    assert one.state is two.state is State.FINISHED
    assert one.ended <= two.started, "one race at a time"
    assert not dispatcher.entries()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_killed_worker_fails_the_run(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan(budget_s=LONG, target=0), origin="page")
    kill(racing(dispatcher, run).prepared[0].pid)
    status = over(dispatcher, run)
    assert status.run.state is State.FAILED
    assert "SIGKILL" in status.run.failure.what
    assert not wait_gone(home)


def test_a_killed_supervisor_fails_the_run_and_leaves_nothing(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan(budget_s=LONG, target=0, parameters={"fault": "orphan"}), origin="page")
    record = racing(dispatcher, run)
    kill(psutil.Process(record.arm("accelerated").pid).ppid())
    status = over(dispatcher, run)
    assert status.run.state is State.FAILED
    assert not wait_gone(home)


def test_a_killed_race_is_marked_interrupted_and_leaves_nothing(home):
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan(budget_s=LONG, target=0, parameters={"fault": "orphan"}), origin="page")
    kill(runner_of(racing(dispatcher, run)))
    status = over(dispatcher, run)
    assert status.run.state is State.INTERRUPTED
    assert status.run.samples, "what was measured before is kept"
    assert "ended early" in status.problem
    kept = Store().load(run)
    assert kept.state is State.INTERRUPTED
    assert bool(kept.claims) == bool(kept.statistics)
    assert not wait_gone(home)


SERVER = """
import sys, time
from bench.scheduler.dispatcher import Dispatcher
from bench.plan.plan import make
dispatcher = Dispatcher()
parameters = {'loops': 2000, 'fault': 'orphan'}
plan = make('trial', cores=1, budget_s=60, target=0, parameters=parameters)
print(dispatcher.submit(plan, origin='page'), flush=True)
time.sleep(120)
"""


@pytest.fixture
def server():
    process = subprocess.Popen([sys.executable, "-c", SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_takes_its_workers_along_and_its_run_is_interrupted(home, server, sign):
    run = server.stdout.readline().strip()
    watcher = Dispatcher()
    racing(watcher, run)
    assert watcher.entries()[0].pid == server.pid, "another process sees the run and its place"
    server.send_signal(sign)
    server.wait()
    assert not wait_gone(home, but="bench.scheduler.runner")
    assert not wait_gone(home, 10.0), "the run's own process ends when it has stored the run"
    recover(Store())
    kept = Store().load(run)
    assert kept.state is State.INTERRUPTED
    assert kept.samples
    assert not watcher.entries()


def test_two_dashboards_take_turns_and_one_may_stop_the_others_run(home, server):
    first = server.stdout.readline().strip()
    dispatcher = Dispatcher()
    racing(dispatcher, first)
    mine = dispatcher.submit(plan(), origin="page")
    assert dispatcher.status(mine).place == 1
    dispatcher.stop(first)
    status = over(dispatcher, mine)
    assert status.run.state is State.FINISHED
    assert Store().load(first).state is State.STOPPED
    assert Store().load(first).ended <= status.run.started


def test_a_store_that_is_full_keeps_the_run_in_its_journal_and_says_so(home, tmp_path, monkeypatch):
    dispatcher = Dispatcher()
    run = dispatcher.submit(plan(), origin="page")
    racing(dispatcher, run)
    # The run's process opens the store when it is over: by then the folder of the database has become a file.
    good = home / "runs.sqlite3"
    kept = home / "kept.sqlite3"
    for suffix in ("", "-wal", "-shm"):
        if (source := good.with_name(good.name + suffix)).exists():
            source.rename(kept.with_name(kept.name + suffix))
    good.mkdir()
    status = over(dispatcher, run)
    assert status.run.state is State.FINISHED
    assert "was not stored" in status.problem
    assert journal_of(run).exists()
    good.rmdir()
    assert recover(Store()) == [run]
    assert Store().load(run).state is State.FINISHED
    assert not journal_of(run).exists()


def test_a_journal_that_cannot_be_written_is_told(home, monkeypatch):
    dispatcher = Dispatcher()
    # A run's process that may write files of 64 KiB only sees what a full disk gives: a failed write.
    runner = "import resource,runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)); "
    runner += "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    runner += "runpy.run_module('bench.scheduler.runner', run_name='__main__')"
    real = subprocess.Popen

    def limited(command, **options):
        if command[-1] == "bench.scheduler.runner":
            command = [sys.executable, "-c", runner]
        return real(command, **options)

    monkeypatch.setattr(subprocess, "Popen", limited)
    run = dispatcher.submit(plan(budget_s=LONG, target=0), origin="page")
    status = over(dispatcher, run)
    assert "ended early" in status.problem
    assert "File too large" in status.problem
    assert not wait_gone(home)
    assert status.run.state is State.INTERRUPTED
    assert Store().load(run).samples, "what was written before is kept"


def test_an_unknown_run_is_no_run():
    assert "no such run" in Dispatcher().status("0" * 32).problem


def test_a_journal_cut_short_in_a_line_is_recovered_up_to_it(home, tmp_path):
    told: list = []
    race(tmp_path, told=told)
    whole = journal_of("0123456789abcdef" * 2)
    lines = [event.model_dump_json() for event in told]
    whole.write_text("\n".join(lines[:40]) + "\n" + lines[40][:30])
    assert recover(Store()) == [told[0].run]
    kept = Store().load(told[0].run)
    assert kept.state is State.INTERRUPTED
    assert kept.samples == [event.sample for event in told[:40] if event.type == "sample"]
    assert not whole.exists()


def test_a_run_is_looked_for_under_ids_only(home):
    dispatcher = Dispatcher()
    (home / "secret.jsonl").write_text("secret")
    for name in ("../secret", "/etc/passwd", "x\0", "", "A" * 32):
        assert "no such run" in dispatcher.status(name).problem
        dispatcher.stop(name)
        dispatcher.drawing(name)
    assert not list(home.glob("*.stop")) + list(home.glob("*.drawing"))


def test_nothing_belongs_to_a_home_that_nobody_uses(tmp_path):
    assert belonging(tmp_path / "nobody") == []
