"""The page of pandas to Modin as a person uses it, on a small table: the script, some calls, the search, the cores."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bench.system.limits import core_limit
from bench.workload.registry import load_workloads
from tests.support.browser import assert_no_exception, find_run_button, open_more, wait_for_state, wait_until_drawn

WORKLOAD = load_workloads()["modin"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable() or "here"),
]
TASK_TIMEOUT_MS = 150_000
"""Milliseconds that Ray's start and a race may take on a small, busy machine."""
SMALL_SETTINGS = "batch=400&columns=6&budget_s=2&target=0.5"
SCALING_SETTINGS = SMALL_SETTINGS.replace("budget_s=2", "budget_s=100")
"""Starting Ray on one core takes some seconds."""


def test_the_script_is_raced_then_some_calls_one_by_one(page, server):
    page.goto(f"{server.address}/modin?{SMALL_SETTINGS}&cores=1&tab=ETL+race")
    page.get_by_text("+import modin.pandas as pd").first.wait_for()
    page.wait_for_url(re.compile("case=etl"))
    find_run_button(page).click()
    # pandas does not wait for Ray: it has done its first calls while Ray still starts.
    page.get_by_text(re.compile("^ready$")).first.wait_for(timeout=TASK_TIMEOUT_MS)
    page.get_by_text(re.compile("starting Ray|importing (Ray|Modin)|reading the table|first call")).first.wait_for()
    wait_for_state(page, "finished", TASK_TIMEOUT_MS / 1000)
    page.get_by_text("1 of 1").first.wait_for()
    page.get_by_role("heading", name="Claim", exact=True).wait_for()
    assert_no_exception(page)

    page.get_by_role("tab", name="Call by call").click()
    page.get_by_role("combobox", name=re.compile("Case")).wait_for()
    # A list that is opened while the page still builds up closes again.
    wait_until_drawn(page)
    page.get_by_role("combobox", name=re.compile("Case")).click()
    page.get_by_text("Selected calls").last.click()
    page.wait_for_url(re.compile("case=selection"))
    open_more(page, "Calls")
    # The list is long and shows what is looked for.
    page.get_by_role("combobox", name=re.compile("Calls")).fill("groupby median")
    page.get_by_text("groupby median").last.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("calls=[^&]*groupby_median"))
    page.keyboard.press("Escape")
    page.goto(f"{server.address}/modin?{SCALING_SETTINGS}&cores={min(2, core_limit())}&tab=Call+by+call&steps=map,mean")
    find_run_button(page).click()
    wait_for_state(page, "preparing")
    wait_for_state(page, "finished", TASK_TIMEOUT_MS / 1000)
    page.get_by_text(re.compile("Start-up")).first.wait_for()
    page.get_by_text("2 of 2").first.wait_for()
    assert_no_exception(page)

    if core_limit() > 1:
        page.get_by_role("tab", name="Scaling").click()
        page.get_by_text("at its best core count").first.wait_for()
        assert_no_exception(page)


def test_the_break_even_is_searched_for_size_by_size(page, server):
    page.goto(f"{server.address}/modin?columns=4&cores=1&tab=Break-even")
    page.get_by_role("button", name=re.compile("Search")).click()
    page.get_by_text("medians and quartiles of 7 calls per engine and size").wait_for(timeout=TASK_TIMEOUT_MS)
    page.get_by_role("button", name=re.compile(r"\bStop$")).click()
    page.get_by_text(re.compile("Stopped after")).wait_for(timeout=TASK_TIMEOUT_MS)
    assert_no_exception(page)


def test_the_settings_of_a_search_survive_other_tabs_and_are_in_the_url(page, server):
    page.goto(f"{server.address}/modin?tab=Call+by+call&search.call=mean")
    page.get_by_role("tab", name="Break-even").click()
    columns = page.get_by_label(re.compile("^Columns")).first
    columns.wait_for()
    shown = columns.get_attribute("aria-valuetext") or columns.input_value()
    assert shown == "32"
    page.get_by_text("numbers, dates and texts, some missing").first.wait_for()
    wait_until_drawn(page)
    page.get_by_role("combobox", name=re.compile("Call")).click()
    page.get_by_role("option", name="read_csv").click()
    page.wait_for_url(re.compile("search.call=read_csv"))
    page.get_by_role("tab", name="Scaling").click()
    page.wait_for_url(re.compile("tab=Scaling"))
    page.get_by_role("tab", name="Break-even").click()
    page.wait_for_url(re.compile("tab=Break-even"))
    page.get_by_role("combobox", name=re.compile("Call")).wait_for()
    page.reload()
    page.get_by_role("button", name=re.compile("Search")).wait_for()
    expect(page.get_by_role("combobox", name=re.compile("Call"))).to_have_value("read_csv")
    page.wait_for_url(re.compile("search.call=read_csv"))
    assert_no_exception(page)
