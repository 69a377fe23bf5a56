"""Whether a race supports a claim, and how firmly, is a column, so that lists can be filtered by it.

It follows from the findings of existing rows. Rows that fit their digests get new ones. Those that do not keep the old
ones, so that they stay edited.
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

OLD_COLUMNS = (
    *("id", "kind", "digest", "workload", "case_name", "started", "state", "cores", "batch", "baseline", "accelerated"),
    *("baseline_s", "accelerated_s", "ratio", "ratio_low", "ratio_high", "speed", "claimed", "sentence", "findings"),
    *("machine", "inputs", "parent_id", "workload_title", "case_label", "task", "title", "origin", "requester"),
    *("owner", "baseline_label", "accelerated_label", "machine_id", "host", "boot_id", "record_version"),
)
EXACT_DIALECTS = ("sqlite", "postgresql")
CONDITION_RULES = ("engaged", "cores-used", "whole-machine", "part-of-whole", "real-data")
"""Rules whose notes are no reservations, for findings that were stored before notes had kinds."""


def upgrade() -> None:
    op.add_column("fairlap_jobs", sa.Column("claim_state", sa.String(32)))
    connection = op.get_bind()
    jobs = sa.Table("fairlap_jobs", sa.MetaData(), autoload_with=connection)
    records = sa.Table("fairlap_records", sa.MetaData(), autoload_with=connection)
    digests = {row.id: row.digest for row in connection.execute(sa.select(records.c.id, records.c.digest))}
    for job_id in list(connection.execute(sa.select(jobs.c.id).where(jobs.c.kind == "race")).scalars()):
        _migrate_row(connection, jobs, job_id, digests.get(job_id))


def _migrate_row(connection: sa.Connection, jobs: sa.Table, job_id: str, record_digest: str | None) -> None:
    own = jobs.c.id == job_id
    try:
        columns = dict(connection.execute(sa.select(jobs).where(own)).mappings().one())
        state = _find_claim_state(columns["claimed"], columns["findings"])
        old = _digest(columns, record_digest)
        new = _digest(columns | {"claim_state": state}, record_digest)
    except (ValueError, TypeError, KeyError, AttributeError):
        return  # A value of a wrong type: the row is damaged, and counts as edited.
    values = {"claim_state": state}
    if connection.dialect.name in EXACT_DIALECTS and columns["row_digest"] == old:
        values["row_digest"] = new
    connection.execute(sa.update(jobs).where(own).values(values))


def _find_claim_state(claimed: bool | None, findings: str | None) -> str | None:
    if claimed is None:
        return None
    if not claimed:
        return "no claim"
    is_reserved = any(_is_reservation(finding) for finding in json.loads(findings or "[]"))
    return "claim with reservations" if is_reserved else "claim"


def _is_reservation(finding: dict) -> bool:
    if "kind" in finding:
        return finding["kind"] == "reservation"
    return finding["outcome"] == "annotated" and finding["rule"] not in CONDITION_RULES


def _digest(columns: dict, record_digest: str | None) -> str:
    names = (*OLD_COLUMNS, "claim_state")
    values = {name: _make_canonical(columns[name]) for name in names if columns[name] is not None}
    text = json.dumps(
        values | {"record_digest": record_digest}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _make_canonical(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
