"""The page of pandas to Modin without a browser: every call with why it is slower, and the break-even."""

from __future__ import annotations

from bench.storage.store import Store
from tests.support.modin_runs import make_modin_run
from tests.support.pages import open_modin_page, read_labels
from ui import actions


def test_the_race_tab_has_the_line_that_changes():
    app = open_modin_page()
    assert not app.exception
    assert any("+import modin.pandas as pd" in code.value for code in app.code)


def test_each_tab_races_its_own_calls():
    app = open_modin_page()
    assert not app.exception
    assert app.query_params["case"] == "etl"
    app = open_modin_page(tab="Call by call")
    assert not app.exception
    assert app.query_params["case"] == "common", "the script has a tab of its own"


def test_an_address_of_the_release_without_cases_opens_its_calls():
    app = open_modin_page(steps="etl", cores="1")
    assert not app.exception and not app.error
    assert app.session_state["modin:tab"] == "ETL race"
    app = open_modin_page(steps="text,mean", cores="1")
    assert not app.exception and not app.error
    assert app.session_state["modin:tab"] == "Call by call"
    assert app.query_params["case"] == "selection"
    assert app.query_params["calls"] == "mean,str_upper,str_contains,to_datetime"
    assert "steps" not in app.query_params


def test_a_next_step_of_another_case_races_it_on_its_tab(monkeypatch):
    started = []
    monkeypatch.setattr(actions, "start_race", lambda plan: started.append(plan) or "e" * 32)
    run = make_modin_run({"batch": str(1 << 20)})
    Store().save(run)
    app = open_modin_page(run=run.id)
    next(button for button in app.button if button.label == "Time the ETL script").click().run()
    assert not app.exception
    assert [(plan.case, plan.batch) for plan in started] == [("etl", 1 << 20)]
    assert app.session_state["modin:tab"] == "ETL race"


def test_a_run_that_is_opened_selects_its_tab_and_its_settings():
    run = make_modin_run()
    Store().save(run)
    app = open_modin_page(tab="ETL race")
    next(button for button in app.button if button.label.startswith("Last run with other settings")).click().run()
    assert not app.exception
    assert app.session_state["modin:tab"] == "Call by call"
    assert app.query_params["case"] == "files" and app.metric
    assert "other settings" not in read_labels(app)
    app.session_state["modin:tab"] = "Scaling"
    app.run()
    assert app.session_state["modin:tab"] == "Scaling", "only once"
    app.query_params["run"] = run.id
    app.run()
    assert app.session_state["modin:tab"] == "Call by call", "a link in the same session"
