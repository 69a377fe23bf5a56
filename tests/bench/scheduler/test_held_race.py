"""A race that is held with its arms ready: its start, and what ends it without a trace."""

from __future__ import annotations

import os

import psutil
import pytest

from bench.paths import journals
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.record import Run
from bench.run.time_use import describe_time_use
from bench.run.timeline import find_first_pair, measure_first_pair_wait_s, measure_stages
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.order import order_race, write_order
from bench.scheduler.queue import Ticket
from bench.scheduler.race_time import measure_duration
from bench.scheduler.recovery import recover_jobs
from tests.support.waiting import wait_for


def make_trial_plan(loops: int = 20_000) -> Plan:
    return make_plan("trial", cores=1, budget_s=2, parameters={"loops": loops})


def hold(dispatcher: Dispatcher, plan: Plan, owner: str = "") -> str:
    job_id = dispatcher.hold_race(plan, origin="page", owner=owner)
    wait_for(lambda: (record := dispatcher.status(job_id).record) and record.state is State.READY, 60)
    return job_id


def test_a_held_race_begins_with_pairs_when_it_is_started():
    dispatcher, plan = Dispatcher(), make_trial_plan()
    job_id = hold(dispatcher, plan, owner="somebody")
    [entry] = dispatcher.entries()
    assert entry.title.endswith("ready to start")
    assert dispatcher.find_race(plan) == "", "nobody may wait for its result"
    assert dispatcher.find_held("somebody") == job_id and not dispatcher.find_held()
    assert not dispatcher.start_held(make_trial_plan(loops=10), "somebody") and not dispatcher.start_held(plan)
    assert dispatcher.start_held(plan, "somebody") == job_id
    assert not dispatcher.start_held(plan, "somebody") and not dispatcher.find_held("somebody")
    wait_for(lambda: dispatcher.store.row(job_id) is not None, 60)
    run = dispatcher.store.load(job_id)
    assert isinstance(run, Run) and run.state is State.FINISHED and run.statistics
    stages = measure_stages(run.timeline, run.last_at)
    assert list(stages)[:3] == ["preparing", "ready to start", "warming up"]
    wait_s, began = measure_first_pair_wait_s(run.timeline, run.samples), find_first_pair(run.samples)
    assert wait_s is not None and began is not None
    assert abs(began - wait_s - stages["preparing"] - stages["ready to start"]) < 1e-6
    assert describe_time_use(run).split(";")[1].endswith("with its arms ready")
    duration = measure_duration(run)
    assert duration is not None and duration.other_s + duration.sampling_s <= run.last_at - stages["ready to start"]


def test_a_race_that_is_started_while_its_arms_get_ready_does_not_wait():
    dispatcher, plan = Dispatcher(), make_trial_plan()
    job_id = dispatcher.hold_race(plan, origin="page")
    assert dispatcher.start_held(plan) == job_id
    wait_for(lambda: dispatcher.store.row(job_id) is not None, 60)
    run = dispatcher.store.load(job_id)
    assert isinstance(run, Run) and run.state is State.FINISHED
    assert "ready to start" not in measure_stages(run.timeline, run.last_at)


def test_a_held_race_gives_way_to_another_job_and_leaves_no_trace():
    dispatcher, plan = Dispatcher(), make_trial_plan()
    job_id = hold(dispatcher, plan)
    other = dispatcher.submit_race(make_trial_plan(loops=1_000), origin="page")
    wait_for(lambda: dispatcher.store.row(other) is not None, 60)
    assert [row.id for row in dispatcher.store.rows()] == [other]
    assert dispatcher.status(job_id).record is None and not dispatcher.find_held()


def test_a_held_race_that_is_stopped_or_fails_leaves_no_trace():
    dispatcher = Dispatcher()
    job_id = hold(dispatcher, make_trial_plan())
    dispatcher.stop(job_id, origin="page")
    wait_for(lambda: not dispatcher.entries(), 60)
    fails = make_plan("trial", cores=1, budget_s=2, parameters={"fault": "raise-preparing"})
    dispatcher.hold_race(fails, origin="page")
    wait_for(lambda: not dispatcher.entries(), 60)
    assert not dispatcher.store.rows() and not dispatcher.find_held()


def test_a_held_race_is_forgotten_before_it_leaves_the_queue(monkeypatch: pytest.MonkeyPatch):
    dispatcher, found, leave = Dispatcher(), [], Ticket.leave

    def look_and_leave(ticket: Ticket) -> None:
        found.append(dispatcher.find_held())
        leave(ticket)

    monkeypatch.setattr(Ticket, "leave", look_and_leave)
    fails = make_plan("trial", cores=1, budget_s=2, parameters={"fault": "raise-preparing"})
    dispatcher.hold_race(fails, origin="page")
    wait_for(lambda: not dispatcher.entries(), 60)
    assert found == [""]


def test_a_held_race_that_is_being_ended_is_not_started_but_raced_anew():
    dispatcher, plan = Dispatcher(), make_trial_plan()
    job_id = hold(dispatcher, plan)
    dispatcher.stop(job_id, origin="page")
    assert not dispatcher.find_held() and not dispatcher.start_held(plan)
    wait_for(lambda: not dispatcher.entries(), 60)
    assert not dispatcher.store.rows() and not list(journals().iterdir())


def kill_runner(dispatcher: Dispatcher, job_id: str) -> list[int]:
    """Kill the process of a job; returns the ids of those of its arms."""
    record = dispatcher.status(job_id).record
    assert isinstance(record, Run)
    arms = [prepared.pid for prepared in record.prepared]
    [runner] = [child for child in psutil.Process().children() if "bench.scheduler.runner" in child.cmdline()]
    runner.kill()
    wait_for(lambda: not dispatcher.entries(), 60)
    return arms


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_held_race_whose_process_is_killed_leaves_no_trace_and_no_arms():
    dispatcher = Dispatcher()
    arms = kill_runner(dispatcher, hold(dispatcher, make_trial_plan()))
    assert len(arms) == 2
    wait_for(lambda: not any(map(is_alive, arms)), 60)
    assert recover_jobs(dispatcher.store) == [] and not dispatcher.store.rows()
    assert not list(journals().iterdir())


def test_a_race_that_was_started_and_whose_process_is_killed_is_an_attempt():
    dispatcher, plan = Dispatcher(), make_plan("trial", cores=1, budget_s=60, target=0.0001)
    job_id = hold(dispatcher, plan)
    assert dispatcher.start_held(plan) == job_id
    wait_for(lambda: (record := dispatcher.status(job_id).record) and record.state is State.RACING, 60)
    kill_runner(dispatcher, job_id)
    wait_for(lambda: dispatcher.store.row(job_id) is not None, 60)
    row = dispatcher.store.row(job_id)
    assert row is not None and row.state is State.INTERRUPTED and not list(journals().iterdir())


def test_a_race_to_be_held_that_never_began_leaves_no_trace():
    dispatcher = Dispatcher()
    order = order_race(make_trial_plan(), origin="page", waits_for_start=True)
    write_order(order)
    os.mkfifo(journals() / f"{order.job_id}.control")
    assert recover_jobs(dispatcher.store) == [] and not dispatcher.store.rows()
    assert not list(journals().iterdir())
