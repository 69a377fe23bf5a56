"""The race page in a browser: headline, one primary button, controls in view, and runs with other settings."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bench.claims.best_step import find_best_step
from bench.claims.headline import write_headline
from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.run.record import Run
from bench.storage.store import Store
from bench.values.samples import TOTAL
from tests.support.browser import (
    assert_no_exception,
    find_run_button,
    find_stop_button,
    wait_for_state,
    wait_until_drawn,
)
from tests.support.runs import make_claim_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PAGE = "colour-quantization"
BATCH = ".st-key-colour-quantization-batch input"


def store_finished_run() -> Run:
    run = make_claim_run(cores=1)
    run.id = "f" * 32
    run.claims = decide_claims(run)
    run.state, run.ended_at = State.FINISHED, 60.0
    Store().save(run)
    return run


def find_main(page):
    return page.get_by_test_id("stMain")


def find_primary_buttons(page):
    """Those of forms have a longer name."""
    return find_main(page).locator('[data-testid^="stBaseButton-primary"]')


def expect_one_primary_button(page) -> None:
    # Streamlit keeps a hidden copy of a button with a help text.
    expect(find_primary_buttons(page).filter(visible=True)).to_have_count(1)


def test_the_headline_is_on_the_first_screen_and_run_stays_in_view(page, server):
    run = store_finished_run()
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{server.address}/{PAGE}?run={run.id}")
    headline = write_headline(run, find_best_step(run) or TOTAL)
    heading = find_main(page).get_by_role("heading", level=2, name=headline.sentence)
    heading.wait_for()
    find_main(page).get_by_text("Details", exact=True).wait_for()
    assert heading.bounding_box()["y"] < 800
    expect_one_primary_button(page)
    before = find_run_button(page).bounding_box()
    find_main(page).evaluate("main => main.scrollTo(0, 900)")
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 300")
    after = find_run_button(page).bounding_box()
    assert 0 < after["y"] <= before["y"] < 200
    assert after["x"] + after["width"] < 1280
    assert_no_exception(page)


def test_of_another_plan_only_one_line_is_shown_that_opens_its_run(page, server):
    run = store_finished_run()
    page.goto(f"{server.address}/{PAGE}?cores=1&batch=7")
    line = page.get_by_role("button", name=re.compile("Last run with other settings"))
    line.wait_for()
    assert find_main(page).get_by_test_id("stMetric").count() == 0
    find_main(page).get_by_text(re.compile("batch 1 instead of 7")).wait_for()
    line.click()
    find_main(page).get_by_test_id("stMetric").first.wait_for()
    page.wait_for_url(re.compile(f"run={run.id}"))
    assert page.locator(BATCH).input_value() == "1"


@pytest.mark.parametrize("path", ["bert?tab=Ask", "bert?tab=Quantize", "memory-traffic?case=unit-stride", "modin"])
def test_a_screen_has_one_primary_button(page, server, path):
    page.goto(f"{server.address}/{path}")
    find_primary_buttons(page).first.wait_for()
    wait_until_drawn(page)
    expect_one_primary_button(page)
    assert_no_exception(page)


def test_controls_that_change_during_a_race_are_named_and_can_be_set_back(page, server):
    page.goto(f"{server.address}/{PAGE}?cores=1&budget_s=120&target=0&colours=8")
    find_run_button(page).click()
    wait_for_state(page, "racing")
    field = page.locator(BATCH)
    field.fill("3")
    field.press("Enter")
    find_main(page).get_by_text(re.compile("running race has other settings than those above")).wait_for()
    find_main(page).get_by_text(re.compile("batch 1 instead of 3")).wait_for()
    page.get_by_role("button", name=re.compile("Show its settings")).click()
    find_main(page).get_by_text(re.compile("has other settings")).wait_for(state="detached")
    assert field.input_value() == "1"
    find_stop_button(page).click()
    wait_for_state(page, "stopped")
    assert_no_exception(page)
