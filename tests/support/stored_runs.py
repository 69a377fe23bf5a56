"""Stored runs: copies of a run, damaged ones, and those of older versions."""

import json
import zlib
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    select,
    update,
)

from bench.run.record import Run
from bench.storage.schema import records_table
from bench.storage.store import Store

OLD_DATABASE = Path(__file__).with_name("runs-0.1.0.sqlite3")
"""Twelve runs as version 0.1.0 stored them: BERT, Modin and memory traffic on a machine with two cores."""
OLD_RUN_COUNT = 12
OLD_JOURNAL = Path(__file__).with_name("journal-0.1.0.jsonl")
"""The journal of a whole race of memory traffic, as 0.1.0 wrote it; most readings of telemetry are left out."""
VERSION_2_DATABASE = Path(__file__).with_name("runs-version-2.sqlite3")
"""A database of revision 0008 with records of version 2, as the code of that time wrote them. Commit eae9445, before
notes had kinds, stored a race of the trial workload (1…) and one on one core whose claim has conditions only (2…).
Commit 84f5c24 migrated them from revision 0006, and stored a race (3…) and a measurement (4…)."""
VERSION_2_JOURNAL = Path(__file__).with_name("journal-version-2.jsonl")
"""The journal of race 1…, as commit eae9445 wrote it."""

old_metadata = MetaData()
old_schema_table = Table("fairlap_schema", old_metadata, Column("version", Integer, primary_key=True))
old_runs_table = Table(
    "fairlap_runs",
    old_metadata,
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
"""The tables as the code of version 0.1.0 declared them."""


def store_run(run: Run, name: str = "", **changes) -> Run:
    stored = run.model_copy(deep=True, update={"id": name or run.id} | changes)
    Store().save(stored)
    return stored


def damage_run(run_id: str) -> None:
    set_record(Store().url, run_id, b"no")


def set_record(url: str, run_id: str, record: bytes) -> None:
    """Overwrite the compressed record of a stored run."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(update(records_table).where(records_table.c.id == run_id).values(record=record))
    engine.dispose()


def get_record(url: str, run_id: str) -> bytes:
    """The compressed record of a stored run."""
    engine = create_engine(url)
    with engine.connect() as connection:
        record = connection.execute(select(records_table.c.record).where(records_table.c.id == run_id)).scalar_one()
    engine.dispose()
    return record


def read_version_2_records() -> dict[str, dict]:
    """The JSON of the records of version 2, by id."""
    engine = create_engine(f"sqlite:///file:{VERSION_2_DATABASE}?mode=ro&immutable=1&uri=true")
    with engine.connect() as connection:
        rows = connection.execute(select(records_table.c.id, records_table.c.record)).all()
    engine.dispose()
    return {row.id: json.loads(zlib.decompress(row.record)) for row in rows}


def read_old_rows() -> list[dict]:
    """The rows that version 0.1.0 wrote, with their compressed records."""
    # Immutable: SQLite would leave files next to a database in WAL mode.
    engine = create_engine(f"sqlite:///file:{OLD_DATABASE}?mode=ro&immutable=1&uri=true")
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(old_runs_table)).mappings()]
    engine.dispose()
    return rows


def write_old_database(url: str, rows: list[dict] | None = None) -> None:
    """Make the database at `url` one of version 0.1.0, with `rows` or the real ones."""
    engine = create_engine(url)
    with engine.begin() as connection:
        old_metadata.create_all(connection)
        connection.execute(insert(old_schema_table).values(version=1))
        connection.execute(insert(old_runs_table), read_old_rows() if rows is None else rows)
    engine.dispose()
