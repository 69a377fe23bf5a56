"""A measurement as a person sees it: started on a page, followed, and seen again after a restart of the server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytest.importorskip("numba", reason="Numba is not installed")

from bench.run.events import State
from bench.run.job import JobKind
from bench.storage.store import Store
from tests.support.browser import assert_no_exception, start_server
from tests.support.processes import wait_until_gone
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TIMEOUT_MS = 120_000
"""Longest time of a measurement on a small, busy machine."""
QUICK_SETTINGS = "cores=1&size=64&transformation=unit-stride"
RESULT = re.compile("From a stride of 16 float32 and 8 float64 on")


def find_button(page, name: str):
    return page.get_by_test_id("stMain").get_by_role("button", name=re.compile(rf"\b{name}$"))


def test_a_result_is_seen_again_after_a_restart_of_the_server(page, server, home, tmp_path: Path):
    page.goto(f"{server.address}/memory-traffic?{QUICK_SETTINGS}")
    find_button(page, "Measure").click()
    page.get_by_text(RESULT).wait_for(timeout=TIMEOUT_MS)
    assert_no_exception(page)
    # The page shows the result a moment before it is stored.
    (row,) = wait_for(lambda: Store().rows(kind=JobKind.MEASUREMENT))
    assert (row.state, row.task, row.origin) == (State.FINISHED, "sweep", "page")
    server.stop()
    assert not wait_until_gone(home)

    again = start_server(tmp_path / "again.log")
    try:
        page.goto(f"{again.address}/memory-traffic?{QUICK_SETTINGS}")
        page.get_by_text(RESULT).wait_for()
        expect(find_button(page, "Measure")).to_be_enabled()
        page.get_by_text(re.compile(r"Measured \d+ \w+ \d{4}")).wait_for()
        page.get_by_test_id("stMain").get_by_role("link", name=re.compile("Details")).click()
        page.wait_for_url(re.compile(f"run={row.id}"))
        page.get_by_role("heading", name="Memory traffic: Strides and tiles").wait_for()
        page.get_by_text(RESULT).wait_for()
        assert_no_exception(page)

        page.goto(f"{again.address}/runs")
        page.get_by_role("tab", name="Measurements").click()
        page.get_by_text("1 measurement. Select one to open").wait_for()
        assert_no_exception(page)
        page.goto(f"{again.address}/runs?run={row.id[:12]}")
        page.get_by_text(RESULT).wait_for()
        with page.expect_download() as download:
            page.get_by_role("button", name=re.compile(r"\bCSV$")).click()
        lines = Path(download.value.path()).read_text().splitlines()
        assert lines[0].startswith("table,row,at") and len(lines) == 1 + 2 * 64 + 1
        assert_no_exception(page)
    finally:
        again.stop()
    assert "Traceback" not in (tmp_path / "again.log").read_text()


def test_the_sidebar_leads_to_a_measurement_that_runs_and_stop_ends_it(page, server, home):
    page.goto(f"{server.address}/memory-traffic?cores=1&tab=Roofline")
    find_button(page, "Measure").click()
    page.get_by_text("Measures now").first.wait_for()
    page.get_by_test_id("stSidebar").get_by_role("link", name="Memory traffic, Roofline").click()
    page.wait_for_url(re.compile("/runs\\?run="))
    page.get_by_role("heading", name="Memory traffic, Roofline").wait_for()
    find_button(page, "Stop").click()
    page.get_by_text(re.compile("Stopped after")).first.wait_for(timeout=TIMEOUT_MS)
    assert not wait_until_gone(home, but="streamlit")
    assert Store().rows()[0].state is State.STOPPED
    assert not [path.name for path in (home / "live").iterdir() if not path.name.startswith("task-")]
    assert_no_exception(page)
