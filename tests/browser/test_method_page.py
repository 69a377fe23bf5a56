"""The page Method as a person uses it: one way is tried, and the next one by the keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from bench.claims.verdict import decide_claims
from bench.run.outcome import TRICK_MARK
from tests.support.browser import assert_no_exception
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
TIMEOUT_MS = 60_000


def test_a_trick_is_tried_and_the_next_one_chosen_by_the_keyboard(page, server):
    run = make_claim_run()
    run.claims = decide_claims(run)
    store_run(run, "a" * 32)
    page.goto(f"{server.address}/method?way=scaled-problem")
    expect(page.get_by_role("heading", name="4. Scale the problem with the processors")).to_be_visible(
        timeout=TIMEOUT_MS
    )
    card = page.locator(".st-key-method-trick-card")
    expect(card).not_to_contain_text(TRICK_MARK)
    page.get_by_text("Apply the trick to a copy of the run").click()
    expect(card).to_contain_text(TRICK_MARK, timeout=TIMEOUT_MS)
    expect(card.get_by_test_id("stPlotlyChart")).to_contain_text(TRICK_MARK.upper())
    expect(page.get_by_text("The arms did not run under the same conditions")).to_be_visible(timeout=TIMEOUT_MS)
    page.get_by_role("radio", name=re.compile("Scale the problem")).press("ArrowDown")
    expect(page.get_by_role("heading", name="5. Quote a projection")).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.get_by_text("The times are shorter than the work takes")).to_be_visible(timeout=TIMEOUT_MS)
    expect(page).to_have_url(re.compile("way=projection"))
    assert_no_exception(page)
