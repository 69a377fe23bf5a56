"""Interactive tasks: real processes that stay, are replaced, and end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psutil
import pytest

from bench import paths
from bench.run.job import JobKind
from bench.scheduler import interactive
from bench.scheduler.cleaner import Cleaner
from bench.scheduler.interactive import InteractiveTasks, Request, RequestState
from bench.scheduler.queue import INTERACTIVE_KIND, Queue, Ticket
from bench.storage.store import Store
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.dispatching import make_trial_plan
from tests.support.processes import list_processes
from tests.support.trial.measurements import CountArguments, CountResult
from tests.support.trial_variants import replace_trial
from tests.support.waiting import wait_for

OTHER_SERVER_SCRIPT = """
import time
from bench.plan.validation import make_plan
from bench.scheduler.interactive import InteractiveTasks
InteractiveTasks().submit(make_plan('trial', cores=1), 'stay', {'to': 3, 'fault': 'hang'})
time.sleep(120)
"""


@pytest.fixture
def tasks(home) -> Iterator[InteractiveTasks]:
    made = InteractiveTasks()
    yield made
    made.close()


def submit(tasks: InteractiveTasks, **arguments: Any) -> str:
    return tasks.submit(make_trial_plan(parameters={"loops": 123}), "stay", arguments, origin="command line")


def find_phase(tasks: InteractiveTasks, request_id: str) -> tuple[str, str] | None:
    """Name and detail of what a request does now; None before its first sign of life."""
    phases = tasks.find(request_id).phases
    return (phases[-1].name, phases[-1].detail) if phases else None


def prepare(tasks: InteractiveTasks, **arguments: Any) -> str:
    return tasks.submit(make_trial_plan(parameters={"loops": 123}), "load", arguments, background=True)


def enter_race(queue: Queue) -> Ticket:
    return queue.enter(
        job_id="0" * 32, kind=JobKind.RACE, workload="trial", title="Trial", origin="command line", requester="me"
    )


def wait_until_over(tasks: InteractiveTasks, request_id: str) -> Request:
    return wait_for(lambda: (request := tasks.find(request_id)).state.over and request.ended is not None and request)


def ask(tasks: InteractiveTasks, **arguments: Any) -> CountResult:
    request = wait_until_over(tasks, submit(tasks, **arguments))
    assert request.state is RequestState.FINISHED, request
    return request.result_as(CountResult)


def test_a_task_runs_with_the_settings_of_the_plan(tasks):
    result = ask(tasks, to=3)
    assert result.loops == 123
    assert (result.cores, result.threads) == (1, "1")
    assert len(result.affinity) == 1


def test_the_environment_of_the_workload_is_set(tasks, monkeypatch):
    assert ask(tasks, to=1).variable == ""
    entries = load_workloads()["trial"].tasks
    replace_trial(monkeypatch, tasks=replace(entries, environment={"FAIRLAP_TRIAL": "yes"}))
    tasks.close()
    assert ask(tasks, to=1).variable == "yes"


def test_a_task_keeps_its_process_and_what_it_has_loaded(tasks):
    first, second = ask(tasks, to=1), ask(tasks, to=1)
    assert first.pid == second.pid
    assert second.done == 2


def test_a_prepared_process_does_the_next_task_of_its_settings(tasks):
    plan, other = make_trial_plan(parameters={"loops": 123}), make_trial_plan(parameters={"loops": 124})
    assert not tasks.has_process("trial")
    prepared = wait_until_over(tasks, prepare(tasks, to=1)).result_as(CountResult)
    assert tasks.has_process("trial")
    assert tasks.is_prepared(plan, "stay")
    assert not tasks.is_prepared(other, "stay")
    asked = ask(tasks, to=1)
    assert (asked.pid, asked.done) == (prepared.pid, 2)
    os.kill(asked.pid, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(asked.pid))
    assert not tasks.is_prepared(plan, "stay")


def test_the_phases_of_the_last_time_are_known_the_next_time(tasks):
    first = wait_until_over(tasks, prepare(tasks, to=3))
    assert first.expected_s == {}
    assert [phase.name for phase in first.phases] == ["importing the libraries", "counting"]
    second = wait_until_over(tasks, prepare(tasks, to=3))
    assert second.expected_s.keys() == {"importing the libraries", "counting"}
    assert all(seconds >= 0 for seconds in second.expected_s.values())
    asked = wait_until_over(tasks, submit(tasks, to=3))
    assert asked.expected_s == {}, "another task takes other times"


def test_a_damaged_file_of_phase_times_is_replaced(tasks, home):
    wait_until_over(tasks, prepare(tasks, to=1))
    (file,) = (home / "cache" / "phase-times").iterdir()
    file.write_text("{")
    assert wait_until_over(tasks, prepare(tasks, to=1)).expected_s == {}
    assert wait_until_over(tasks, prepare(tasks, to=1)).expected_s


def test_a_background_request_ends_when_another_job_waits(tasks):
    request_id = prepare(tasks, to=1, fault="slow")
    wait_for(lambda: tasks.find(request_id).state is RequestState.RUNNING)
    assert tasks.count_active("") == 0
    ticket = enter_race(tasks.queue)
    assert wait_until_over(tasks, request_id).state is RequestState.STOPPED
    ticket.leave()
    assert ask(tasks, to=1).done == 1


def test_a_background_request_does_not_end_for_a_question_that_needs_it(tasks):
    prepared = prepare(tasks, to=1)
    asked = submit(tasks, to=1)
    first, second = (wait_until_over(tasks, request_id) for request_id in (prepared, asked))
    assert first.state is second.state is RequestState.FINISHED
    assert first.result_as(CountResult).pid == second.result_as(CountResult).pid


def test_a_background_request_ends_for_a_question_with_other_settings(tasks):
    prepared = prepare(tasks, to=1, fault="slow")
    wait_for(lambda: tasks.find(prepared).state is RequestState.RUNNING)
    asked = tasks.submit(make_trial_plan(parameters={"loops": 124}), "stay", {"to": 1})
    assert wait_until_over(tasks, prepared).state is RequestState.STOPPED
    assert wait_until_over(tasks, asked).state is RequestState.FINISHED


def test_a_process_that_has_died_is_replaced(tasks):
    first = ask(tasks, to=1)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: not psutil.pid_exists(first.pid))
    assert ask(tasks, to=1).pid != first.pid


def test_what_a_killed_server_has_left_is_removed_by_the_next(home, tasks):
    """And the folder of a living process is not."""
    folders = lambda: sorted(paths.journals().glob("task-*"))  # noqa: E731
    living = ask(tasks, to=1)
    own, processes = folders(), list_processes(home)
    killed = subprocess.Popen([sys.executable, "-c", OTHER_SERVER_SCRIPT], cwd=paths.ROOT)
    wait_for(lambda: any((folder / "log").exists() for folder in set(folders()) - set(own)))
    killed.kill()
    killed.wait()
    wait_for(lambda: list_processes(home) == processes)
    assert len(folders()) > len(own)
    Cleaner(Store()).clean()
    assert folders() == own
    assert ask(tasks, to=1).pid == living.pid


def test_an_idle_process_is_ended(home, monkeypatch):
    monkeypatch.setattr(interactive, "MAX_IDLE_S", 0.4)
    tasks = InteractiveTasks()
    result = ask(tasks, to=1)
    wait_for(lambda: not psutil.pid_exists(result.pid))
    tasks.close()


def test_an_error_of_the_workload_has_its_remedy(tasks):
    request = wait_until_over(tasks, submit(tasks, to=3, fault="raise"))
    assert request.state is RequestState.FAILED
    assert (request.failure.what, request.failure.remedy) == ("that cannot be counted", "Count something else.")


@pytest.mark.parametrize("fault", ["die", "hang", "garbage", "bug"])
def test_after_a_failure_the_machine_is_free_again(tasks, monkeypatch, fault):
    declared = load_workloads()["trial"].tasks
    with monkeypatch.context() as patch:
        if fault == "hang":
            impatient = tuple(replace(task, silence_limit_s=3.0) for task in declared.entries)
            replace_trial(patch, tasks=replace(declared, entries=impatient))
        assert wait_until_over(tasks, submit(tasks, to=3, fault=fault)).state is RequestState.FAILED
    assert ask(tasks, to=1).done == 1


def test_arguments_are_checked_before_anything_is_started(tasks):
    with pytest.raises(BadInput, match="to: missing") as refused:
        tasks.submit(make_trial_plan(), "stay", {})
    assert refused.value.remedy == "The arguments of stay are: to, fault."
    with pytest.raises(BadInput, match="there is no such argument"):
        tasks.submit(make_trial_plan(), "stay", {"to": 1, "too": 1})
    assert not tasks.queue.entries()


def test_arguments_are_kept_with_the_request(tasks):
    request = wait_until_over(tasks, submit(tasks, to=2))
    assert request.arguments_as(CountArguments) == CountArguments(to=2)


def test_a_defect_of_fairlap_ends_the_request_and_frees_the_machine(tasks, monkeypatch, capfd):
    with monkeypatch.context() as patch:
        patch.setattr(interactive, "make_work_fields", lambda *_: {"nonsense": 1})
        request = wait_until_over(tasks, submit(tasks, to=1))
    assert request.state is RequestState.FAILED
    assert "ValidationError" in request.failure.what
    assert "report" in request.failure.remedy
    assert ask(tasks, to=1).done == 1


def test_stop_ends_a_request_at_work(tasks):
    request_id = submit(tasks, to=3, fault="hang")
    wait_for(lambda: find_phase(tasks, request_id) == ("counting", "2 of 3"))
    tasks.stop(request_id)
    assert wait_until_over(tasks, request_id).state is RequestState.STOPPED


def test_a_request_waits_for_the_race_in_front_and_can_be_stopped_meanwhile(tasks):
    queue = Queue()
    ticket = enter_race(queue)
    machine = queue.take_machine()
    waiting, stopped = (submit(tasks, to=1) for _ in range(2))
    wait_for(lambda: tasks.find(waiting).place == 1 and tasks.find(stopped).place == 2)
    assert [entry.kind for entry in queue.entries()] == [JobKind.RACE, INTERACTIVE_KIND, INTERACTIVE_KIND]
    assert queue.entries()[0].kind is JobKind.RACE
    tasks.stop(stopped)
    assert wait_until_over(tasks, stopped).state is RequestState.STOPPED
    assert tasks.find(waiting).state is RequestState.WAITING
    os.close(machine)
    ticket.leave()
    assert wait_until_over(tasks, waiting).state is RequestState.FINISHED


def test_more_cores_than_there_are_fail_the_request(tasks, monkeypatch):
    message = "there are not so many"
    monkeypatch.setattr(interactive, "choose_cores", lambda count: (_ for _ in ()).throw(ValueError(message)))
    request = wait_until_over(tasks, submit(tasks, to=1))
    assert (request.state, request.failure.what) == (RequestState.FAILED, message)


def test_only_the_newest_finished_requests_are_kept(tasks, monkeypatch):
    monkeypatch.setattr(interactive, "MAX_FINISHED_REQUESTS", 2)
    ids = []
    for _ in range(4):
        ids.append(submit(tasks, to=1))
        wait_until_over(tasks, ids[-1])
    assert [tasks.find(request_id) is not None for request_id in ids] == [False, False, True, True]
