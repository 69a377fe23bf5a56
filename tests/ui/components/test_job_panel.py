"""The panel of a measurement: which job it shows, how it starts one and how it ends one."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from bench.run.events import State
from bench.run.job import JobKind
from bench.scheduler.job_status import JobStatus
from bench.scheduler.queue import Queue
from bench.values.arms import Failure
from tests.support.dispatching import submit_count, wait_for_record, wait_until_over
from tests.support.measurements import make_measurement, store_measurement
from tests.support.pages import DRAW_TIMEOUT_S, read_page
from tests.support.trial.measurements import Counted, CountResult
from tests.support.waiting import wait_for
from ui import services
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob

SCRIPT = """
import streamlit as st
from ui import services
from tests.support.dispatching import make_trial_plan
from tests.support.trial.measurements import Counted
from ui.components import job_panel
from ui.components.job_panel import MeasurementRequest

def draw(current):
    job_panel.draw_state(current)
    if current.record:
        st.text(f"counted {[counted.number for counted in current.record.reports_as('counted', Counted)]}")
        job_panel.draw_log(current.record, "Output")

def draw_page():
    arguments = {"to": st.session_state.get("to", 2), "fault": st.session_state.get("fault", "")}
    request = MeasurementRequest(make_trial_plan(), "count", arguments)
    job = job_panel.find_job(request, any_settings=st.session_state.get("any_settings", False))
    job_panel.draw_buttons(request, job, "Count", ":material/tag:")
    if job is None:
        st.text("no job")
    else:
        job_panel.draw_origin(job, request)
        job_panel.follow_job(job, draw)

