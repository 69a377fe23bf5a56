"""The next race of a tour gets its arms ready before Run is pressed."""

from __future__ import annotations

import pytest

from bench.machine.noise import Noise
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.job import JobKind
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.queue import Queue
from bench.storage.job_row import JobRow
from bench.storage.store import Store
from bench.workload.preparation import PREPARE_TASK
from tests.support.pages import run_script
from tests.support.waiting import wait_for
from ui.access.visitor import Role, Visitor

SCRIPT = """
import streamlit as st

from ui import actions
from ui.tours.model import Step, Tour
from ui.tours.session import TourSession, make_step_plan
from ui.tours.standby import hold_next_race

race = Step("Race", "", "trial", {"cores": "1", "loops": "1000", "budget_s": "2"}, race=True)
later = Step("Later", "", "trial", {"cores": "1", "loops": "2000", "budget_s": "2"}, race=True)
tour = Tour("trial-tour", "Trial", "testers", 1, (Step("Hello", "", "home"), race, later))
session = st.session_state.setdefault("session", TourSession("trial-tour"))
if st.button("Run"):
    st.session_state["started"] = actions.start_race(make_step_plan(race, False))
if st.button("Leave"):
    actions.release_held_race()
elif not st.session_state.get("started"):
    hold_next_race(session, tour)
"""


@pytest.fixture
def prepared() -> None:
    """Both races of the tour are prepared."""
    dispatcher = Dispatcher()
    for loops in (1000, 2000):
        plan = make_plan("trial", cores=1, budget_s=2, parameters={"loops": loops})
        job_id = dispatcher.submit_measurement(plan, PREPARE_TASK, {}, origin="command line")
        wait_for(lambda job_id=job_id: dispatcher.store.row(job_id) is not None, 60)
    wait_for(lambda: not dispatcher.entries(), 60)


def test_nothing_is_held_before_the_page_has_opened_the_run_of_its_address(prepared):
    unread = SCRIPT.replace("session = st", 'st.query_params["run"] = "a" * 32\nsession = st').replace(
        '(Step("Hello", "", "home"), race, later)', "(race, later)"
    )
    assert run_script(unread).session_state["session"].holds == {} and not Queue().entries()


def list_races() -> list[JobRow]:
    return Store().rows(kind=JobKind.RACE)


def test_a_race_that_is_not_prepared_is_not_held():
    assert run_script(SCRIPT).session_state["session"].holds == {}
    assert not Queue().entries()


def find_entry_id() -> str:
    return next((entry.job_id for entry in Queue().entries()), "")


def test_the_next_race_is_held_once_and_run_starts_it(prepared):
    app = run_script(SCRIPT)
    wait_for(lambda: find_entry_id() != "", 60)
    held = find_entry_id()
    assert [entry.job_id for entry in Queue().entries()] == [held]
    assert list(app.run().session_state["session"].holds.values()) == [1]
    app.button[0].click().run()
    assert app.session_state["started"] == held
    wait_for(lambda: Store().row(held) is not None, 60)
    row = Store().row(held)
    assert row is not None and row.state is State.FINISHED


def test_the_held_race_ends_without_a_trace_when_the_tour_is_left(prepared):
    app = run_script(SCRIPT)
    wait_for(lambda: find_entry_id() != "", 60)
    app.button[1].click().run()
    wait_for(lambda: not Queue().entries(), 60)
    assert not list_races()


def test_nothing_is_held_while_another_job_waits_or_runs_nor_for_a_visitor_without_the_right(prepared, monkeypatch):
    dispatcher = Dispatcher()
    ticket = Queue().enter(
        job_id="e" * 32, kind="race", workload="trial", title="Trial", origin="page", requester="somebody"
    )
    try:
        assert run_script(SCRIPT).session_state["session"].holds == {}
    finally:
        ticket.leave()
    monkeypatch.setattr("ui.access.visitor.why_not_start", lambda visitor: "Sign in first.")
    assert run_script(SCRIPT).session_state["session"].holds == {}
    assert not dispatcher.entries()


def test_an_error_does_not_take_the_page_away(prepared, monkeypatch):
    def fail(*arguments: object, **submission: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Dispatcher, "hold_race", fail)
    app = run_script(SCRIPT)
    assert not app.exception and list(app.session_state["session"].holds.values()) == [1]
    for _ in range(5):
        app.run()
    assert list(app.session_state["session"].holds.values()) == [3]


def test_a_visitor_who_is_no_operator_ends_no_held_race(prepared, monkeypatch):
    app = run_script(SCRIPT)
    wait_for(lambda: find_entry_id() != "", 60)
    with monkeypatch.context() as patch:
        patch.setattr("ui.actions.find_visitor", lambda: Visitor(Role.VIEWER))
        run_script("from ui import actions\nassert not actions.release_held_race()")
    app.run()
    assert list(app.session_state["session"].holds.values()) == [1], "it is still the first"
    app.button[1].click().run()
    wait_for(lambda: not Queue().entries(), 60)


def test_measuring_the_noise_does_not_wait_for_a_held_race(prepared, monkeypatch):
    run_script(SCRIPT)
    wait_for(lambda: find_entry_id() != "", 60)
    noise = Noise(
        word="quiet", score=1.0, spread=1.0, late=0.0, worst_pause_ms=0.0, cores=[0], repetitions=1, at="2026-01-01"
    )
    monkeypatch.setattr("ui.actions.measure_noise", lambda: noise)
    app = run_script(
        "import streamlit as st\nfrom ui import actions\nst.session_state['noise'] = actions.measure_noise_now()"
    )
    assert app.session_state["noise"] == noise and not Queue().entries()
