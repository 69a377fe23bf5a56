"""The digest of a row covers all its columns and the digest of its record, which is that of the compressed record.

Rows that fit their old digests get new ones. Those that do not keep the old ones, so that they stay edited. Rows and
records without a digest, which older versions wrote, get one too: whether they were edited before is not known.
"""

import hashlib
import json
import zlib
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

OLD_COLUMNS = (
    *("id", "kind", "digest", "workload", "case_name", "started", "state", "cores", "batch", "baseline", "accelerated"),
    *("baseline_s", "accelerated_s", "ratio", "ratio_low", "ratio_high", "speed", "claimed", "sentence", "findings"),
    *("machine", "inputs"),
)
COLUMNS = (
    *OLD_COLUMNS,
    *("parent_id", "workload_title", "case_label", "task", "title", "origin", "requester", "owner", "baseline_label"),
    *("accelerated_label", "machine_id", "host", "boot_id", "record_version"),
)
EXACT_DIALECTS = ("sqlite", "postgresql")


def upgrade() -> None:
    connection = op.get_bind()
    jobs = sa.Table("fairlap_jobs", sa.MetaData(), autoload_with=connection)
    records = sa.Table("fairlap_records", sa.MetaData(), autoload_with=connection)
    for job_id in list(connection.execute(sa.select(jobs.c.id)).scalars()):
        digest = _migrate_record(connection, records, job_id)
        if connection.dialect.name in EXACT_DIALECTS:
            _migrate_row(connection, jobs, job_id, digest)


def _migrate_record(connection: sa.Connection, records: sa.Table, job_id: str) -> str | None:
    """Returns the digest that the record has afterwards."""
    record = sa.type_coerce(records.c.record, sa.types.NullType()).label("record")
    stored = connection.execute(sa.select(record, records.c.digest).where(records.c.id == job_id)).first()
    if stored is None or not isinstance(stored.record, bytes | memoryview):
        return None
    content = bytes(stored.record)
    if stored.digest is not None and stored.digest != _digest_unpacked(content):
        return stored.digest
    digest = hashlib.sha256(content).hexdigest()
    connection.execute(sa.update(records).where(records.c.id == job_id).values(digest=digest))
    return digest


def _digest_unpacked(content: bytes) -> str | None:
    try:
        return hashlib.sha256(zlib.decompress(content)).hexdigest()
    except zlib.error:
        return None


def _migrate_row(connection: sa.Connection, jobs: sa.Table, job_id: str, record_digest: str | None) -> None:
    try:
        columns = dict(connection.execute(sa.select(jobs).where(jobs.c.id == job_id)).mappings().one())
        old = _digest({name: _make_canonical(columns[name]) for name in OLD_COLUMNS})
        values = {name: _make_canonical(columns[name]) for name in COLUMNS if columns[name] is not None}
        digest = _digest(values | {"record_digest": record_digest})
    except (ValueError, TypeError):
        return  # A value of a wrong type: the row is damaged, and counts as edited.
    if columns["row_digest"] in (None, old):
        connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(row_digest=digest))


def _digest(values: dict) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_canonical(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
