"""Whose a job is: known while it waits, while it runs and when it is stored, and in no export."""

from __future__ import annotations

import json

from bench.run.events import State
from bench.scheduler.dispatcher import Dispatcher
from bench.storage.attempts import build_report
from bench.storage.store import Store
from tests.support.dispatching import LONG_BUDGET_S, make_trial_plan, submit_count, wait_until_over, wait_until_racing

OWNER = f"browser:{'5e' * 32}"


def test_the_owner_of_a_job_is_known_in_every_state_and_is_in_no_export():
    dispatcher = Dispatcher()
    plan = make_trial_plan(budget_s=LONG_BUDGET_S, target=0)
    run = dispatcher.submit_race(plan, origin="page", requester="ada", owner=OWNER)
    waiting = dispatcher.submit_race(make_trial_plan(), origin="page", owner="browser:other")
    wait_until_racing(dispatcher, run)
    assert (dispatcher.find_owner(run), dispatcher.find_owner(waiting)) == (OWNER, "browser:other")
    assert (dispatcher.count_active(OWNER), dispatcher.count_active("")) == (1, 0)
    assert Dispatcher().find_owner(run) == OWNER, "another process reads it in the journal"
    assert Dispatcher().find_owner(waiting) is None
    dispatcher.stop(waiting, origin="page")
    dispatcher.stop(run, origin="page")
    wait_until_over(dispatcher, run)
    assert dispatcher.count_active(OWNER) == 0
    row = Store().row(run)
    assert row is not None and (row.owner, row.requester) == (OWNER, "ada")
    stored = Store().load(run)
    assert stored is not None
    for record in (stored, dispatcher.status(run).run):
        text = json.dumps(build_report(record, None), default=str) + record.model_dump_json()
        assert OWNER not in text and "owner" not in record.model_dump()


def test_a_job_without_an_owner_is_the_operators():
    dispatcher = Dispatcher()
    job = submit_count(dispatcher, to=2)
    wait_until_over(dispatcher, job)
    assert dispatcher.find_owner(job) == ""
    assert dispatcher.find_owner("0" * 32) is None
    assert dispatcher.find_owner("../../etc/passwd") is None


def test_a_job_is_stopped_at_its_time_limit_and_keeps_what_it_has():
    dispatcher = Dispatcher()
    plan = make_trial_plan(budget_s=LONG_BUDGET_S, target=0)
    run = dispatcher.submit_race(plan, origin="page", owner=OWNER, time_limit_s=4.0)
    record = wait_until_over(dispatcher, run).run
    assert record is not None
    assert (record.state, record.why) == (State.STOPPED, "the time limit of 4 s for this job was reached")
    assert Store().row(run) is not None
