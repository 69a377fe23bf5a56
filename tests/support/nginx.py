"""nginx in front of a dashboard, with the configuration that Fairlap documents."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.paths import ROOT
from tests.support.ports import find_free_port

SITE = ROOT / "deploy" / "nginx.conf"
START_LIMIT_S = 60.0
TEMP_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def find_nginx() -> str | None:
    # Debian has it in a folder that is not in the PATH of every user.
    return shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")


def why_missing() -> str:
    """Why tests with nginx have to be skipped; empty if they can run."""
    return "" if find_nginx() else "nginx is not installed (Debian: apt-get install nginx-light)"


@dataclass
class Proxy:
    """A running nginx. `address` is that of the dashboard behind it."""

    address: str
    process: subprocess.Popen
    error_log: Path

    def reload(self) -> None:
        """Read the configuration again, which cuts every websocket after one second."""
        self.process.send_signal(signal.SIGHUP)


def write_configuration(folder: Path, replacements: Mapping[str, str]) -> Path:
    """A complete configuration around the documented site, in which each key of `replacements` occurs once."""
    site = SITE.read_text()
    for old, new in replacements.items():
        assert site.count(old) == 1, f"{old!r} is not once in {SITE}"
        site = site.replace(old, new)
    (folder / "site.conf").write_text(site)
    lines = [
        # Workers of another user could not enter the folder.
        *(["user root root;"] if os.geteuid() == 0 else []),
        "daemon off;",
        "worker_processes 1;",
        "worker_shutdown_timeout 1s;",
        f"pid {folder}/nginx.pid;",
        "events {}",
        "http {",
        f"    access_log {folder}/access.log;",
        *(f"    {name}_temp_path {folder}/{name};" for name in TEMP_FOLDERS),
        f"    include {folder}/site.conf;",
        "}",
    ]
    file = folder / "nginx.conf"
    file.write_text("\n".join(lines) + "\n")
    return file


@contextmanager
def run_nginx(folder: Path, dashboard: str, *, max_body_size: str, read_timeout: str) -> Iterator[Proxy]:
    """nginx in front of the server at `dashboard` (scheme, host and port), with other limits than the documented."""
    nginx = find_nginx()
    assert nginx is not None
    port = find_free_port()
    replacements = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "http://127.0.0.1:8501;": f"{dashboard};",
        "client_max_body_size 65m;": f"client_max_body_size {max_body_size};",
        "proxy_read_timeout 90s;": f"proxy_read_timeout {read_timeout};",
    }
    configuration, error_log = write_configuration(folder, replacements), folder / "error.log"
    # An environment of its own: the tests look for processes that have theirs.
    process = subprocess.Popen(
        [nginx, "-c", configuration, "-e", error_log], env={"PATH": os.defpath}, stdout=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + START_LIMIT_S
        while not (folder / "nginx.pid").exists():
            assert process.poll() is None and time.monotonic() < deadline, error_log.read_text()
            time.sleep(0.05)
        yield Proxy(f"http://127.0.0.1:{port}/fairlap", process, error_log)
    finally:
        process.terminate()
        process.wait(60)
