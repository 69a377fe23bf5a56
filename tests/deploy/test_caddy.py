"""The documented Caddyfile with a real Caddy: pages, websockets and uploads, without a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import connect

from bench.paths import ROOT
from tests.support.browser import start_server
from tests.support.ports import find_free_port
from tests.support.waiting import wait_for

CADDY = shutil.which("caddy")
pytestmark = pytest.mark.skipif(CADDY is None, reason="Caddy is not installed (Debian: apt-get install caddy)")


def read(address: str, data: bytes | None = None) -> int:
    """The HTTP status of a request; 0 if nothing answers."""
    request = urllib.request.Request(address, data, method="PUT" if data else "GET")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return 0


@pytest.fixture
def address(tmp_path: Path, home, no_orphans) -> Iterator[str]:
    """That of the dashboard behind Caddy, with the documented configuration."""
    server = start_server(tmp_path / "server.log", base_path="fairlap")
    port = find_free_port()
    text = (ROOT / "deploy" / "Caddyfile").read_text()
    dashboard = server.address.removeprefix("http://").removesuffix("/fairlap")
    replacements = {":80 {": f"http://127.0.0.1:{port} {{", "127.0.0.1:8501": dashboard}
    for old, new in replacements.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    file = tmp_path / "Caddyfile"
    file.write_text("{\n\tadmin off\n\tauto_https off\n}\n\n" + text)
    environment = {"PATH": os.defpath, "HOME": str(tmp_path)}
    assert CADDY is not None
    with (tmp_path / "caddy.log").open("wb") as log:
        caddy = subprocess.Popen(
            [CADDY, "run", "--config", file, "--adapter", "caddyfile"], env=environment, stdout=log, stderr=log
        )
    try:
        wait_for(lambda: read(f"http://127.0.0.1:{port}/fairlap/_stcore/health") == 200)
        yield f"http://127.0.0.1:{port}/fairlap"
    finally:
        caddy.terminate()
        caddy.wait(60)
        server.stop()


def test_caddy_passes_pages_websockets_and_uploads(address):
    assert read(address) == 200, "the redirect to the sub-path is followed"
    with connect(f"{address.replace('http', 'ws', 1)}/_stcore/stream", subprotocols=["streamlit"]) as page:
        assert page.subprotocol == "streamlit"
    # Streamlit answers that it knows no such session.
    assert read(f"{address}/_stcore/upload_file/session/file", b"x" * 2_000_000) in (400, 403)
