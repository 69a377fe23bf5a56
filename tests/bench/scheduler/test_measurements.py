"""Measurements as jobs: submitted, followed, stopped and stored; all processes are real."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from itertools import pairwise

import psutil
import pytest

from bench.paths import ROOT
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.scheduler import dispatcher as dispatcher_module
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.order import measurement_key
from bench.scheduler.queue import Queue
from bench.scheduler.recovery import recover_jobs
from bench.storage.store import Store, StoreError
from bench.workload.interface import BadInput
from tests.support.dispatching import (
    make_trial_plan,
    submit_count,
    wait_for_record,
    wait_until_over,
    wait_until_racing,
)
from tests.support.processes import list_processes, wait_until_gone
from tests.support.trial.measurements import CountArguments, Counted, CountResult
from tests.support.waiting import wait_for

WAITING_SERVER_SCRIPT = """
import time
from bench.plan.validation import make_plan
from bench.scheduler.dispatcher import Dispatcher
dispatcher = Dispatcher()
print(dispatcher.submit_measurement(make_plan('trial', cores=1), 'count', {'to': 1}, origin='page'), flush=True)
time.sleep(120)
"""


def list_files(home) -> list[str]:
    """The files of jobs that wait or run."""
    return sorted(path.name for path in (home / "live").iterdir())


def find_runner_pid(home) -> int:
    """The process id of the only job's runner."""
    (line,) = [line for line in list_processes(home) if "bench.scheduler.runner" in line]
    return int(line.split()[0])


def find_pid(home, module: str) -> int:
    """The process id of a module. A child that it has forked has its command line for a moment, and a larger id."""
    lines = [line for line in list_processes(home) if f"-m {module}" in line and "supervisor" not in line]
    return min(int(line.split()[0]) for line in lines)


def test_a_measurement_runs_with_the_plans_settings_and_is_stored(home):
    dispatcher = Dispatcher()
    plan = make_trial_plan(parameters={"loops": 123})
    job_id = dispatcher.submit_measurement(plan, "count", {"to": 3}, origin="command line", requester="ada")
    status = wait_until_over(dispatcher, job_id)
    record = status.measurement
    assert not status.problem and status.run is None
    assert record.state is State.FINISHED
    result = record.result_as(CountResult)
    assert (result.loops, result.cores, result.threads, len(result.affinity)) == (123, 1, "1", 1)
    assert record.reports_as("counted", Counted) == [Counted(number=number) for number in (1, 2, 3)]
    assert record.first_report_as("counted", Counted) == Counted(number=1)
    assert record.arguments_as(CountArguments) == CountArguments(to=3)
    assert (record.kind, record.origin, record.requester) == (JobKind.MEASUREMENT, "command line", "ada")
    assert record.snapshot.command == (
        "python -m bench measure trial count --cores 1 --set loops=123 "
        """--arguments '{"to": 3, "fault": ""}'"""
    )
    assert [(line.text, line.share) for line in record.progress] == [
        ("importing the libraries", None),
        ("counting: 1 of 3", pytest.approx(1 / 3)),
        ("counting: 3 of 3", 1.0),
    ]
    assert Store().load(job_id) == record
    assert Store().last_measurement(workload="trial", task="count", digest=record.digest).id == job_id
    assert not psutil.pid_exists(result.pid)
    assert not list_files(home), "a stored measurement leaves nothing but its row"


def test_a_stored_measurement_is_opened_by_a_new_dispatcher():
    first = Dispatcher()
    job_id = submit_count(first, to=2)
    record = wait_until_over(first, job_id).measurement
    assert Dispatcher().status(job_id).measurement == record


def test_the_queue_says_what_waits_and_for_whom(home):
    dispatcher = Dispatcher()
    job_id = dispatcher.submit_measurement(
        make_trial_plan(), "count", {"to": 3, "fault": "hang"}, origin="command line", requester="ada"
    )
    (entry,) = Queue().entries()
    assert (entry.job_id, entry.kind, entry.task) == (job_id, JobKind.MEASUREMENT, "count")
    assert (entry.title, entry.origin, entry.requester) == ("Trial, Count", "command line", "ada")
    assert entry.digest == measurement_key(make_trial_plan(), "count", {"to": 3, "fault": "hang"})
    assert dispatcher.find_active("trial", "count") == [entry]
    assert not dispatcher.find_active("trial", "stay")
    dispatcher.stop(job_id, origin="command line")
    wait_until_over(dispatcher, job_id)


def test_arguments_and_names_are_checked_before_the_measurement_waits(home):
    dispatcher = Dispatcher()
    with pytest.raises(BadInput, match="to: should be greater than or equal to 1, got 0"):
        submit_count(dispatcher, to=0)
    with pytest.raises(KeyError):
        dispatcher.submit_measurement(make_trial_plan(), "dance", {}, origin="command line")
    assert not dispatcher.entries() and not list_files(home)


