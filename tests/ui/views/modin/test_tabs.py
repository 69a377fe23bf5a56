"""The page of pandas to Modin without a browser: every call with why it is slower, and the break-even."""

from __future__ import annotations

from tests.support.pages import open_modin_page


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
