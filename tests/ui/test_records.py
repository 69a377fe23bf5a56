"""Links to jobs that wait or run: the page, the tab and the settings that belong to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.run.job import JobKind
from bench.scheduler.queue import Queue, QueueEntry
from tests.support.measurements import store_measurement
from tests.support.pages import open_page, read_labels
from ui import records, services
from ui.access.visitor import Role, Visitor
from workloads.memory_traffic.measurements import RooflineResult


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Another job has the machine, so that what is submitted waits."""
    queue = Queue()
    ticket = queue.enter(
        job_id="0" * 32, kind=JobKind.RACE, workload="trial", title="Trial", origin="command line", requester="me"
    )
    machine = queue.take_machine()
    yield
    os.close(machine)
    ticket.leave()


def submit_question(plan: Plan, owner: str = "") -> QueueEntry:
    arguments = {"passage": "It has four arms.", "question": "How many arms?"}
    job_id = services.get_interactive_tasks().submit(plan, "ask", arguments, owner=owner)
    return find_entry(job_id)


def find_entry(job_id: str) -> QueueEntry:
    return next(entry for entry in Queue().entries() if entry.job_id == job_id)


def follow(entry: QueueEntry):
    """The page that the link to a job opens, as in a browser that has shown that page before."""
    link = records.link_to_entry(entry)
    app = open_page(Path(link.page).stem.replace("_", "-"))
    app.query_params.clear()
    app.query_params.update(link.query)
    app.run()
    assert not app.exception
    return app


def test_a_waiting_question_is_followed_on_its_tab_with_its_settings(busy_machine):
    entry = submit_question(make_plan("bert", cores=1, parameters={"length": 256}))
    app = follow(entry)
    assert app.session_state["bert:tab"] == "Ask"
    assert app.query_params["length"] == "256" and "task" not in app.query_params
    services.get_interactive_tasks().stop(entry.job_id)


def test_the_tab_of_a_link_outlasts_an_interrupted_rerun(busy_machine, interrupt_once):
    interrupt_once("ui.views.race.tabs._tab_to_show")
    entry = submit_question(make_plan("bert", cores=1))
    app = open_page("bert", **records.link_to_entry(entry).query)
    assert app.session_state["bert:tab"] == "Ask" and "task" not in app.query_params
    services.get_interactive_tasks().stop(entry.job_id)


def test_the_settings_of_a_question_are_in_the_links_of_its_visitor_only(busy_machine, monkeypatch):
    entry = submit_question(make_plan("bert", cores=1, parameters={"length": 256}), owner="ann")
    for visitor, settings in (("ann", {"cores": "1", "length": "256"}), ("eve", {})):
        monkeypatch.setattr(records, "find_visitor", lambda name=visitor: Visitor(Role.RUNNER, name))
        assert records.link_to_entry(entry).query == settings | {"task": "ask"}
    services.get_interactive_tasks().stop(entry.job_id)


def test_a_waiting_race_is_followed_on_the_tab_of_its_settings(busy_machine):
    dispatcher = services.get_dispatcher()
    run_id = dispatcher.submit_race(make_plan("modin", "files", cores=1), origin="command line")
    app = follow(find_entry(run_id))
    assert app.session_state["modin:tab"] == "Call by call"
    assert (app.query_params["case"], app.query_params["run"]) == ("files", run_id)
    dispatcher.stop(run_id, origin="command line")


@pytest.mark.parametrize(
    ("workload", "case", "task", "tab"),
    [
        ("bert", None, "quantize", "Quantize"),
        ("modin", None, "break_even", "Break-even"),
        ("memory-traffic", None, "roofline", "Roofline"),
        ("memory-traffic", "tiling", "sizes", "Product"),
    ],
)
def test_a_waiting_measurement_has_its_own_page_with_a_button_to_its_tab(busy_machine, workload, case, task, tab):
    dispatcher = services.get_dispatcher()
    job_id = dispatcher.submit_measurement(make_plan(workload, case, cores=1), task, {}, origin="page")
    assert records.link_to_entry(find_entry(job_id)).query == {"run": job_id}
    app = open_page("runs", run=job_id)
    assert "1 job is in front" in read_labels(app)
    next(button for button in app.button if button.label == "Open its page").click().run()
    assert not app.exception
    assert app.session_state[f"{workload}:tab"] == tab
    if task == "sizes":
        assert app.session_state["memory:chart-tiling"] == "Array sizes"
    dispatcher.stop(job_id, origin="command line")


def test_a_stored_measurement_opens_its_tab():
    record = store_measurement(
        "memory-traffic", "roofline", {"kernels": ["tiling"]}, result=RooflineResult(uncounted="")
    )
    app = open_page("runs", run=record.id)
    next(button for button in app.button if button.label == "Open its page").click().run()
    assert not app.exception
    assert app.session_state["memory-traffic:tab"] == "Roofline"
