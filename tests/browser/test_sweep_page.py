"""The page Sweep as a person uses it: a stored sweep with its slider, and one that is started and stopped."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bench.storage.store import Store
from tests.support.browser import assert_no_exception
from tests.support.sweeps import make_sweep, scaled_times

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TIMEOUT_MS = 60_000
RACE_TIMEOUT_MS = 240_000


def test_a_sweep_is_read_started_and_stopped(page, server):
    pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")
    make_sweep(Store(), "cores=1,2", "batch=1000,3000,10000", times=scaled_times())
    page.goto(f"{server.address}/sweep?workload=estimators&case=ridge&cores=1")
    chart = page.locator("[data-testid=stPlotlyChart]").first
    expect(chart.locator(".hm").first).to_be_attached(timeout=TIMEOUT_MS)
    expect(page.get_by_text(re.compile("Best throughput: "))).to_be_visible(timeout=TIMEOUT_MS)
    page.get_by_role("slider", name="Latency budget").press("Home")
    expect(page.get_by_text(re.compile("Best throughput under "))).to_be_visible(timeout=TIMEOUT_MS)
    values = page.get_by_role("textbox", name="Values of rows")
    values.fill("2000,2500")
    values.press("Enter")
    start = page.get_by_role("button", name=re.compile(r"Sweep \(2 races"))
    page.get_by_role("textbox", name="Values of cores").fill("1")
    page.get_by_role("textbox", name="Values of cores").press("Enter")
    expect(start).to_be_enabled(timeout=TIMEOUT_MS)
    start.click()
    stop = page.get_by_test_id("stMainBlockContainer").get_by_role("button", name="Stop", exact=True)
    expect(stop).to_be_enabled(timeout=RACE_TIMEOUT_MS)
    expect(page.get_by_role("progressbar", name="Cells")).to_be_visible(timeout=RACE_TIMEOUT_MS)
    stop.click()
    expect(page.get_by_text(re.compile("The sweep was stopped"))).to_be_visible(timeout=RACE_TIMEOUT_MS)
    expect(page.get_by_role("button", name=re.compile("Continue the sweep"))).to_be_enabled(timeout=TIMEOUT_MS)
    assert_no_exception(page)
