"""The dashboard behind nginx, at /fairlap/, with the documented configuration and tight limits."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from bench.run.events import State
from tests.support.browser import (
    Server,
    assert_no_exception,
    find_run_button,
    open_more,
    open_page,
    start_server,
    wait_for_state,
    wait_for_stored_run,
    wait_until_drawn,
)
from tests.support.nginx import Proxy, run_nginx, why_missing
from tests.support.waiting import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(bool(why_missing()), reason=why_missing() or "here"),
]

PAGE = "colour-quantization"
SUB_PATH = "/fairlap"
MAX_BODY_SIZE = "1m"
DOCUMENTED_READ_TIMEOUT = "90s"
SHORT_READ_TIMEOUT = "2s"
"""Shorter than the three seconds between two redraws of an idle page's sidebar, so that idle pages are cut off."""


@pytest.fixture
def server(home, no_orphans, tmp_path) -> Iterator[Server]:
    started = start_server(tmp_path / "server.log", base_path=SUB_PATH.strip("/"))
    yield started
    started.stop()
    assert "Traceback" not in started.log.read_text(), started.log.read_text()[-3000:]


@pytest.fixture
def proxy(server, tmp_path, request) -> Iterator[Proxy]:
    """nginx with a small body limit. The parameter, if there is one, is the time-out of websockets."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    dashboard = server.address.removesuffix(SUB_PATH)
    read_timeout = getattr(request, "param", DOCUMENTED_READ_TIMEOUT)
    with run_nginx(folder, dashboard, max_body_size=MAX_BODY_SIZE, read_timeout=read_timeout) as running:
        yield running


class Websockets(list[bool]):
    """For every websocket that the page has opened, whether it is closed."""

    def __init__(self, page) -> None:
        page.on("websocket", self._add)

    def _add(self, websocket) -> None:
        number = len(self)
        self.append(False)
        websocket.on("close", lambda _: self.__setitem__(number, True))

    def wait_for_next(self, page, seconds: float = 60) -> None:
        """Wait until another websocket than the newest of now is open."""
        count = len(self)
        for _ in range(int(seconds * 10)):
            if len(self) > count and not self[-1]:
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"no new websocket; closed: {list(self)}")


def read_session_events(server: Server) -> dict[str, int]:
    """How often sessions began, lost their websocket and got another, by Streamlit's own count."""
    with urllib.request.urlopen(f"{server.address}/_stcore/metrics", timeout=60) as answer:
        text = answer.read().decode()
    return {name: int(count) for name, count in re.findall(r'session_events_total\{type="(\w+)"\} (\d+)', text)}


def count_pairs(page) -> int:
    text = page.get_by_test_id("stMain").inner_text()
    found = re.search(r"(\d+) pairs", text)
    return int(found[1]) if found else 0


def test_pages_links_images_and_downloads_work_below_a_sub_path(page, proxy, browser):
    missing: list[str] = []
    page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
    page.goto(proxy.address)
    page.get_by_role("heading", name="Is it really faster, on this machine?").wait_for()
    page.get_by_role("link", name=re.compile("Colour quantization")).first.click()
    find_run_button(page).wait_for()
    page.wait_for_url(re.compile(f"^{re.escape(proxy.address)}/{PAGE}"))
    wait_until_drawn(page)
    paths = page.get_by_test_id("stSidebar").locator("a").evaluate_all("links => links.map(link => link.pathname)")
    assert paths and all(path.startswith(f"{SUB_PATH}/") for path in paths)

    page.goto(f"{proxy.address}/{PAGE}?cores=1&budget_s=3&target=0.5&colours=8")
    find_run_button(page).click()
    wait_for_state(page, "finished", 150)
    main = page.get_by_test_id("stMain")
    main.get_by_alt_text(re.compile("K-Means")).nth(1).wait_for()
    widths = "images => images.map(image => image.complete && image.naturalWidth)"
    wait_for(lambda: all(main.locator("img").evaluate_all(widths)))
    assert_no_exception(page)

    run_id = wait_for_stored_run().id
    # A popover that is opened while the page still builds up closes again.
    wait_until_drawn(page)
    main.get_by_role("button", name=re.compile("Share")).click()
    page.get_by_role("tab", name="Files").click()
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("Complete record as JSON")).click()
    assert json.loads(Path(download.value.path()).read_text())["id"] == run_id

    page.get_by_role("tab", name="Link").click()
    shared = page.get_by_text(re.compile(rf"^{proxy.address}\S+run={run_id[:8]}")).first.inner_text().strip()
    other = open_page(browser)
    other.goto(shared)
    wait_for_state(other, "finished")
    assert_no_exception(other)
    other.context.close()
    # A page asks for the server below its own address first, to find out where the application begins.
    assert [url for url in missing if not url.endswith(("/_stcore/health", "/_stcore/host-config"))] == []


@pytest.mark.parametrize("proxy", [SHORT_READ_TIMEOUT], indirect=True)
def test_a_race_goes_on_while_websockets_are_cut_and_the_page_catches_up(page, server, proxy):
    websockets = Websockets(page)
    page.goto(f"{proxy.address}/{PAGE}?cores=1&budget_s=24&target=0&colours=8")
    find_run_button(page).wait_for()
    # The time-out cuts the websocket of the idle page.
    websockets.wait_for_next(page)
    find_run_button(page).click()
    wait_for_state(page, "racing", 90)
    pairs = count_pairs(page)
    proxy.reload()
    websockets.wait_for_next(page)
    wait_for(lambda: page.wait_for_timeout(100) or count_pairs(page) > pairs)
    wait_for_state(page, "finished", 120)
    page.get_by_test_id("stMain").get_by_text("Claim", exact=True).first.wait_for()
    assert_no_exception(page)
    assert wait_for_stored_run().state is State.FINISHED
    events = read_session_events(server)
    assert events["connect"] == 1, f"the page lost its session: {events}"
    assert events["reconnect"] >= 2


def test_an_upload_that_the_proxy_refuses_says_why_on_the_page(page, proxy, tmp_path):
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    large.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(2 * 2**20))
    Image.effect_noise((64, 48), 90).convert("RGB").save(small)
    page.goto(f"{proxy.address}/{PAGE}?cores=1")
    find_run_button(page).wait_for()
    open_more(page, "upload a file")
    page.get_by_text("upload a file", exact=True).click()
    page.get_by_text(re.compile("10MB per file")).wait_for()
    page.locator("input[type=file]").set_input_files(large)
    alert = page.get_by_test_id("stAlert")
    alert.get_by_text(re.compile(r"^large\.png, .*MB: the upload failed")).wait_for()
    for text in ("larger than the proxy in front of this server accepts", "client_max_body_size", "11 MB"):
        expect(alert).to_contain_text(text)

    page.locator("input[type=file]").set_input_files(small)
    page.wait_for_url(re.compile("image=upload"))
    alert.wait_for(state="detached")
    assert_no_exception(page)
