"""Helpers of the browser tests: find the Run button, wait for a state, look for exceptions."""

import contextlib
import re
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from bench.paths import ROOT

MAX_OPENINGS = 5
OPENING_MS = 10_000
RERUN_DELAY_MS = 500
"""Longest time from the end of a page's first rerun to the begin of one that the browser asks for."""


@dataclass
class Server:
    """A dashboard under way."""

    address: str
    process: subprocess.Popen
    log: Path


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return Server(address, process, log)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"the dashboard did not start: {log.read_text()[-2000:]}")


def find_run_button(page):
    return page.get_by_role("button", name=re.compile(r"\bRun$"))


def find_stop_button(page):
    """The page's own; Streamlit has one too while a page is drawn."""
    return page.get_by_test_id("stMain").get_by_role("button", name=re.compile(r"\bStop$"))


def wait_for_state(page, state: str, seconds: float = 60) -> None:
    page.get_by_test_id("stMain").get_by_text(re.compile(rf"\b{state}\b")).first.wait_for(timeout=seconds * 1000)


def wait_until_drawn(page) -> None:
    """Wait until the page is complete, also after the rerun that the browser's secret may cause.

    A popover that is opened while the page still builds up closes again.
    """
    idle = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
    idle.wait_for()
    page.wait_for_timeout(RERUN_DELAY_MS)
    idle.wait_for()


def open_more(page, shown: str) -> None:
    """Open the popover More, which has the text `shown`. It closes again if the page is drawn once more."""
    wait_until_drawn(page)
    text = page.get_by_text(shown, exact=True)
    for _ in range(MAX_OPENINGS):
        page.get_by_role("button", name=re.compile("More")).click()
        with contextlib.suppress(PlaywrightTimeoutError):
            text.wait_for(timeout=OPENING_MS)
            page.wait_for_timeout(RERUN_DELAY_MS)
            if text.is_visible():
                return
    raise AssertionError(f"the popover More does not stay open, or has no {shown!r}")


def assert_no_exception(page) -> None:
    assert page.get_by_test_id("stException").count() == 0
