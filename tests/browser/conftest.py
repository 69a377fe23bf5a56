"""A real server and a real Chromium. Each test has a server of its own, but for those that only read pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from bench.storage.store import Store
from tests.support.browser import TIMEOUT_MS, Server, open_page, start_server
from tests.support.processes import wait_until_gone

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
def reading_server(tmp_path_factory) -> Iterator[Server]:
    """One server for the tests of a file that only read pages. It has a data folder of its own, and none of these tests
    may store anything in it."""
    folder = tmp_path_factory.mktemp("reading")
    home = folder / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLAP_HOME", str(home))
        patch.setenv("FAIRLAP_QUEUE", str(folder / "queue"))
        patch.delenv("FAIRLAP_DATABASE", raising=False)
        patch.delenv("FAIRLAP_MODE", raising=False)
        started = start_server(folder / "server.log")
        yield started
        started.stop()
        store = Store()
        assert not store.count(), "a test has stored a job, which those after it see"
        store.close()
    assert not wait_until_gone(home)
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


@pytest.fixture
def reading_page(browser, reading_server):
    opened = open_page(browser)
    yield opened
    opened.context.close()
