"""The findings of rows that were stored before notes had kinds get them, and the titles of what was found.

The state of a claim is computed again from the kinds, because 0008 counted some conditions as reservations. Rows that
fit their digests get new ones. Those that do not keep the old ones, so that they stay edited.
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from bench.run.upgrade_to_3 import complete_finding

revision = "0009"
down_revision = "0008"

COLUMNS = (
    *("id", "kind", "digest", "workload", "case_name", "started", "state", "cores", "batch", "baseline", "accelerated"),
    *("baseline_s", "accelerated_s", "ratio", "ratio_low", "ratio_high", "speed", "claimed", "sentence", "findings"),
    *("machine", "inputs", "parent_id", "workload_title", "case_label", "task", "title", "origin", "requester"),
    *("owner", "baseline_label", "accelerated_label", "machine_id", "host", "boot_id", "record_version"),
    "claim_state",
)
EXACT_DIALECTS = ("sqlite", "postgresql")


def upgrade() -> None:
    connection = op.get_bind()
    jobs = sa.Table("fairlap_jobs", sa.MetaData(), autoload_with=connection)
    records = sa.Table("fairlap_records", sa.MetaData(), autoload_with=connection)
    digests = {row.id: row.digest for row in connection.execute(sa.select(records.c.id, records.c.digest))}
    for job_id in list(connection.execute(sa.select(jobs.c.id).where(jobs.c.findings.is_not(None))).scalars()):
        _migrate_row(connection, jobs, job_id, digests.get(job_id))


def _migrate_row(connection: sa.Connection, jobs: sa.Table, job_id: str, record_digest: str | None) -> None:
    own = jobs.c.id == job_id
    try:
        columns = dict(connection.execute(sa.select(jobs).where(own)).mappings().one())
        found = json.loads(columns["findings"])
        if all("kind" in finding for finding in found):
            return
        findings = [complete_finding(finding) for finding in found]
        values = {"findings": json.dumps(findings)}
        if columns["claimed"]:
            values["claim_state"] = _find_claim_state(findings)
        old = _digest(columns, record_digest)
        new = _digest(columns | values, record_digest)
    except (ValueError, TypeError, KeyError, AttributeError):
        return  # A value of a wrong type: the row is damaged, and counts as edited.
    if connection.dialect.name in EXACT_DIALECTS and columns["row_digest"] == old:
        values["row_digest"] = new
    connection.execute(sa.update(jobs).where(own).values(values))


def _find_claim_state(findings: list[dict]) -> str:
    """The state of a claim that is made."""
    is_reserved = any(finding["kind"] == "reservation" for finding in findings)
    return "claim with reservations" if is_reserved else "claim"


def _digest(columns: dict, record_digest: str | None) -> str:
    values = {name: _make_canonical(columns[name]) for name in COLUMNS if columns[name] is not None}
    text = json.dumps(
        values | {"record_digest": record_digest}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _make_canonical(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
