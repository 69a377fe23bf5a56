"""The presenter view and the window of speaker notes in a real browser, on a served dashboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bench.claims.verdict import decide_claims
from bench.plan.query import from_query
from bench.system.limits import core_limit
from tests.support.browser import Server, assert_no_exception, open_page, start_server, wait_until_drawn
from tests.support.contrast import MIN_TEXT_CONTRAST, compute_contrast
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run
from tests.ui.tours.test_presenter import TOUR

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PROJECTOR = {"width": 1280, "height": 720}
MIN_TEXT_PX, MIN_NUMBER_PX = 24, 72
_MEASURE_TEXTS = """
() => [...document.querySelectorAll(
  ".st-key-presenter-title h1, .st-key-presenter-body :is(h2, h3, p, li), .st-key-presenter-body code"
)].filter((element) => element.getClientRects().length && element.textContent.trim())
  .map((element) => [parseFloat(getComputedStyle(element).fontSize) * element.currentCSSZoom, element.textContent])
"""
_FIND_OUTSIDE = """
() => [...document.querySelectorAll(
  ".st-key-presenter-title *, .st-key-presenter-body *, .st-key-presenter-footer *"
)].filter((element) => {
  const box = element.getBoundingClientRect()
  if (box.width < 2 || box.height < 2) return false
  return box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1
}).map((element) => element.outerHTML.slice(0, 120))
"""
_READ_COLOURS = """
() => {
  const toHex = (colour) => "#" + colour.match(/[\\d.]+/g).slice(0, 3)
    .map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")
  const background = toHex(getComputedStyle(document.querySelector(".st-key-presenter-body")).backgroundColor)
  return [...document.querySelectorAll(
    ".st-key-presenter-title h1, .st-key-presenter-body :is(h2, p), .st-key-presenter-footer p"
  )].map((element) => [toHex(getComputedStyle(element).color), background])
}
"""


@pytest.fixture
def served(home, no_orphans, tmp_path, monkeypatch) -> Iterator[Server]:
    folder = tmp_path / "tours"
    folder.mkdir()
    (folder / "mine.toml").write_text(TOUR)
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    monkeypatch.setenv("FAIRLAP_TOURS", str(folder))
    plan = from_query("colour-quantization", {}, core_limit=core_limit())
    run = make_claim_run()
    run.plan, run.digest = plan, plan.digest
    run.claims = decide_claims(run)
    store_run(run, "a" * 32)
    server = start_server(tmp_path / "server.log")
    yield server
    server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log and "secret of the speaker" not in log, log[-3000:]


def begin(page, server: Server, step: int, tour: str = "mine") -> None:
    page.goto(f"{server.address}/?tour={tour}&tour_step={step}")
    page.locator(".st-key-tour-panel").wait_for()
    # A served dashboard draws again once the browser has identified itself.
    page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}, runner")).wait_for()
    wait_until_drawn(page)
    # The page listens to the keys of this step.
    page.locator(f"html[data-fairlap-tour='{tour} {step - 1}']").wait_for(state="attached")
    page.keyboard.press("v")
    expect_part(page, 1)


def expect_part(page, number: int) -> None:
    expect(page.locator(".st-key-presenter-footer")).to_contain_text(re.compile(rf"part {number} of"))
    wait_until_drawn(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_is_large_has_contrast_and_fits(browser, served, theme):
    page = open_page(browser, viewport=PROJECTOR, color_scheme=theme)
    begin(page, served, 2)
    for number in range(1, 6):
        expect_part(page, number)
        for viewport in (PROJECTOR, {"width": 1920, "height": 1080}):
            page.set_viewport_size(viewport)
            scale = viewport["width"] / PROJECTOR["width"]
            page.wait_for_function(
                f"getComputedStyle(document.documentElement).getPropertyValue('--fairlap-scale') == {scale}"
            )
            wait_until_drawn(page)
            assert page.evaluate(_FIND_OUTSIDE) == []
            small = [text for text in page.evaluate(_MEASURE_TEXTS) if text[0] < MIN_TEXT_PX * scale * 0.85]
            assert small == []
        page.set_viewport_size(PROJECTOR)
        sizes = page.locator('[data-testid="stMetricValue"]').evaluate_all(
            "values => values.map((value) => parseFloat(getComputedStyle(value).fontSize))"
        )
        assert all(size >= MIN_NUMBER_PX for size in sizes) and bool(sizes) is (number in (3, 4))
        for ink, background in page.evaluate(_READ_COLOURS):
            assert compute_contrast(ink, background) >= MIN_TEXT_CONTRAST
        page.keyboard.press("PageDown")
    expect(page.get_by_test_id("stSidebar")).not_to_be_visible()
    assert_no_exception(page)
    page.keyboard.press("Escape")
    page.locator(".st-key-tour-panel").wait_for()
    page.get_by_test_id("stSidebar").wait_for()


def test_the_notes_follow_drive_and_are_nobody_elses(browser, served):
    page = open_page(browser, viewport=PROJECTOR)
    begin(page, served, 1)
    with page.expect_popup() as opened:
        page.keyboard.press("n")
    notes = opened.value
    notes.get_by_text("The secret of the speaker.").wait_for()
    page.keyboard.press("ArrowRight")
    notes.get_by_text("showing the page").wait_for()
    page.keyboard.press(" ")
    notes.get_by_text("Another secret.").wait_for()
    notes.get_by_role("button", name=re.compile("Back")).click()
    expect(page.locator(".st-key-presenter-footer")).to_contain_text("step 1 of 2, part 2 of 2")
    assert "secret of the speaker" not in page.content() and "token" not in page.url
    page.reload()
    expect(page.locator(".st-key-presenter-footer")).to_contain_text("step 1 of 2, part 2 of 2")
    notes.get_by_role("button", name=re.compile("Next")).click()
    expect(page.locator(".st-key-presenter-footer")).to_contain_text("step 2 of 2, part 1 of")
    stranger = open_page(browser)
    stranger.goto(notes.url)
    stranger.get_by_text("These notes are not available here.").wait_for()
    wait_until_drawn(stranger)
    assert "secret" not in stranger.get_by_test_id("stMain").inner_text()
    assert_no_exception(notes)


def test_a_reload_keeps_the_part_on_a_page_that_writes_its_own_address(browser, served):
    page = open_page(browser, viewport=PROJECTOR)
    begin(page, served, 2, "twelve-ways")
    page.keyboard.press("PageDown")
    expect_part(page, 2)
    expect(page).to_have_url(re.compile(r"/method\?.*tour_part=2"))
    page.reload()
    expect_part(page, 2)
    expect(page).to_have_url(re.compile(r"/method\?.*tour_part=2"))
    page.get_by_role("button", name="Esc leave").click()
    page.locator(".st-key-tour-panel").wait_for()
    expect(page).not_to_have_url(re.compile("tour_part"))
    assert_no_exception(page)
