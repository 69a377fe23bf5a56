"""Databases of both kinds, SQLite and PostgreSQL, empty at the beginning of each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import postgresql


@pytest.fixture(scope="session")
def empty_database() -> None:
    """New databases are migrated."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    if reason := postgresql.why_missing():
        pytest.skip(reason)
    with postgresql.run_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield f"sqlite:///{tmp_path / 'database.sqlite3'}"
        else:
            server = request.getfixturevalue("postgresql_server")
            yield stack.enter_context(postgresql.make_database(server, f"test_{uuid.uuid4().hex}"))
