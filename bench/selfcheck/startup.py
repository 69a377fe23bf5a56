"""How long does the dashboard take to start, and what does its process load?"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from urllib.error import URLError

import psutil

from bench.formatting import format_bytes
from bench.paths import ROOT
from bench.selfcheck.requirements import require_package

MAX_START_S = 30.0
POLL_INTERVAL_S = 0.05
WORKLOAD_LIBRARIES = ("sklearn", "sklearnex", "onedal", "tensorflow", "ray", "modin", "scipy")


def check_startup(report: Callable[[str], None] = print) -> None:
    """Time `streamlit run` until the first page is drawn in a browser, and look at the server's process then.

    Raises MissingRequirement if Playwright is not installed, and RuntimeError if the server does not start.
    """
    require_package("playwright", "start")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(port)
        healthy_s = time.monotonic() - began
        drawn_s, redrawn_s = _time_first_page(f"http://127.0.0.1:{port}", began)
        process = psutil.Process(server.pid)
        resident = process.memory_info().rss
        mapped_files = {region.path for region in process.memory_maps()}
    finally:
        server.terminate()
        server.wait()
    loaded = [name for name in WORKLOAD_LIBRARIES if any(f"/{name}/" in file for file in mapped_files)]
    report(
        f"the server answers after {healthy_s:.2f} s, the first page is drawn after {drawn_s:.2f} s, "
        f"and drawn again in {redrawn_s:.2f} s"
    )
    report(
        f"the server's process uses {format_bytes(resident)}; workload libraries in it: {', '.join(loaded) or 'none'}"
    )


def _wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + MAX_START_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(POLL_INTERVAL_S)
    raise RuntimeError(f"The server did not start within {MAX_START_S:g} s.")


def _time_first_page(address: str, began: float) -> tuple[float, float]:
    """Seconds from `began` until the first page is drawn in Chromium, and seconds to draw it again."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Fairlap").first.wait_for()
        drawn_s = time.monotonic() - began
        again = time.monotonic()
        page.reload()
        page.get_by_role("heading", name="Fairlap").first.wait_for()
        return drawn_s, time.monotonic() - again
