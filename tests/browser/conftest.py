"""A real server and a real Chromium, for each test its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.support.browser import TIMEOUT_MS, Server, open_page, start_server

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright's Python package is not installed")
playwright.expect.set_options(timeout=TIMEOUT_MS)

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.fixture
def server(home, no_orphans, tmp_path) -> Iterator[Server]:
    started = start_server(tmp_path / "server.log")
    yield started
    started.stop()
    assert "Traceback" not in started.log.read_text(), started.log.read_text()[-3000:]


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        message = "there is no Chromium here (Debian: apt-get install chromium)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        launched = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield launched
        launched.close()


@pytest.fixture
def browser(chromium):
    """A browser whose pages are closed after the test: a page without its server takes processor time for ever."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@pytest.fixture
def page(browser, server):
    opened = open_page(browser)
    yield opened
    opened.context.close()
