"""An error of the page's code: strangers see a number that is in the log, people of this machine the traceback."""

import logging
import re

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from ui.access.errors import report_exception
try:
    open("/srv/secret/file")
except OSError as error:
    st.text(str(report_exception(error)))
"""


def test_a_stranger_gets_a_number_and_the_log_the_cause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    with caplog.at_level(logging.ERROR):
        app = AppTest.from_string(SCRIPT, default_timeout=30).run()
    assert app.text[0].value == "True", "Streamlit shows nothing itself"
    shown = app.error[0].value
    number = re.search(r"\*\*([0-9a-f]{8})\*\*", shown)
    assert number and "secret" not in shown
    [record] = [record for record in caplog.records if number[1] in record.getMessage()]
    assert record.exc_info and "/srv/secret/file" in str(record.exc_info[1])


def test_on_a_local_server_streamlit_shows_the_traceback() -> None:
    app = AppTest.from_string(SCRIPT, default_timeout=30).run()
    assert app.text[0].value == "False" and not app.error
