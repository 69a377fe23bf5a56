"""How a SQLite file lets readers continue while another process writes, on the file system that it lies on."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from bench.storage.database import MAX_LOCK_WAIT_MS, translate_errors
from bench.system.file_systems import find_file_system, is_network_file_system

FALLBACK_MODE = "delete"
"""A rollback journal. It needs locks only, and no memory that processes share."""
RETRY_S = 0.05
"""Time between two attempts to change the mode of a file that another process uses."""


def choose_journal_mode(engine: Engine) -> str:
    """Use a write-ahead log where it works: not on network file systems, whose machines share no memory.

    The file remembers the mode. Returns what a user should know, empty if there is nothing to say. Raises StoreError.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database or engine.url.database == ":memory:":
        return ""
    file_system = find_file_system(Path(engine.url.database.removeprefix("file:")))
    with translate_errors(engine):
        raw = engine.raw_connection()
        try:
            if is_network_file_system(file_system):
                return _use_fallback(raw, f"it lies on a network file system ({file_system})")
            if (mode := _set_mode(raw, "wal", MAX_LOCK_WAIT_MS / 1000)) != "wal":
                return _use_fallback(raw, f"SQLite could not use a write-ahead log here and keeps mode {mode!r}")
            return ""
        finally:
            raw.close()


def _use_fallback(raw: Any, reason: str) -> str:
    try:
        mode = _set_mode(raw, FALLBACK_MODE)
    except sqlite3.OperationalError:
        mode = "wal"  # Another process has the file open with a write-ahead log.
    if mode == "wal":
        return (
            f"The database of runs uses a write-ahead log, but {reason}. Two machines that use it at once may damage "
            "it. End every Fairlap that uses it and start one again, or set FAIRLAP_DATABASE to PostgreSQL."
        )
    return (
        f"The database of runs has no write-ahead log, because {reason}. Pages wait while a run is being stored. Move "
        "the data folder to a local disk (FAIRLAP_HOME), or set FAIRLAP_DATABASE to PostgreSQL."
    )


def _set_mode(raw: Any, mode: str, max_wait_s: float = 0.0) -> str:
    """Ask for a journal mode; returns the one that SQLite uses then.

    SQLite itself waits for other processes in every statement but this one, which fails at once while one of them reads
    or writes.
    """
    deadline = time.monotonic() + max_wait_s
    while True:
        try:
            return str(raw.cursor().execute(f"PRAGMA journal_mode={mode}").fetchone()[0]).lower()
        except sqlite3.OperationalError as error:
            # Extended codes, such as SQLITE_BUSY_RECOVERY, have the primary one in their lowest byte.
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_S)
