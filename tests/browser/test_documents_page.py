"""The page of the documents as a person uses it: the map of a stored run, and a text of theirs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import TimeoutError as NotShown
from playwright.sync_api import expect

from tests.support.browser import assert_no_exception, wait_until_drawn
from tests.support.document_runs import make_document_run
from tests.support.stored_runs import store_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
MAX_MOVES = 40
TIMEOUT_MS = 60_000
TASK_TIMEOUT_MS = 240_000
"""Reading the corpus and training, on a small, busy machine."""


def hover_until_shown(page, point, text: str) -> None:
    """Move the pointer to a point until its hover box has `text`: a chart that is still drawn does not answer."""
    box = page.locator(".hoverlayer", has_text=text)
    for _ in range(MAX_MOVES):
        page.mouse.move(5, 5)
        point.hover(force=True)
        try:
            box.first.wait_for(timeout=1_000)
            return
        except NotShown:
            continue
    raise AssertionError(f"no hover box with {text!r} after {MAX_MOVES} moves")


def test_the_map_shows_what_a_document_is_and_changes_its_colours(page, server):
    run = store_run(make_document_run())
    page.goto(f"{server.address}/documents?run={run.id}")
    chart = page.locator("[data-testid=stPlotlyChart]", has=page.locator(".subplot.x2y2"))
    legend = chart.locator(".legendtext")
    expect(legend).to_have_text(["a", "b"], timeout=TIMEOUT_MS)
    # The page is drawn a second time for the secret of a new browser, which may meet the change of the chart.
    wait_until_drawn(page)
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    hover_until_shown(page, chart.locator(".subplot.xy .points path").first, "<script>alert(1)</script> <b>bold</b>")
    page.get_by_role("radio", name="Topic", exact=True).click()
    expect(legend).to_have_text(["1: a, 80 %", "2: b, 100 %"], timeout=TIMEOUT_MS)
    wrong = page.get_by_test_id("stCheckbox").filter(has_text="Mark wrong labels")
    wrong.locator("label").first.click()
    expect(wrong.get_by_role("switch")).to_be_checked(timeout=TIMEOUT_MS)
    expect(legend).to_have_text(["1: a, 80 %", "2: b, 100 %", "wrong label"], timeout=TIMEOUT_MS)
    expect(chart.get_by_text(re.compile("1 of 2 held-out ones wrong"))).to_be_visible(timeout=TIMEOUT_MS)
    assert not dialogs
    assert_no_exception(page)


def test_both_arms_classify_a_text_without_a_race(page, server):
    pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")
    query = "cores=1&batch=240&components=10&features=500&tab=Your+text"
    page.goto(f"{server.address}/documents?{query}")
    box = page.get_by_role("textbox", name="Text", exact=True)
    button = page.get_by_role("button", name=re.compile("Classify$"))
    box.fill("12 + 34")
    button.click()
    expect(page.get_by_text("The text has no letters")).to_be_visible(timeout=TIMEOUT_MS)
    box.fill("<script>alert(1)</script> fit the estimator to the samples and return it")
    button.click()
    answered = page.get_by_text("The time of a single text is no claim")
    expect(answered).to_be_visible(timeout=TASK_TIMEOUT_MS)
    expect(page.get_by_role("heading", name=re.compile("Labels of: <script>alert"))).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_text(re.compile("trained in .* for this text"))).to_be_visible(timeout=TIMEOUT_MS)
    box.fill("open a session of the database and fetch all rows")
    button.click()
    expect(page.get_by_role("heading", name=re.compile("Labels of: open a session"))).to_be_visible(timeout=TIMEOUT_MS)
    expect(answered).to_be_visible(timeout=TASK_TIMEOUT_MS)
    expect(page.get_by_text(re.compile("trained in"))).to_have_count(0, timeout=TIMEOUT_MS)
    assert_no_exception(page)
