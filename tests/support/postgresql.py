"""A PostgreSQL server for tests: started on a free port, in a temporary folder, by a user without privileges."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.support.ports import find_free_port

START_LIMIT_S = 60.0
SERVER_USER = "postgres"
"""Debian's user for the server, which refuses to run as root."""


def find_binaries() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest if there are several."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    found = [folder for folder in folders if (folder / "initdb").exists()]
    if not found and (initdb := shutil.which("initdb")):
        found = [Path(initdb).parent]
    return found[-1] if found else None


def why_missing() -> str:
    """Why tests with PostgreSQL have to be skipped; empty if they can run."""
    if find_binaries() is None:
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed (pip install -r requirements-dev.txt)"
    if os.geteuid() == 0 and not _has_server_user():
        return f"PostgreSQL does not run as root, and there is no user {SERVER_USER}"
    return ""


def _has_server_user() -> bool:
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        return False
    return True


@contextmanager
def run_server() -> Iterator[str]:
    """A running server; the URL of its database `postgres`."""
    binaries = find_binaries()
    assert binaries is not None
    # Not in pytest's folder, into which other users may not look.
    folder = Path(tempfile.mkdtemp(prefix="fairlap-postgresql-"))
    # An environment of its own: the tests look for processes that have theirs.
    options = {"env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, "cwd": folder, "stdout": subprocess.PIPE}
    options["stderr"] = subprocess.STDOUT
    if os.geteuid() == 0:
        shutil.chown(folder, SERVER_USER, SERVER_USER)
        options |= {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []}
    try:
        initdb = [
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "fairlap",
            "--auth=trust",
            "--no-sync",
            "-E",
            "UTF8",
        ]
        done = subprocess.run(initdb, **options)
        assert done.returncode == 0, done.stdout.decode(errors="replace")
        port = find_free_port()
        postgres = [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-F"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([*postgres, "-k", folder], **(options | {"stdout": log}))
        url = f"postgresql+psycopg://fairlap@127.0.0.1:{port}/postgres"
        try:
            _wait_ready(binaries, port, server, folder / "log")
            yield url
        finally:
            # Fast shutdown: open sessions are ended.
            server.send_signal(signal.SIGINT)
            server.wait(60)
    finally:
        shutil.rmtree(folder)


@contextmanager
def make_database(server_url: str, name: str) -> Iterator[str]:
    """An empty database; its URL."""
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield server_url.rpartition("/")[0] + f"/{name}"
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def _wait_ready(binaries: Path, port: int, server: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    command = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(command).returncode != 0:
        assert server.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.1)
