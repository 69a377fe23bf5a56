"""The tab Your script in a real browser: who has it by the user of the connection, and what a hostile page can do."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.support.browser import assert_no_exception, start_server, wait_until_drawn
from tests.support.script_runs import write_script

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_link_runs_nothing_and_no_page_frames_the_tab(page, home, no_orphans, tmp_path) -> None:
    script = write_script(tmp_path, "print(1)\n")
    server = start_server(tmp_path / "server.log")
    try:
        query = urlencode({"tab": "Your script", "script.path": str(script), "script.arguments": "--evil"})
        address = f"{server.address}/estimators?{query}"
        page.goto(address)
        # The browser runs as the user of the server, so that it has the tab.
        page.get_by_text("This script comes from a link: read it first").wait_for()
        wait_until_drawn(page)
        profile = page.get_by_role("button", name=re.compile(r"\bProfile$"))
        expect(profile).to_be_disabled()
        page.get_by_role("button", name=re.compile("I have read it")).click()
        page.get_by_text("This script comes from a link: read it first").wait_for(state="detached")
        # A page that is drawn again has its old elements beside the new ones for a moment.
        wait_until_drawn(page)
        expect(profile).to_be_enabled()
        page.reload()
        expect(profile).to_be_enabled()
        wait_until_drawn(page)
        expect(profile).to_be_enabled()
        assert_no_exception(page)

        page.goto(f"data:text/html,<iframe src='{server.address}/'></iframe>")
        frame = page.locator("iframe").element_handle().content_frame()
        frame.wait_for_url(re.compile("^chrome-error:"))
        expect(frame.get_by_test_id("stApp")).to_have_count(0)
    finally:
        server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log, log[-3000:]
