"""Memory traffic's page as a person uses it: a tab a transformation, a race in one, a chart, the roofline's tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytest.importorskip("numba", reason="Numba is not installed")

from tests.support.browser import (
    assert_no_exception,
    find_run_button,
    wait_for_state,
    wait_for_stored_run,
    wait_until_drawn,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TASK_TIMEOUT_MS = 120_000
"""Milliseconds that a task may take on a small, busy machine."""
QUICK_SETTINGS = "cores=1&budget_s=4&target=0.5&size=64"


def test_a_transformation_is_told_raced_and_charted_in_its_tab(page, server):
    page.goto(f"{server.address}/memory-traffic?{QUICK_SETTINGS}&transformation=layout")
    page.get_by_text("Particles with eight").wait_for()
    page.wait_for_url(re.compile("tab=Layout"))
    page.get_by_text("def aos_1(aos)").first.wait_for()
    page.get_by_text("lines fetched for").nth(1).wait_for()
    find_run_button(page).click()
    wait_for_state(page, "finished", 120)
    run = wait_for_stored_run()
    assert run.plan.case == "layout"
    assert run.plan.parameters["size"] == 64
    page.get_by_role("button", name=re.compile(r"\bMeasure$")).click()
    page.get_by_text("Time before over time after").wait_for(timeout=TASK_TIMEOUT_MS)
    assert_no_exception(page)

    page.get_by_role("tab", name="Product").click()
    page.get_by_text("def ijk(a, b, out, tile)").first.wait_for()
    page.wait_for_url(re.compile("case=tiling"))
    page.get_by_role("button", name=re.compile("Last run with other settings")).wait_for()
    # A popover that is opened while the page still builds up closes again.
    wait_until_drawn(page)
    page.get_by_role("button", name=re.compile("Code changes")).click()
    page.get_by_text("+def blocked(a, b, out, tile):").first.wait_for()
    assert_no_exception(page)

    page.goto(f"{server.address}/memory-traffic?run={run.id}")
    wait_for_state(page, "finished")
    page.wait_for_url(re.compile("tab=Layout"))
    assert_no_exception(page)


def test_the_roofline_has_a_tab_without_a_race(page, server):
    page.goto(f"{server.address}/memory-traffic?tab=Roofline&cores=1")
    page.get_by_role("button", name=re.compile(r"\bMeasure$")).wait_for()
    wait_until_drawn(page)
    expect(find_run_button(page)).to_have_count(0)
    assert_no_exception(page)
