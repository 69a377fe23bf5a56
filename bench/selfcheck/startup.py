"""TODO: bench.selfcheck.startup."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

import psutil

from bench.paths import ROOT


def check_startup(tell: Callable[[str], None] = print) -> None:
    """From `streamlit run` to the first page drawn in a browser, and what the server's process holds then."""
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
        healthy = time.monotonic() - began
        drawn, again = _time_first_page(f"http://127.0.0.1:{port}", began)
        process = psutil.Process(server.pid)
        resident = process.memory_info().rss
        mapped = {region.path for region in process.memory_maps()}
    finally:
        server.terminate()
        server.wait()
    names = ("sklearn", "sklearnex", "onedal", "tensorflow", "ray", "modin", "scipy")
    loaded = [name for name in names if any(f"/{name}/" in library for library in mapped)]
    tell(
        f"the server answers after {healthy:.2f} s, the first page is drawn after {drawn:.2f} s, again in {again:.2f} s"
    )
    tell(
        f"the server's process holds {resident / 2**20:.0f} MiB; "
        f"workload libraries in it: {', '.join(loaded) or 'none'}"
    )


def _wait_until_healthy(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _time_first_page(address: str, began: float) -> tuple[float, float]:
    """Seconds from `began` to the first page, and of drawing the page again, in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Fairlap").first.wait_for()
        drawn = time.monotonic() - began
        again = time.monotonic()
        page.reload()
        page.get_by_role("heading", name="Fairlap").first.wait_for()
        return drawn, time.monotonic() - again
