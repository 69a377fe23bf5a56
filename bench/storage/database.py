"""Opens the store's database and migrates it to the newest schema.

Alembic is imported only if there is something to migrate, so that an ordinary start does not pay for it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, Engine, column, create_engine, event, inspect, select, table, text
from sqlalchemy.exc import SQLAlchemyError

from bench import paths

HEAD_REVISION = "0010"
"""The newest migration: the schema that `bench.storage.schema` describes."""
VERSION_TABLE = "fairlap_version"
"""Alembic's table, under a name of our own: other programs may keep their tables in the same database."""
OLD_VERSION_TABLE = "fairlap_schema"
"""The version of the schema as 0.1.0 wrote it. Migrated databases keep it, so that 0.1.0 refuses to open them."""
OLD_SCHEMA_VERSION, OLD_REVISION = 1, "0001"
MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"
MIGRATION_LOCK_KEY = 0x6661_6972_6C61_70
"""Key of PostgreSQL's advisory lock: 'fairlap' in ASCII."""
MAX_LOCK_WAIT_MS = 10_000
"""Longest wait for another process that writes to the SQLite file."""
MAX_MIGRATION_WAIT_MS = 600_000
"""Longest wait for another process that migrates the SQLite file."""
MIN_FREE_BYTES = 1 << 16
"""With less free space on its disk, SQLite cannot open a database with a write-ahead log."""

NO_ACCESS = (
    "cannot be opened for writing",
    "Let the user who runs Fairlap write to the file and to its folder,",
)
DAMAGED = (
    "is damaged",
    "Nothing was changed. Restore the file from a backup, or save what can be read: sqlite3 FILE .recover. To begin "
    "with an empty database, move it away together with the files whose names end in -wal and -shm,",
)
SQLITE_REMEDIES = {
    sqlite3.SQLITE_FULL: (
        "has no space left on its disk",
        "Free disk space ('python -m bench clean' lists what can go),",
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written",
        "Check that its disk has free space ('python -m bench clean' lists what can go) and reports no errors,",
    ),
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_READONLY: NO_ACCESS,
    sqlite3.SQLITE_CANTOPEN: NO_ACCESS,
    sqlite3.SQLITE_PERM: NO_ACCESS,
    sqlite3.SQLITE_BUSY: (
        f"was in use by another process for more than {MAX_LOCK_WAIT_MS // 1000} s",
        "Try again when that process has finished,",
    ),
}
"""By SQLite's primary result code: what happened, and the beginning of what to do."""
UNKNOWN_CAUSE = ("cannot be used", "Check that it is reachable and that this user may write to it,")


class StoreError(Exception):
    """The store could not do what was asked. The text says why and what to do."""


def database_url() -> str:
    """URL of the database in the form of SQLAlchemy: `FAIRLAP_DATABASE`, or a SQLite file in the data folder."""
    return os.environ.get("FAIRLAP_DATABASE") or f"sqlite:///{paths.home() / 'runs.sqlite3'}"


def open_database(url: str) -> Engine:
    """Connect to the database at `url` and migrate it. Raises StoreError.

    A database with a schema that this version does not know is left as it is.
    """
    try:
        engine = create_engine(url)
    except (SQLAlchemyError, ImportError, ValueError) as error:
        raise StoreError(
            f"FAIRLAP_DATABASE is not a URL that SQLAlchemy can use: {error}. "
            "Correct it, or unset it to use the database in the data folder."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with translate_errors(engine):
            _migrate(engine)
    except StoreError:
        engine.dispose()
        raise
    return engine


@contextmanager
def translate_errors(engine: Engine) -> Iterator[None]:
    """Raise errors of the database as StoreError."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", None)
        code = (code or 0) & 0xFF
        if code == sqlite3.SQLITE_IOERR and _is_disk_full(engine):
            # SQLite reports this too if a file beside the database cannot grow.
            code = sqlite3.SQLITE_FULL
        what, remedy = SQLITE_REMEDIES.get(code, UNKNOWN_CAUSE)
        raise StoreError(
            f"The database of runs ({engine.url.render_as_string()}) {what}: {cause}. {remedy} or set FAIRLAP_DATABASE "
            "to another database."
        ) from error


def _is_disk_full(engine: Engine) -> bool:
    try:
        return shutil.disk_usage(Path(engine.url.database or "").parent).free < MIN_FREE_BYTES
    except OSError:
        return False


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        revision = read_revision(connection)
    if revision == HEAD_REVISION:
        return
    with _lock_migration(engine) as connection:
        # Another process may have migrated the database while this one waited for the lock.
        revision = read_revision(connection)
        if revision != HEAD_REVISION:
            _run_migrations(connection, revision)


def read_revision(connection: Connection) -> str | None:
    """The revision of the database's schema; None for an empty database. Raises StoreError if it is not known here."""
    inspector = inspect(connection)
    if inspector.has_table(VERSION_TABLE):
        revision = connection.execute(select(column("version_num")).select_from(table(VERSION_TABLE))).scalar()
        known = {path.name.partition("_")[0] for path in (MIGRATIONS_FOLDER / "versions").glob("*.py")}
        if revision is None or revision in known:
            return revision
    elif inspector.has_table(OLD_VERSION_TABLE):
        revision = connection.execute(select(column("version")).select_from(table(OLD_VERSION_TABLE))).scalar()
        if revision in (None, OLD_SCHEMA_VERSION):
            return OLD_REVISION
    else:
        return None
    raise StoreError(
        f"The database of runs has schema version {revision}, and this version of Fairlap knows versions up to "
        f"{HEAD_REVISION}. Nothing was changed. Use the version of Fairlap that wrote it, or set FAIRLAP_DATABASE to "
        "another database."
    )


@contextmanager
def _lock_migration(engine: Engine) -> Iterator[Connection]:
    """A transaction during which no other process migrates the database."""
    with _file_lock(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA busy_timeout={MAX_MIGRATION_WAIT_MS}")
            connection.rollback()
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK_KEY})
            yield connection
    # The pool must not hand out the connection with its long timeout.
    engine.dispose()


def _file_lock(engine: Engine) -> AbstractContextManager[Any]:
    """SQLite and PostgreSQL have locks of their own. Others are guarded against processes of this user only."""
    if engine.dialect.name in ("sqlite", "postgresql"):
        return nullcontext()
    return FileLock(paths.home() / "migration.lock")


def _run_migrations(connection: Connection, revision: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    config.set_main_option("script_location", str(MIGRATIONS_FOLDER).replace("%", "%%"))
    if revision == OLD_REVISION:
        # Tables that 0.1.0 created are not marked with a revision yet.
        command.stamp(config, OLD_REVISION)
    command.upgrade(config, HEAD_REVISION)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Transactions begin in `_begin_sqlite`: Python's sqlite3 module would leave CREATE TABLE outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={MAX_LOCK_WAIT_MS}")
    # A commit is on the disk when it returns.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_begin', '')}")
