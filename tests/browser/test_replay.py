"""A replay as the audience sees it: marked in each region, chart and number, with nothing to take away."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from bench.run.outcome import describe_recording
from bench.storage.attempts import build_report
from bench.storage.store import Store
from tests.support.browser import assert_no_exception
from tests.support.recorded_race import load_recorded_race
from tests.ui.tours.test_replay import TOUR
from ui.run_view.replay_region import REGION_KEY
from ui.tours.catalogue import FOLDERS_VARIABLE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(autouse=True)
def tours(tmp_path, monkeypatch) -> None:
    """Before the server starts."""
    folder = tmp_path / "tours"
    folder.mkdir()
    monkeypatch.setenv(FOLDERS_VARIABLE, str(folder))
    (folder / "own.json").write_text(json.dumps(build_report(load_recorded_race(), None)))
    (folder / "demo.toml").write_text(TOUR.format(recording='recording = "own.json"'))


def test_a_replay_is_marked_to_its_end_and_nothing_of_it_is_stored(tours, page, server):
    mark = describe_recording(load_recorded_race())
    page.goto(f"{server.address}/colour-quantization?tour=demo&tour_step=1")
    expect(page.get_by_role("button", name=re.compile("Play the recording"))).to_be_visible()
    page.locator("html[data-fairlap-tour='demo 0']").wait_for(state="attached")
    page.keyboard.press("p")
    region = page.locator(f".st-key-{REGION_KEY}")
    expect(region.get_by_role("alert")).to_contain_text(mark)
    page.get_by_text("8x", exact=True).click()
    expect(region.get_by_test_id("stMetricLabel")).to_have_count(4)
    for label in region.get_by_test_id("stMetricLabel").all():
        expect(label).to_contain_text(mark)
    tiles = page.evaluate(
        "(key) => { const style = getComputedStyle(document.querySelector('.st-key-' + key), '::after');"
        " return [style.maskImage, style.maskSize, style.pointerEvents] }",
        REGION_KEY,
    )
    assert tiles[0].startswith('url("data:image/svg+xml,') and tiles[1:] == ["200px 100px", "none"]
    page.get_by_role("button", name=re.compile("Skip to the end")).click()
    expect(region.get_by_role("heading", name=re.compile(f"^{re.escape(mark)}: "))).to_be_visible()
    expect(region.get_by_test_id("stPlotlyChart").first).to_contain_text("Recorded on")
    for chart in region.get_by_test_id("stPlotlyChart").all():
        expect(chart).to_contain_text("Recorded on")
    expect(page.get_by_test_id("stDownloadButton")).to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("Share"))).to_have_count(0)
    assert Store().count() == 0
    page.get_by_role("button", name=re.compile("Back to the page")).click()
    expect(region).to_have_count(0)
    assert_no_exception(page)
