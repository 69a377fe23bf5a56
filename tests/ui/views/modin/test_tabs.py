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
    assert app.query_params["steps"] == "etl"
    app = open_modin_page(tab="Call by call")
    assert not app.exception
    assert app.query_params["steps"] == "common", "the script has a tab of its own"
