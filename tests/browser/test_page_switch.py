"""A switch of pages by the server, while the browser asks for a fragment of the page before."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bench.paths import ROOT
from tests.support.browser import TIMEOUT_MS, open_page, start_script
from tests.support.ports import find_free_port

SCRIPT = """
import time

import streamlit as st

from ui.stale_reruns import ignore_stale_reruns

ignore_stale_reruns()


def draw_first():
    if st.button("Switch"):
        # The requests of the fragment arrive now.
        time.sleep(1)
        st.switch_page(second)


def draw_second():
    st.write("second page")


@st.fragment(run_every=0.1)
def draw_clock():
    st.session_state.ticks = st.session_state.get("ticks", 0) + 1
    st.caption(f"tick {st.session_state.ticks}")


first = st.Page(draw_first, title="First", default=True)
second = st.Page(draw_second, title="Second", url_path="second")
page = st.navigation([first, second])
with st.sidebar:
    draw_clock()
page.run()
"""
SWITCHES = 4


def wait_for_next_tick(page) -> None:
    tick = page.get_by_text("tick ")
    expect(tick).not_to_have_text(tick.inner_text(), timeout=TIMEOUT_MS)


@pytest.mark.browser
def test_a_switch_while_the_sidebar_redraws_itself_leaves_the_new_page_complete(browser, tmp_path, monkeypatch):
    script = tmp_path / "app.py"
    script.write_text(SCRIPT)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    server = start_script(script, tmp_path / "server.log", find_free_port())
    try:
        for _ in range(SWITCHES):
            page = open_page(browser)
            page.goto(server.address)
            wait_for_next_tick(page)
            page.get_by_role("button", name="Switch").click()
            expect(page.get_by_text("second page")).to_be_visible(timeout=TIMEOUT_MS)
            # The requests for the first page come before those of the ticks that are seen here.
            wait_for_next_tick(page)
            wait_for_next_tick(page)
            expect(page.get_by_text("second page")).to_be_visible(timeout=TIMEOUT_MS)
            page.context.close()
    finally:
        server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()[-3000:]
