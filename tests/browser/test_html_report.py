"""The HTML report, opened from a file in Chromium with the network blocked."""

from __future__ import annotations

import json

import pytest

from bench.claims.verdict import decide_claims
from tests.support.runs import make_claim_run
from ui.design.theme import PALETTES
from ui.reports.content import ReportedRun, ReportFields
from ui.reports.html_report import write_html

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def report(browser, tmp_path):
    """The page of a report, its requests and its errors; and the run."""
    run = make_claim_run()
    run.claims = decide_claims(run)
    file = tmp_path / "report.html"
    file.write_text(write_html(ReportFields("Demo <i>1</i>"), [ReportedRun(run, None)]), encoding="utf-8")
    context = browser.new_context(offline=True, color_scheme="dark", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    requests, problems = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-drawn]")
    yield page, run
    assert not problems
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
    context.close()


def read_background(page) -> str:
    return page.locator(".chart .main-svg").first.evaluate("element => getComputedStyle(element).backgroundColor")


def to_rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[start : start + 2], 16) for start in (1, 3, 5)))


def test_it_opens_offline_and_follows_the_theme_of_the_browser_and_the_switch(report):
    page, run = report
    assert page.title() == "Demo <i>1</i>"
    page.get_by_text(run.claim().sentence).first.wait_for()
    assert page.locator(".chart .main-svg").count() > 4
    assert read_background(page) == to_rgb(PALETTES["dark"].background)
    page.get_by_label("Light").check()
    assert read_background(page) == to_rgb(PALETTES["light"].background)
    page.get_by_label("Automatic").check()
    assert read_background(page) == to_rgb(PALETTES["dark"].background)
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        "colour => getComputedStyle(document.querySelector('.chart .main-svg')).backgroundColor === colour",
        arg=to_rgb(PALETTES["light"].background),
    )


def test_folded_charts_are_drawn_when_they_are_opened(report):
    page, _ = report
    folded = page.locator("details .chart").first
    assert folded.locator(".main-svg").count() == 0
    page.get_by_text("Distribution, drift, time use and load").click()
    folded.locator(".main-svg").first.wait_for()


def test_the_record_is_saved_from_the_file(report):
    page, run = report
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the complete record").click()
    with open(download.value.path(), encoding="utf-8") as file:
        record = json.load(file)
    assert record["id"] == run.id and len(record["samples"]) == len(run.samples)


def test_it_prints_in_light_colours_with_open_sections(report, tmp_path):
    page, _ = report
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert read_background(page) == to_rgb(PALETTES["light"].background)
    assert page.locator("details:not([open]):not(.passed)").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert read_background(page) == to_rgb(PALETTES["dark"].background)
    assert page.pdf(path=tmp_path / "report.pdf").startswith(b"%PDF")
