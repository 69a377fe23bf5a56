"""A write-ahead log is used where it works; elsewhere SQLite falls back, and says so."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import create_engine

from bench.storage import journal_mode
from bench.storage.journal_mode import RETRY_S
from bench.storage.store import Store
from bench.system.file_systems import find_file_system, is_network_file_system
from bench.system.kernel_files import KernelFiles

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:40 / /home rw,relatime shared:1 - nfs4 server:/home rw,vers=4.2
31 30 0:41 / /home/me/my\\040disk rw - xfs /dev/sdb rw
32 22 0:42 / /mnt rw - cifs //server/share rw
33 22 0:43 / /mnt rw - tmpfs none rw
"""


def read_mode(url: str) -> str:
    engine = create_engine(url)
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    engine.dispose()
    return mode


def replace_sleep(monkeypatch: pytest.MonkeyPatch, sleep: Callable[[float], object]) -> None:
    """Call `sleep` where the module waits, and nowhere else."""
    monkeypatch.setattr(journal_mode, "time", SimpleNamespace(monotonic=time.monotonic, sleep=sleep))


def test_on_a_local_disk_the_database_has_a_write_ahead_log(finished):
    store = Store()
    store.save(finished)
    assert (store.notice, read_mode(store.url)) == ("", "wal")


def test_a_writer_delays_the_log_and_does_not_prevent_it(tmp_path, monkeypatch):
    """SQLite does not wait by itself when the mode changes, and two servers may start at once."""
    file = tmp_path / "runs.sqlite3"
    Store(f"sqlite:///{file}")
    writer = sqlite3.connect(file, isolation_level=None)
    assert writer.execute("PRAGMA journal_mode=delete").fetchone() == ("delete",)
    writer.execute("BEGIN IMMEDIATE")
    waits: list[float] = []

    def release_writer(seconds: float) -> None:
        waits.append(seconds)
        writer.execute("COMMIT")

    replace_sleep(monkeypatch, release_writer)
    assert Store(f"sqlite:///{file}").notice == ""
    assert waits == [RETRY_S]
    assert read_mode(f"sqlite:///{file}") == "wal"
    writer.close()


class BusyConnection:
    """A connection and its cursor. The first statement fails with `error_code`, the others return "wal"."""

    def __init__(self, error_code: int) -> None:
        self.error: sqlite3.OperationalError | None = sqlite3.OperationalError("database is locked")
        self.error.sqlite_errorcode = error_code

    def cursor(self) -> BusyConnection:
        return self

    def execute(self, statement: str) -> BusyConnection:
        error, self.error = self.error, None
        if error:
            raise error
        return self

    def fetchone(self) -> tuple[str]:
        return ("wal",)


@pytest.mark.parametrize("name", ["SQLITE_BUSY", "SQLITE_BUSY_RECOVERY", "SQLITE_BUSY_SNAPSHOT"])
def test_every_code_of_a_busy_file_is_waited_for(name, monkeypatch):
    """SQLite gives the extended ones, for instance, while another process recovers the log after a crash."""
    waits: list[float] = []
    replace_sleep(monkeypatch, waits.append)
    assert journal_mode._set_mode(BusyConnection(getattr(sqlite3, name)), "wal", max_wait_s=60.0) == "wal"
    assert waits == [RETRY_S]


def test_another_error_is_not_waited_for(monkeypatch):
    replace_sleep(monkeypatch, pytest.fail)
    with pytest.raises(sqlite3.OperationalError):
        journal_mode._set_mode(BusyConnection(sqlite3.SQLITE_IOERR), "wal", max_wait_s=60.0)


def test_where_sqlite_refuses_the_log_it_falls_back_and_says_so(tmp_path, finished):
    # Locks made of files: SQLite shares no memory between processes then, and keeps its rollback journal.
    url = f"sqlite:///file:{tmp_path / 'runs.sqlite3'}?vfs=unix-dotfile&uri=true"
    store = Store(url)
    store.save(finished)
    assert store.load(finished.id) == finished
    assert "has no write-ahead log, because SQLite could not use" in store.notice
    assert "FAIRLAP_HOME" in store.notice
    assert read_mode(url) == "delete"


@pytest.mark.parametrize(
    ("path", "file_system", "network"),
    [
        ("/var/lib/x.sqlite3", "ext4", False),
        ("/home/me/x.sqlite3", "nfs4", True),
        ("/home/me/my disk/x.sqlite3", "xfs", False),
        ("/mnt/x.sqlite3", "tmpfs", False),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_last_and_innermost_mount(tmp_path, path, file_system, network):
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/mountinfo").write_text(MOUNTS)
    found = find_file_system(Path(path), KernelFiles(tmp_path))
    assert (found, is_network_file_system(found)) == (file_system, network)


def test_on_a_network_file_system_no_log_is_used(tmp_path, finished, monkeypatch):
    store = Store()
    assert read_mode(store.url) == "wal"
    store.close()
    # No network file system can be mounted in a test: the one below counts as one.
    kind = find_file_system(tmp_path)
    monkeypatch.setattr("bench.system.file_systems.NETWORK_FILE_SYSTEMS", (kind,))
    store = Store()
    store.save(finished)
    assert f"lies on a network file system ({kind})" in store.notice
    assert read_mode(store.url) == "delete"
