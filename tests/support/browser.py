"""Helpers of the browser tests: find the Run button, wait for a state, look for exceptions."""

import contextlib
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from bench.paths import ROOT
from bench.run.record import Run
from bench.storage.store import Store
from tests.support.ports import find_free_port
from tests.support.waiting import wait_for

MAX_OPENINGS = 5
OPENING_MS = 10_000
VIEWPORT = {"width": 1280, "height": 900}
TIMEOUT_MS = 60_000
"""Longest wait for an element or a state of a page on a small, busy machine."""
START_LIMIT_S = STOP_LIMIT_S = 60
POLL_INTERVAL_MS = 100
RERUN_DELAY_TICKS = 5
"""Longest time from the end of a page's first rerun to the begin of one that the browser asks for, in ticks of 100 ms.
The browser counts them, so that a browser that gets no processor time counts slowly."""
_IS_DRAWN = """
() => document.querySelector(
  "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
) && !document.querySelector("[data-testid=stSkeleton]")
"""
_COUNT_TICKS = """
(ticks) => new Promise((resolve) => {
  const tick = () => (ticks-- > 0 ? setTimeout(tick, 100) : resolve())
  tick()
})
"""


@dataclass
class Server:
    """A dashboard under way."""

    address: str
    process: subprocess.Popen
    log: Path

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(STOP_LIMIT_S)


def start_server(log: Path, *options: str, port: int | None = None, base_path: str = "") -> Server:
    """Start a dashboard below a path, with options of `streamlit run`, and wait until it answers."""
    return start_script("app.py", log, port or find_free_port(), *options, base_path=base_path)


def start_script(script: str | Path, log: Path, port: int, *options: str, base_path: str = "") -> Server:
    """Start Streamlit with any script, and wait until it answers."""
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
    command += [f"--server.baseUrlPath={base_path}", *options]
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
    address = f"http://localhost:{port}/{base_path}".rstrip("/")
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=START_LIMIT_S):
                return Server(address, process, log)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"the dashboard did not start: {log.read_text()[-2000:]}")


def open_page(browser, **options):
    """An empty page of another browser profile, with options of Playwright's `new_context`."""
    page = browser.new_context(**({"viewport": VIEWPORT} | options)).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    return page


def find_run_button(page):
    return page.get_by_role("button", name=re.compile(r"\bRun$"))


def find_stop_button(page):
    """The page's own; Streamlit has one too while a page is drawn."""
    return page.get_by_test_id("stMain").get_by_role("button", name=re.compile(r"\bStop$"))


def wait_for_state(page, state: str, seconds: float = TIMEOUT_MS / 1000) -> None:
    page.get_by_test_id("stMain").get_by_text(re.compile(rf"\b{state}\b")).first.wait_for(timeout=seconds * 1000)


def wait_for_run_id(page) -> str:
    """The id of the run that the page's address names, as soon as it names one."""
    page.wait_for_url(re.compile(r"[?&]run=\w+"))
    return re.search(r"[?&]run=(\w+)", page.url)[1]


def wait_for_stored_run() -> Run:
    """The newest stored run. A page shows the end of a run a moment before it is stored."""
    return Store().load(wait_for(Store().rows)[0].id)


def wait_until_drawn(page) -> None:
    """Wait until the page is complete, also after the rerun that the browser's secret may cause.

    A popover that is opened while the page still builds up closes again. A page is seen idle twice and not all the
    time between, because fragments redraw themselves every half second during a job.
    """
    page.wait_for_function(_IS_DRAWN, polling=POLL_INTERVAL_MS)
    page.evaluate(_COUNT_TICKS, RERUN_DELAY_TICKS)
    page.wait_for_function(_IS_DRAWN, polling=POLL_INTERVAL_MS)


def open_more(page, shown: str) -> None:
    """Open the popover More, which has the text `shown`. It closes again if the page is drawn once more."""
    wait_until_drawn(page)
    text = page.get_by_text(shown, exact=True)
    for _ in range(MAX_OPENINGS):
        page.get_by_role("button", name=re.compile("More")).click()
        with contextlib.suppress(PlaywrightTimeoutError):
            text.wait_for(timeout=OPENING_MS)
            wait_until_drawn(page)
            if text.is_visible():
                return
    raise AssertionError(f"the popover More does not stay open, or has no {shown!r}")


def assert_no_exception(page) -> None:
    assert page.get_by_test_id("stException").count() == 0
