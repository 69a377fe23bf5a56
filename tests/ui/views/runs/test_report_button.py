"""Reports of selected runs: the form, and the files that it makes."""

import io

from pptx import Presentation

from bench.storage.store import Store
from tests.support.pages import list_downloads, list_popovers, run_script
from tests.support.stored_runs import store_run
from ui.run_view.report_form import MAX_REPORTED_RUNS

SCRIPT = """
from ui import services
from ui.views.runs.selection import draw_selection
draw_selection(services.get_store().rows())
"""
MAKE_SCRIPT = """
import streamlit as st
from ui import services
from ui.reports.content import ReportFields
from ui.run_view import report_form
runs = [services.get_store().load(row.id) for row in services.get_store().rows()]
fields = ReportFields("A & B")
st.session_state["html"] = report_form._make_html(fields, runs)
st.session_state["pptx"] = report_form._make_slides(fields, runs)
"""


def test_one_or_several_selected_runs_can_be_reported(finished):
    for name in ("a", "b", "c"):
        store_run(finished, name * 32)
        app = run_script(SCRIPT)
        assert "Report" in list_popovers(app)
        assert {"HTML", "PowerPoint"} <= set(list_downloads(app))


def test_more_runs_than_a_report_has_are_not_read(finished):
    for number in range(MAX_REPORTED_RUNS + 1):
        store_run(finished, f"{number:032x}")
    app = run_script(SCRIPT)
    assert "Report" not in list_popovers(app)
    assert f"has at most {MAX_REPORTED_RUNS}" in app.markdown[0].value


def test_the_files_have_the_fields_and_the_attempts(finished):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    assert Store().row("a" * 32)
    app = run_script(MAKE_SCRIPT)
    assert "A &amp; B" in app.session_state["html"] and "of 2 of this plan on this machine" in app.session_state["html"]
    deck = Presentation(io.BytesIO(app.session_state["pptx"]))
    assert deck.slides[0].shapes[0].text_frame.text == "A & B"
