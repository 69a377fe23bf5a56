"""The pre-flight: what it finds before and after a real preparation and a real race, and what it advises."""

from __future__ import annotations

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bench import paths
from bench.machine.describe import describe_machine
from bench.machine.last_noise import load_noise, save_noise
from bench.machine.noise import measure_noise
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.run.job import JobKind
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.preflight import (
    MIN_FREE_DISK_BYTES,
    Outcome,
    PlannedRace,
    Preflight,
    Surroundings,
    examine_races,
    read_surroundings,
)
from bench.scheduler.queue import Queue, QueueEntry
from bench.storage.store import Store
from bench.system.limits import core_limit
from bench.workload.preparation import PREPARE_TASK
from tests.support.waiting import wait_for

FREE = Surroundings(
    entries=[], background_cores=0.0, available_bytes=8 << 30, free_disk_bytes=100 << 30, core_limit=core_limit()
)


def make_trial_plan(loops: int = 20_000, **fields: object) -> Plan:
    return make_plan("trial", cores=1, budget_s=2, parameters={"loops": loops}, **fields)


def examine(*plans: Plan, dispatcher: Dispatcher, surroundings: Surroundings = FREE) -> Preflight:
    races = [PlannedRace(f"step {number}", plan) for number, plan in enumerate(plans, start=1)]
    return examine_races(races, dispatcher.store, describe_machine(), surroundings)


def find_outcome(preflight: Preflight, name: str) -> Outcome:
    return next(check.outcome for check in preflight.checks if check.name == name)


def find_seen(preflight: Preflight, name: str) -> str:
    return next(check.seen for check in preflight.checks if check.name == name)


def prepare(dispatcher: Dispatcher, plan: Plan) -> None:
    job_id = dispatcher.submit_measurement(plan, PREPARE_TASK, {}, origin="command line")
    wait_for(lambda: dispatcher.store.row(job_id) is not None, 60)


def test_each_different_preparation_is_open_until_it_was_done_here():
    dispatcher = Dispatcher()
    plans = [make_trial_plan(), make_trial_plan(batch=2), make_trial_plan(loops=30_000)]
    before = examine(*plans, dispatcher=dispatcher)
    assert find_outcome(before, "preparation") is Outcome.WARNING and before.outcome is Outcome.WARNING
    assert [preparation.settings for preparation in before.unprepared][1].startswith("loops 30000")
    assert "Models and data sets" in before.summary
    for preparation in before.unprepared:
        prepare(dispatcher, preparation.plan)
    after = examine(*plans, dispatcher=dispatcher)
    assert find_outcome(after, "preparation") is Outcome.OK and not after.unprepared
    assert [forecast.is_prepared for forecast in after.forecasts] == [True] * 3
    assert all(
        preparation.last_s and preparation.expected_s == preparation.last_s for preparation in after.preparations
    )
    shutil.rmtree(paths.cache() / "trial" / "30000")
    assert [entry.why_open for entry in examine(*plans, dispatcher=dispatcher).unprepared] == ["removed from the cache"]


def test_the_first_pair_is_expected_when_it_began_in_a_race_that_found_everything_prepared():
    dispatcher, plan = Dispatcher(), make_trial_plan()
    race_id = dispatcher.submit_race(plan, origin="command line")
    wait_for(lambda: dispatcher.store.row(race_id) is not None, 120)
    prepare(dispatcher, plan)
    [cold] = examine(plan, dispatcher=dispatcher).forecasts
    assert cold.first_pair_s is None, "the race began before the preparation"
    race_id = dispatcher.submit_race(plan, origin="command line")
    wait_for(lambda: dispatcher.store.row(race_id) is not None, 120)
    # The time budget does not change how soon a race starts.
    longer = plan.model_copy(update={"budget_s": 60.0})
    preflight = examine(plan, longer, dispatcher=dispatcher)
    short, long = preflight.forecasts
    assert short.first_pair_s is not None and short.first_pair_s == long.first_pair_s
    races = [PlannedRace("held", plan)]
    [held] = examine_races(races, dispatcher.store, describe_machine(), FREE, is_held=True).forecasts
    assert held.first_pair_s == short.wait_s and short.first_pair_s == short.wait_s + short.ready_s
    assert 0 < short.arms_bytes < 1 << 30
    assert long.race_s > short.race_s > 0
    assert find_seen(preflight, "duration").startswith("2 races in about")


