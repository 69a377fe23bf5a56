"""Keeps every run: SQLAlchemy, SQLite in the user's data folder unless `FAIRLAP_DATABASE` names another database.

One row a run: what lists and filters need as columns, and the whole record, raw samples included, as compressed JSON.
A run is written in one transaction.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from bench import paths
from bench.run.events import RECORD_VERSION, State
from bench.run.record import Run

SCHEMA_VERSION = 1
MAX_LOCK_WAIT_MS = 10_000
"""How long a writer waits for another's lock on the SQLite file."""

metadata = MetaData()
schema_table = Table("fairlap_schema", metadata, Column("version", Integer, primary_key=True))
runs_table = Table(
    "fairlap_runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("digest", String(16), nullable=False, index=True),
    Column("workload", String(64), nullable=False, index=True),
    Column("started", DateTime(timezone=True), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("cores", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("baseline", String(64), nullable=False),
    Column("accelerated", String(64), nullable=False),
    Column("baseline_s", Float),
    Column("accelerated_s", Float),
    Column("ratio", Float),
    Column("ratio_low", Float),
    Column("ratio_high", Float),
    Column("speed", String(32)),
    Column("claimed", Boolean),
    Column("sentence", Text),
    Column("machine", String(255), nullable=False),
    Column("record", LargeBinary(length=2**30), nullable=False),
)


class StoreError(Exception):
    """The store could not do what was asked; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists show it. Times are seconds, `started` is in UTC."""

    id: str
    digest: str
    workload: str
    started: datetime
    state: State | str
    origin: str
    cores: int
    batch: int
    baseline: str
    accelerated: str
    baseline_s: float | None
    accelerated_s: float | None
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    speed: str | None
    claimed: bool | None
    sentence: str | None
    machine: str


_LIST_COLUMNS = [column for column in runs_table.c if column.name != "record"]


class Store:
    """Runs in a database. Safe to use from several threads and several processes at once."""

    def __init__(self, url: str | None = None) -> None:
        """Open the database at `url`, a SQLAlchemy URL, and bring it to the present schema. Raises StoreError."""
        self.url = url or os.environ.get("FAIRLAP_DATABASE") or f"sqlite:///{paths.home() / 'runs.sqlite3'}"
        try:
            self._engine: Engine = create_engine(self.url)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            raise StoreError(f"FAIRLAP_DATABASE is no usable SQLAlchemy URL: {error}") from error
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _set_up_sqlite)
        try:
            self._migrate()
        except StoreError:
            # Two first starts at once: the other has made the tables meanwhile, or the trouble is a real one.
            time.sleep(0.2)
            self._migrate()

    def save(self, run: Run) -> None:
        """Keep `run`, in place of an earlier state of it. Raises StoreError; then nothing has changed."""
        whole, claim = run.comparison(), run.claim()
        row = {
            "id": run.id,
            "digest": run.digest,
            "workload": run.plan.workload,
            "started": run.started,
            "state": run.state.value,
            "origin": run.origin,
            "cores": run.plan.cores,
            "batch": run.plan.batch,
            "baseline": run.plan.baseline,
            "accelerated": run.plan.accelerated,
            "baseline_s": whole.baseline.median if whole else None,
            "accelerated_s": whole.accelerated.median if whole else None,
            "ratio": whole.ratio.value if whole else None,
            "ratio_low": whole.ratio.low if whole else None,
            "ratio_high": whole.ratio.high if whole else None,
            "speed": claim.verdict.speed.value if claim else None,
            "claimed": claim.made if claim else None,
            "sentence": claim.sentence if claim else None,
            "machine": run.machine.short[:255],
            "record": zlib.compress(run.model_dump_json().encode()),
        }
        with self._transaction() as connection:
            connection.execute(delete(runs_table).where(runs_table.c.id == run.id))
            connection.execute(insert(runs_table).values(row))

    def load(self, run: str) -> Run | None:
        """The run with this id, or None. Raises StoreError where the row cannot be read."""
        with self._transaction() as connection:
            row = connection.execute(select(runs_table.c.record).where(runs_table.c.id == run)).first()
        if row is None:
            return None
        try:
            kept = zlib.decompress(row.record)
            version = json.loads(kept)["version"]
            if version != RECORD_VERSION:
                raise StoreError(
                    f"run {run[:8]} was kept in version {version}, this Fairlap reads {RECORD_VERSION}: "
                    "use the Fairlap that wrote it"
                )
            return Run.model_validate_json(kept)
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"run {run[:8]} cannot be read, its record is damaged: {error}") from error

    def find(self, start: str) -> list[str]:
        """Ids of the runs whose id begins with `start`."""
        with self._transaction() as connection:
            query = select(runs_table.c.id).where(runs_table.c.id.startswith(start, autoescape=True))
            return list(connection.execute(query).scalars())

    def rows(self, *, workload: str | None = None, digest: str | None = None, limit: int = 1000) -> Sequence[RunRow]:
        """The newest runs first, of one workload or of one plan where these are given."""
        query = select(*_LIST_COLUMNS).order_by(runs_table.c.started.desc()).limit(limit)
        if workload is not None:
            query = query.where(runs_table.c.workload == workload)
        if digest is not None:
            query = query.where(runs_table.c.digest == digest)
        with self._transaction() as connection:
            return [_make_row(found) for found in connection.execute(query)]

    def last(self, *, workload: str, digest: str | None = None) -> RunRow | None:
        """The newest finished run of this workload, or of this plan."""
        for row in self.rows(workload=workload, digest=digest, limit=100):
            if row.state is State.FINISHED:
                return row
        return None

    def delete(self, run: str) -> bool:
        """Remove a run for good; False where there was none."""
        with self._transaction() as connection:
            return bool(connection.execute(delete(runs_table).where(runs_table.c.id == run)).rowcount)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"the run database ({self._engine.url.render_as_string()}) cannot be used: {cause}. "
                "Check that its disk has room and that it may be written, or name another in FAIRLAP_DATABASE."
            ) from error

    def _migrate(self) -> None:
        with self._transaction() as connection:
            metadata.create_all(connection)
            version = connection.execute(select(schema_table.c.version)).scalar()
            if version is None:
                connection.execute(insert(schema_table).values(version=SCHEMA_VERSION))
        if version not in (None, SCHEMA_VERSION):
            raise StoreError(
                f"the run database has schema version {version}, this Fairlap reads {SCHEMA_VERSION}: "
                "use the Fairlap that wrote it, or name another database in FAIRLAP_DATABASE"
            )


def _set_up_sqlite(connection, _record) -> None:
    cursor = connection.cursor()
    # Readers are not kept waiting by a writer, and a commit is on the disk when it returns.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute(f"PRAGMA busy_timeout={MAX_LOCK_WAIT_MS}")
    cursor.close()


def _make_row(found) -> RunRow:
    values = dict(found._mapping)
    started = values["started"]
    # SQLite keeps no time zone; what is written is UTC.
    values["started"] = started.replace(tzinfo=UTC) if started.tzinfo is None else started
    # A state that a later version has invented is shown as it is named.
    values["state"] = State(values["state"]) if values["state"] in set(State) else values["state"]
    return RunRow(**values)