def test_results_of_the_same_settings_have_the_same_digest():
    plan = make_trial_plan(parameters={"loops": 5})

    def key(**changes) -> str:
        return measurement_key(plan.model_copy(update=changes), "count", {"to": 3})

    assert key(parameters={"loops": 5, "fault": "raise"}) == key(), "the measurement does not depend on it"
    assert key(batch=7) == key()
    assert key(parameters={"loops": 6, "fault": "none"}) != key()
    assert key(cores=2) != key()
    assert key(seed=1) != key()
    assert measurement_key(plan, "count", {"to": 4}) != key()
    assert measurement_key(plan, "count", {"to": 3, "fault": ""}) == key(), "a default that is spelled out"


@pytest.mark.parametrize(
    ("fault", "what", "remedy"),
    [
        ("raise", "that cannot be counted", "Count something else."),
        ("bug", 'KeyError: "a mistake of the workload\'s"', "Its log shows where."),
        ("die", "Its process exited during the work: it was ended by SIGKILL.", "killed from outside"),
        ("hang", "It sent nothing for 10 s and was ended.", "Ask for less work"),
        ("garbage", "Its process sent a line that is not in the protocol.", "defect of the workload"),
        ("undeclared", "It reported a value that its declaration does not name.", "defect of the workload"),
    ],
)
def test_a_task_that_fails_is_stored_with_its_reason(home, fault, what, remedy):
    dispatcher = Dispatcher()
    job_id = submit_count(dispatcher, to=4, fault=fault)
    record = wait_until_over(dispatcher, job_id).measurement
    assert record.state is State.FAILED
    assert record.failure.what == what
    assert remedy in record.failure.remedy
    assert bool(record.failure.log) == (fault == "bug")
    assert [counted.number for counted in record.reports_as("counted", Counted)] == [1, 2], "earlier reports are kept"
    assert Store().load(job_id) == record
    assert not list_files(home)
    assert not wait_until_gone(home)


def test_stop_ends_a_measurement_and_keeps_what_it_reported(home):
    dispatcher = Dispatcher()
    job_id = submit_count(dispatcher, to=4, fault="orphan")
    wait_for_record(dispatcher, job_id, lambda record: len(record.reports) == 2)
    dispatcher.stop(job_id, origin="command line")
    record = wait_until_over(dispatcher, job_id).measurement
    assert (record.state, record.result) == (State.STOPPED, None)
    stored = Store().load(job_id)
    assert stored == record and len(stored.reports) == 2
    assert not list_files(home)
    assert not wait_until_gone(home)
    dispatcher.stop(job_id, origin="command line")
    assert not list_files(home), "Stop of a job that has ended leaves no file"


def test_stop_of_a_waiting_measurement_measures_nothing(home):
    dispatcher = Dispatcher()
    first = dispatcher.submit_race(make_trial_plan(budget_s=60, target=0), origin="command line")
    second = submit_count(dispatcher, to=1)
    wait_until_racing(dispatcher, first)
    assert dispatcher.status(second).place == 1
    dispatcher.stop(second, origin="command line")
    assert "stopped before its turn" in wait_until_over(dispatcher, second).problem
    dispatcher.stop(first, origin="command line")
    assert isinstance(wait_until_over(dispatcher, first).record, Run)
    assert Store().load(second) is None
    assert not list_files(home)


def test_another_process_stops_a_measurement_that_runs(home, measuring_server):
    job_id = measuring_server.stdout.readline().strip()
    dispatcher = Dispatcher()
    wait_for_record(dispatcher, job_id, lambda record: len(record.reports) == 2)
    dispatcher.stop(job_id, origin="command line")
    assert wait_until_over(dispatcher, job_id).measurement.state is State.STOPPED
    assert Store().load(job_id).state is State.STOPPED
    wait_for(lambda: not list_files(home))