def test_a_plan_that_cannot_run_here_is_a_problem_and_says_why(monkeypatch):
    dispatcher = Dispatcher()
    too_many = make_plan("trial", cores=core_limit() + 1)
    preflight = examine(make_trial_plan(), too_many, dispatcher=dispatcher)
    [problem] = [check for check in preflight.checks if check.outcome is Outcome.PROBLEM]
    assert problem.name == "settings" and "step 2" in problem.seen and "step 1" not in problem.seen
    assert f"at most {core_limit()}" in problem.remedy or str(core_limit()) in problem.remedy
    assert preflight.summary.startswith("Not ready")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    missing = examine(make_plan("bert", cores=1), dispatcher=dispatcher)
    assert "pip install" in next(check.remedy for check in missing.checks if check.name == "settings")
    assert not missing.preparations


def test_the_state_of_the_machine_is_judged():
    dispatcher, plan = Dispatcher(), make_trial_plan()

    def outcome_of(name: str, **changes: object) -> Outcome:
        surroundings = Surroundings(**({field: getattr(FREE, field) for field in FREE.__slots__} | changes))
        return find_outcome(examine(plan, dispatcher=dispatcher, surroundings=surroundings), name)

    entry = QueueEntry(
        job_id="f" * 32,
        kind=JobKind.RACE,
        workload="trial",
        title="T",
        origin="page",
        requester="x",
        pid=1,
        submitted=0,
    )
    assert outcome_of("queue") is Outcome.OK and outcome_of("queue", entries=[entry]) is Outcome.WARNING
    assert outcome_of("background") is Outcome.OK and outcome_of("background", background_cores=1.5) is Outcome.WARNING
    assert outcome_of("background", background_cores=1.5, entries=[entry]) is Outcome.OK
    assert outcome_of("memory") is Outcome.OK and outcome_of("memory", available_bytes=1 << 30) is Outcome.PROBLEM
    assert outcome_of("disk", free_disk_bytes=MIN_FREE_DISK_BYTES - 1) is Outcome.WARNING
    assert outcome_of("disk", free_disk_bytes=1 << 20) is Outcome.PROBLEM


def test_the_last_noise_is_kept_with_its_age():
    dispatcher, plan = Dispatcher(), make_trial_plan()
    assert load_noise() is None
    assert find_seen(examine(plan, dispatcher=dispatcher), "noise") == "not measured"
    noise = measure_noise().model_copy(update={"word": "quiet"})
    save_noise(noise)
    now = read_surroundings([], 0.0)
    assert now.noise == noise and now.available_bytes and now.free_disk_bytes
    fresh = examine(plan, dispatcher=dispatcher, surroundings=now)
    assert find_outcome(fresh, "noise") is Outcome.OK and " s ago" in find_seen(fresh, "noise")
    later = Surroundings(entries=[], noise=noise, core_limit=core_limit(), now=now.now + timedelta(hours=3))
    old = examine(plan, dispatcher=dispatcher, surroundings=later)
    assert find_outcome(old, "noise") is Outcome.WARNING and "3 h ago" in find_seen(old, "noise")
    save_noise(noise.model_copy(update={"word": "noisy"}))
    noisy = examine(plan, dispatcher=dispatcher, surroundings=read_surroundings([], 0.0))
    assert find_outcome(noisy, "noise") is Outcome.WARNING


@pytest.mark.parametrize("content", ["", "{}", "no JSON"])
def test_a_file_of_the_noise_that_cannot_be_read_counts_as_none(content):
    (paths.cache() / "noise.json").write_text(content)
    assert load_noise() is None


def test_the_pre_flight_counts_the_jobs_of_all_programs():
    dispatcher = Dispatcher()
    ticket = Queue().enter(
        job_id="e" * 32, kind=JobKind.RACE, workload="trial", title="Trial", origin="page", requester="somebody"
    )
    try:
        surroundings = read_surroundings(dispatcher.entries())
        assert (
            find_seen(examine(make_trial_plan(), dispatcher=dispatcher, surroundings=surroundings), "queue")
            == "1 job before yours"
        )
    finally:
        ticket.leave()


def test_the_disk_is_the_fuller_one_of_caches_and_results(monkeypatch):
    free = {paths.cache(): 100 << 30, paths.journals(): 1 << 20}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free[folder]))
    assert read_surroundings([]).free_disk_bytes == 1 << 20


def test_it_is_not_ready_before_the_load_of_other_programs_is_known():
    checks = examine_races([], Store(), describe_machine(), Surroundings([], background_cores=None)).checks
    assert {check.name: check.outcome for check in checks}["background"] is Outcome.WARNING
