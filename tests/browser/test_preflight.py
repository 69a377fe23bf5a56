"""The pre-flight of a tour in a browser: from a machine where nothing is prepared to green."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
TOUR = """
title = "A short tour"
audience = "Testers"
minutes = 1

[[steps]]
title = "Colours"
text = "Race it."
page = "colour-quantization"
race = true
"""
PREPARE_MS = 90_000


@pytest.fixture(autouse=True)
def tour(tmp_path, monkeypatch):
    folder = tmp_path / "tours"
    folder.mkdir()
    (folder / "short.toml").write_text(TOUR)
    monkeypatch.setenv("FAIRLAP_TOURS", str(folder))


def test_prepare_everything_turns_the_preparation_green(tour, page, server):
    page.goto(f"{server.address}/tours")
    page.locator(".st-key-tour-preflight-short").get_by_role("button").click()
    preflight = page.locator(".st-key-preflight")
    expect(preflight).to_contain_text("not done yet")
    preflight.get_by_role("button", name="Prepare everything").click()
    expect(preflight.get_by_role("progressbar").or_(preflight.get_by_text("1 of 1 prepared")).first).to_be_visible()
    expect(preflight).to_contain_text("1 of 1 prepared", timeout=PREPARE_MS)
    expect(preflight.get_by_role("row", name=re.compile("Colours"))).to_contain_text("yes")
