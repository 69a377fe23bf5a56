"""Tasks: real processes, waited for, followed, stopped and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from bench import paths
from bench.plan.validation import make_plan
from bench.scheduler import tasks
from bench.scheduler.queue import Queue
from bench.scheduler.tasks import Job, JobState, Tasks
from bench.workload.registry import load_workloads
from tests.support.processes import list_processes
from tests.support.trial_variants import replace_trial


@pytest.fixture
def desk(home) -> Iterator[Tasks]:
    made = Tasks()
    yield made
    made.close()


def make_task_plan(**fields):
    return make_plan("trial", **({"cores": 1, "parameters": {"loops": 123}} | fields))


def wait_for_job(desk: Tasks, id: str, seconds: float = 30.0) -> Job:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job = desk.job(id)
        if job.state.over and job.ended is not None:
            return job
        time.sleep(0.02)
    raise AssertionError(f"not over: {desk.job(id)}")


def wait_for_condition(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_a_task_is_done_with_the_plans_settings_and_its_process_is_gone(desk):
    job = wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 3}))
    assert job.state is JobState.DONE, job
    assert job.result["loops"] == 123
    assert (job.result["cores"], job.result["threads"]) == (1, "1")
    assert len(job.result["affinity"]) == 1
    assert [event["number"] for event in job.told("counted")] == [1, 2, 3]
    wait_for_condition(lambda: not psutil.pid_exists(job.result["pid"]))


def test_what_the_workload_wants_in_the_environment_stands_there(desk, monkeypatch):
    assert wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 1})).result["told"] == ""
    tasks = load_workloads()["trial"].tasks
    replace_trial(monkeypatch, tasks=replace(tasks, environment={"FAIRLAP_TRIAL": "yes"}))
    assert wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 1})).result["told"] == "yes"


def test_progress_of_the_same_work_takes_its_lines_place(desk):
    job = wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 5}))
    texts = [(line.text, line.share) for line in job.lines]
    assert texts == [("importing the libraries", None), ("5 of 5", 1.0)]


def test_a_resident_task_keeps_its_process_and_what_it_has_loaded(desk):
    first = wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1}))
    second = wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1}))
    assert first.result["pid"] == second.result["pid"]
    assert second.result["done"] == 2


def test_a_resident_that_has_died_is_replaced(desk):
    first = wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1}))
    os.kill(first.result["pid"], signal.SIGKILL)
    wait_for_condition(lambda: not psutil.pid_exists(first.result["pid"]))
    second = wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1}))
    assert second.state is JobState.DONE, second
    assert second.result["pid"] != first.result["pid"]


def test_what_a_killed_process_has_left_of_its_task_is_removed_by_the_next(home, desk):
    """And what a living one needs is not."""
    folders = lambda: sorted(paths.journals().glob("task-*"))  # noqa: E731
    living = wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1}))
    mine, processes = folders(), list_processes(home)
    command = [sys.executable, "-m", "bench", "do", "trial", "stay", "--cores", "1", "--given"]
    killed = subprocess.Popen([*command, '{"to": 3, "fault": "hang"}'], cwd=paths.ROOT, stdout=subprocess.DEVNULL)
    wait_for_condition(lambda: any((folder / "log").exists() for folder in set(folders()) - set(mine)))
    killed.kill()
    killed.wait()
    wait_for_condition(lambda: list_processes(home) == processes)
    assert len(folders()) == 2
    Tasks().close()
    assert folders() == mine
    assert wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1})).result["pid"] == living.result["pid"]


def test_a_resident_that_nobody_wants_ends(home, monkeypatch):
    monkeypatch.setattr(tasks, "MAX_IDLE_S", 0.4)
    desk = Tasks()
    job = wait_for_job(desk, desk.submit(make_task_plan(), "stay", {"to": 1}))
    wait_for_condition(lambda: not psutil.pid_exists(job.result["pid"]))
    desk.close()


def test_what_a_task_refuses_is_told_with_its_remedy(desk):
    job = wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 3, "fault": "raise"}))
    assert job.state is JobState.FAILED
    assert (job.problem, job.remedy) == ("that cannot be counted", "Count something else.")
    assert [event["number"] for event in job.told("counted")] == [1, 2], "what it told before stays"


def test_a_mistake_in_a_task_is_told_with_its_log(desk):
    job = wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 3, "fault": "bug"}))
    assert job.state is JobState.FAILED
    assert "KeyError" in job.problem
    assert any("Traceback" in line for line in job.log)


@pytest.mark.parametrize(
    ("fault", "words"), [("die", "SIGKILL"), ("hang", "said nothing for 3 s"), ("garbage", "not in the protocol")]
)
def test_a_process_that_fails_is_told_and_ended(desk, fault, words):
    job = wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 3, "fault": fault}))
    assert job.state is JobState.FAILED
    assert words in job.problem
    again = wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 1}))
    assert again.state is JobState.DONE, "the machine is free again"


def test_a_mistake_of_our_own_ends_the_job_and_frees_the_machine(desk, capfd):
    job = wait_for_job(desk, desk.submit(make_task_plan(), "count", ["no object"]))
    assert job.state is JobState.FAILED
    assert "ValidationError" in job.problem
    assert "report it" in job.remedy
    assert wait_for_job(desk, desk.submit(make_task_plan(), "count", {"to": 1})).state is JobState.DONE


def test_stop_ends_a_task_at_work_and_keeps_what_it_told(desk):
    id = desk.submit(make_task_plan(), "count", {"to": 3, "fault": "hang"})
    wait_for_condition(lambda: desk.job(id).told("counted"))
    desk.stop(id)
    job = wait_for_job(desk, id, 10)
    assert job.state is JobState.STOPPED
    assert job.told("counted")


def test_a_task_waits_for_the_race_in_front_and_can_be_stopped_meanwhile(desk):
    queue = Queue()
    ticket = queue.enter(run="0" * 32, workload="trial", title="Trial", origin="test")
    machine = queue.take_machine()
    waiting, stopped = (desk.submit(make_task_plan(), "count", {"to": 1}) for _ in range(2))
    wait_for_condition(lambda: desk.job(waiting).place == 1 and desk.job(stopped).place == 2)
    desk.stop(stopped)
    assert wait_for_job(desk, stopped).state is JobState.STOPPED
    assert desk.job(waiting).state is JobState.WAITING
    os.close(machine)
    ticket.leave()
    assert wait_for_job(desk, waiting).state is JobState.DONE


def test_more_cores_than_there_are_is_an_answer(desk, monkeypatch):
    made = make_task_plan()
    monkeypatch.setattr(tasks, "choose", lambda count: (_ for _ in ()).throw(ValueError("there are not so many")))
    job = wait_for_job(desk, desk.submit(made, "count", {"to": 1}))
    assert (job.state, job.problem) == (JobState.FAILED, "there are not so many")


def test_the_newest_job_of_a_task_is_found(desk):
    assert desk.last("trial", "count") is None
    desk.submit(make_task_plan(), "count", {"to": 1})
    newest = desk.submit(make_task_plan(), "count", {"to": 1})
    assert desk.last("trial", "count").id == newest
    assert desk.last("trial", "count", {"to": 2}) is None
    assert desk.last("trial", "count", {"to": 1}, {"cores": make_task_plan().cores}).id == newest
    assert desk.last("trial", "count", None, {"cores": make_task_plan().cores + 1}) is None
    wait_for_job(desk, newest)