pages = [st.Page(draw_page, title="Panel", default=True), st.Page(services.page_script("runs"), url_path="runs")]
st.navigation(pages).run()
"""
RESULT = CountResult(pid=1, done=1, cores=1, threads="1", affinity=[0], loops=2000, variable="")


def draw(**session: object) -> AppTest:
    app = AppTest.from_string(SCRIPT, default_timeout=DRAW_TIMEOUT_S)
    for name, value in session.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> list[str]:
    return [text.value for text in app.text]


def store_count(to: int = 2, **fields):
    reports = [("counted", Counted(number=number)) for number in range(1, to + 1)]
    plan = {"budget_s": 2, "parameters": {"loops": 2000}}
    fields = {"reports": reports, "result": RESULT, "plan": plan} | fields
    return store_measurement("trial", "count", {"to": to}, **fields)


def press(app: AppTest, label: str) -> AppTest:
    app.button(key={"Count": "trial:count-button", "Stop": "trial:count-stop"}[label]).click().run()
    assert not app.exception
    return app


def announced(app: AppTest) -> list[str]:
    """What the live region of the page says."""
    return [json.loads(element.proto.json)["text"] for element in app.get("bidi_component")]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State.PREPARING, "The measurement has started."),
        (State.MEASURING, "The measurement has started."),
        (State.FINISHED, "The measurement has finished."),
        (State.STOPPED, "The measurement was stopped."),
        (State.INTERRUPTED, "The measurement was interrupted."),
        (State.FAILED, "The measurement has failed. The disk is full."),
    ],
)
def test_start_and_end_are_announced_to_screen_readers(state, text):
    failure = Failure(what="The disk is full", remedy="") if state is State.FAILED else None
    record = make_measurement("trial", "count", {"to": 2}, result=RESULT).model_copy(
        update={"state": state, "failure": failure}
    )
    assert job_panel.describe_announcement(DisplayedJob("a", JobStatus(record=record))) == text
    assert "waits" in job_panel.describe_announcement(DisplayedJob("a", JobStatus(place=1)))


def test_only_what_this_session_saw_live_is_announced():
    store_count()
    assert announced(draw()) == [""]
    app = press(draw(to=3), "Count")
    assert announced(app)[0] in ("The measurement waits for its turn.", "The measurement has started.")
    wait_until_over(services.get_dispatcher(), app.session_state["trial:count:job"][1])
    assert announced(app.run()) == ["The measurement has finished."]


def test_without_a_result_there_is_only_the_button():
    app = draw()
    assert texts(app) == ["no job"]
    assert not app.button(key="trial:count-button").disabled
    assert app.button(key="trial:count-stop").disabled


def test_a_measurement_is_started_from_the_page_followed_and_shown():
    dispatcher = services.get_dispatcher()
    # The measurement waits for this one, so that it is not over before the page is drawn.
    before = submit_count(dispatcher, to=4, fault="slow")
    app = press(draw(), "Count")
    assert app.button(key="trial:count-button").disabled and not app.button(key="trial:count-stop").disabled
    dispatcher.stop(before, origin="page")
    job_id = app.session_state["trial:count:job"][1]
    record = wait_until_over(dispatcher, job_id).measurement
    assert (record.origin, record.state) == ("page", State.FINISHED)
    app.run()
    assert texts(app) == ["counted [1, 2]"]
    assert "Measured" in read_page(app) and "other settings" not in read_page(app)
    assert app.expander[0].label == "Output (3 lines)"
    assert not app.button(key="trial:count-button").disabled


def test_a_measurement_of_another_session_is_followed_and_may_be_stopped():
    dispatcher = services.get_dispatcher()
    job_id = submit_count(dispatcher, to=4, fault="slow")
    # It reports progress after its second report.
    wait_for_record(dispatcher, job_id, lambda record: record.progress and record.progress[-1].text == "still counting")
    app = draw(to=4, fault="slow")
    assert texts(app) == ["counted [1, 2]"]
    assert "still counting" in read_page(app)
    press(app, "Stop")
    assert wait_until_over(dispatcher, job_id).measurement.state is State.STOPPED


def test_a_measurement_that_waits_shows_what_is_in_front():
    queue = Queue()
    ticket = queue.enter(
        job_id="0" * 32, kind=JobKind.RACE, workload="trial", title="Trial", origin="command line", requester="me"
    )
    machine = queue.take_machine()
    app = press(draw(), "Count")
    assert app.info[0].value == "1 job is in front. One at a time runs on this machine."
    job_id = app.session_state["trial:count:job"][1]
    press(app, "Stop")
    wait_for(lambda: [entry.job_id for entry in queue.entries()] == ["0" * 32])
    app.run()
    assert "stopped before its turn" in app.warning[0].value
    assert not services.get_dispatcher().find_active("trial", "count"), job_id
    os.close(machine)
    ticket.leave()


def test_the_newest_stored_result_of_the_same_settings_is_shown():
    first = store_count()
    store_count(to=3, started=first.started + timedelta(hours=2))
    newest = store_count(started=first.started + timedelta(hours=1))
    app = draw()
    assert texts(app) == ["counted [1, 2]"]
    link = next(link for link in app.get("page_link") if link.proto.label == "Details")
    assert f"run={newest.id}" in link.proto.query_string


def test_a_result_of_other_settings_is_shown_only_if_asked_for_and_says_what_differs():
    store_count(to=3)
    assert texts(draw()) == ["no job"]
    app = draw(any_settings=True)
    assert texts(app) == ["counted [1, 2, 3]"]
    assert "**with other settings**: to 3" in read_page(app)


def test_a_stopped_or_failed_measurement_is_no_last_result():
    store_count(state=State.STOPPED, result=None)
    assert texts(draw(any_settings=True)) == ["no job"]


def test_a_failure_is_shown_with_remedy_to_the_session_that_started_it():
    app = press(draw(fault="raise"), "Count")
    wait_until_over(services.get_dispatcher(), app.session_state["trial:count:job"][1])
    app.run()
    assert app.error[0].value == "Count something else."
    assert texts(app) == ["counted [1]"]
    assert texts(draw(fault="raise")) == ["no job"], "another session has no result to see"


def test_a_job_that_got_lost_is_reported_above_the_stored_result(monkeypatch, capfd):
    store_count()
    dispatcher = services.get_dispatcher()

    def fail(job, machine):
        os.close(machine)
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(dispatcher, "_serve", fail)
    app = press(draw(), "Count")
    wait_until_over(dispatcher, app.session_state["trial:count:job"][1])
    app.run()
    assert "The run was lost" in app.warning[0].value
    assert texts(app) == ["counted [1, 2]"]


def test_arguments_that_do_not_fit_are_refused_with_the_reason():
    app = press(draw(to=0), "Count")
    assert "The arguments of count are" in app.error[0].value
    assert texts(app) == ["no job"]
    assert not Queue().entries()


def test_a_result_that_no_longer_fits_the_workload_does_not_break_the_page(monkeypatch):
    store_count()
    monkeypatch.setattr(Counted, "model_validate", lambda value: CountResult.model_validate({"old": value}))
    app = draw()
    assert "The workload has changed since this measurement" in app.info[0].value