def test_another_process_stops_a_measurement_that_waits(home):
    dispatcher = Dispatcher()
    first = submit_count(dispatcher, to=4, fault="orphan")
    wait_for_record(dispatcher, first, lambda record: len(record.reports) == 2)
    other = subprocess.Popen([sys.executable, "-c", WAITING_SERVER_SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        second = other.stdout.readline().strip()
        assert dispatcher.status(second).place == 1
        dispatcher.stop(second, origin="command line")
        wait_for(lambda: [entry.job_id for entry in dispatcher.entries()] == [first])
        dispatcher.stop(first, origin="command line")
        wait_until_over(dispatcher, first)
        assert Store().load(second) is None
        wait_for(lambda: not list_files(home))
    finally:
        other.kill()
        other.wait()
        other.stdout.close()


@pytest.mark.parametrize("module", ["bench.worker.task_worker", "bench.system.supervisor"])
def test_a_killed_process_of_the_task_fails_the_measurement_and_leaves_nothing(home, module):
    dispatcher = Dispatcher()
    job_id = submit_count(dispatcher, to=4, fault="orphan")
    wait_for_record(dispatcher, job_id, lambda record: len(record.reports) == 2)
    worker = find_pid(home, "bench.worker.task_worker")
    os.kill(psutil.Process(worker).ppid() if module.endswith("supervisor") else worker, signal.SIGKILL)
    record = wait_until_over(dispatcher, job_id).measurement
    assert record.state is State.FAILED
    assert "exited during the work" in record.failure.what
    assert len(Store().load(job_id).reports) == 2
    assert not list_files(home)
    assert not wait_until_gone(home)


def test_a_killed_runner_is_stored_as_interrupted_with_what_was_reported(home):
    dispatcher = Dispatcher()
    job_id = submit_count(dispatcher, to=4, fault="orphan")
    wait_for_record(dispatcher, job_id, lambda record: len(record.reports) == 2)
    os.kill(find_runner_pid(home), signal.SIGKILL)
    status = wait_until_over(dispatcher, job_id)
    assert status.measurement.state is State.INTERRUPTED
    assert "exited early" in status.problem
    stored = Store().load(job_id)
    assert isinstance(stored, MeasurementRecord)
    assert (stored.state, len(stored.reports)) == (State.INTERRUPTED, 2)
    assert not wait_until_gone(home)
    assert not list_files(home)
    assert wait_until_over(dispatcher, submit_count(dispatcher, to=1)).measurement.state is State.FINISHED


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_interrupts_its_measurement(home, measuring_server, sign):
    job_id = measuring_server.stdout.readline().strip()
    watcher = Dispatcher()
    wait_for_record(watcher, job_id, lambda record: len(record.reports) == 2)
    measuring_server.send_signal(sign)
    measuring_server.wait()
    assert not wait_until_gone(home), "the runner exits when it has stored the measurement"
    recover_jobs(Store())
    stored = Store().load(job_id)
    assert (stored.state, len(stored.reports)) == (State.INTERRUPTED, 2)
    assert not list_files(home)
    assert not watcher.entries()


def test_a_server_and_a_runner_that_are_killed_together_leave_a_journal_for_the_next_start(home, measuring_server):
    job_id = measuring_server.stdout.readline().strip()
    wait_for_record(Dispatcher(), job_id, lambda record: len(record.reports) == 2)
    runner = find_runner_pid(home)
    measuring_server.kill()
    os.kill(runner, signal.SIGKILL)
    measuring_server.wait()
    assert not wait_until_gone(home)
    status = Dispatcher().status(job_id)
    assert status.measurement.state is State.INTERRUPTED
    assert Store().load(job_id).state is State.INTERRUPTED
    assert not list_files(home)


def test_the_files_of_a_job_that_waited_in_a_dead_process_are_removed(home):
    dispatcher = Dispatcher()
    first = submit_count(dispatcher, to=4, fault="orphan")
    wait_for_record(dispatcher, first, lambda record: len(record.reports) == 2)
    other = subprocess.Popen([sys.executable, "-c", WAITING_SERVER_SCRIPT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    second = other.stdout.readline().strip()
    assert f"{second}.control" in list_files(home)
    other.kill()
    other.wait()
    other.stdout.close()
    recover_jobs(Store())
    assert not [name for name in list_files(home) if second in name]
    assert dispatcher.status(first).measurement.state is State.MEASURING, "a living job keeps its files"
    dispatcher.stop(first, origin="command line")
    wait_until_over(dispatcher, first)


def test_the_dispatcher_survives_an_unforeseen_error_and_serves_the_next_job(home, monkeypatch, capfd):
    dispatcher = Dispatcher()
    serve = Dispatcher._serve
    failures = iter([ZeroDivisionError("a defect")])

    def fail_once(self, job, machine):
        if error := next(failures, None):
            os.close(machine)
            raise error
        serve(self, job, machine)

    monkeypatch.setattr(Dispatcher, "_serve", fail_once)
    lost, kept = submit_count(dispatcher, to=1), submit_count(dispatcher, to=1)
    assert "a defect" in wait_until_over(dispatcher, lost).problem
    assert wait_until_over(dispatcher, kept).measurement.state is State.FINISHED
    assert "ZeroDivisionError" in capfd.readouterr().err
    assert not list_files(home)


def test_jobs_of_many_threads_are_all_served(home):
    dispatcher = Dispatcher()
    ids: list[str] = []
    threads = [threading.Thread(target=lambda: ids.append(submit_count(dispatcher, to=1))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = [wait_until_over(dispatcher, job_id).measurement for job_id in ids]
    assert [record.state for record in records] == [State.FINISHED] * 5
    times = sorted((record.started, record.ended) for record in records)
    assert all(end <= start for (_, end), (start, _) in pairwise(times)), "one at a time"


def test_only_the_newest_problems_are_remembered(monkeypatch):
    monkeypatch.setattr(dispatcher_module, "MAX_PROBLEMS", 2)
    dispatcher = Dispatcher()
    for number in range(3):
        dispatcher._set_problem(f"{number:032x}", "lost")
    assert list(dispatcher._problems) == [f"{number:032x}" for number in (1, 2)]


def test_an_unreadable_journal_is_an_error_of_the_store(home):
    dispatcher = Dispatcher()
    (home / "live").mkdir(exist_ok=True)
    (home / "live" / f"{'a' * 32}.jsonl").write_text('{"type": "nonsense"}\n')
    with pytest.raises(StoreError, match="cannot be read"):
        dispatcher.status("a" * 32)
