"""Jobs of all kinds in one table, their records in another; the runs of 0.1.0 are copied over.

Records are copied unchanged and upgraded when they are loaded. The new columns are computed from the beginning of each
record, which contains the plan and the machine. A record that cannot be read keeps the columns that 0.1.0 wrote.
"""

import zlib

import sqlalchemy as sa
from alembic import op
from pydantic_core import from_json

from bench.run.upgrade_to_2 import describe_plan

revision = "0002"
down_revision = "0001"

MAX_HEAD_BYTES = 2**18
"""Bytes of a record's JSON that are read. Plan and machine end within some thousand bytes, also on large machines."""
ROWS_PER_INSERT = 200


def upgrade() -> None:
    jobs = op.create_table(
        "fairlap_jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("parent_id", sa.String(32), index=True),
        sa.Column("digest", sa.String(16), nullable=False),
        sa.Column("workload", sa.String(64), nullable=False),
        sa.Column("workload_title", sa.String(255), nullable=False),
        sa.Column("case_name", sa.String(64), nullable=False),
        sa.Column("case_label", sa.String(255), nullable=False),
        sa.Column("task", sa.String(64)),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("requester", sa.String(255), nullable=False),
        sa.Column("cores", sa.Integer, nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("baseline", sa.String(64), nullable=False),
        sa.Column("accelerated", sa.String(64), nullable=False),
        sa.Column("baseline_label", sa.String(255), nullable=False),
        sa.Column("accelerated_label", sa.String(255), nullable=False),
        sa.Column("baseline_s", sa.Float),
        sa.Column("accelerated_s", sa.Float),
        sa.Column("ratio", sa.Float),
        sa.Column("ratio_low", sa.Float),
        sa.Column("ratio_high", sa.Float),
        sa.Column("speed", sa.String(32)),
        sa.Column("claimed", sa.Boolean),
        sa.Column("sentence", sa.Text),
        sa.Column("machine", sa.String(255), nullable=False),
        sa.Column("machine_id", sa.String(16)),
        sa.Column("host", sa.String(255)),
        sa.Column("boot_id", sa.String(64)),
        sa.Column("record_version", sa.Integer, nullable=False),
    )
    op.create_index("ix_fairlap_jobs_workload_started", "fairlap_jobs", ["workload", "started"])
    op.create_index("ix_fairlap_jobs_digest_started", "fairlap_jobs", ["digest", "started"])
    op.create_table(
        "fairlap_records",
        sa.Column("id", sa.String(32), sa.ForeignKey("fairlap_jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("record", sa.LargeBinary(length=2**30), nullable=False),
    )
    _copy_runs(op.get_bind(), jobs)
    op.drop_table("fairlap_runs")
    # 0.1.0 refuses a database with another version. Without this it would create its tables again, next to these, and
    # show an empty list.
    op.execute("DELETE FROM fairlap_schema")
    op.execute("INSERT INTO fairlap_schema (version) VALUES (2)")


def _copy_runs(connection: sa.Connection, jobs: sa.Table) -> None:
    runs = sa.Table("fairlap_runs", sa.MetaData(), autoload_with=connection)
    ids = list(connection.execute(sa.select(runs.c.id)).scalars())
    for start in range(0, len(ids), ROWS_PER_INSERT):
        rows = connection.execute(sa.select(runs).where(runs.c.id.in_(ids[start : start + ROWS_PER_INSERT])))
        connection.execute(sa.insert(jobs), [_job_of_run(dict(row)) for row in rows.mappings()])
    connection.execute(sa.text("INSERT INTO fairlap_records (id, record) SELECT id, record FROM fairlap_runs"))


def _job_of_run(run: dict) -> dict:
    """The row of `fairlap_jobs` for a row of `fairlap_runs`."""
    head = _read_head(run.pop("record"))
    version = head.get("version")
    columns = {
        "kind": "race",
        "parent_id": None,
        "workload_title": run["workload"],
        "case_name": "",
        "case_label": "",
        "task": None,
        "title": run["workload"],
        "requester": "",
        "baseline_label": run["baseline"],
        "accelerated_label": run["accelerated"],
        "machine_id": None,
        "host": None,
        "boot_id": None,
        "record_version": version if isinstance(version, int) else 1,
    }
    try:
        described = describe_plan(head["plan"]) | {"boot_id": head["machine"]["boot_id"]} if version == 1 else {}
    except (KeyError, TypeError, ValueError):
        described = {}  # The record is damaged: the job is listed, and can be deleted.
    return run | columns | described


def _read_head(record: bytes) -> dict:
    """The fields at the beginning of a record; empty if the record is damaged."""
    try:
        text = zlib.decompressobj().decompress(record, MAX_HEAD_BYTES).decode(errors="ignore")
        head = from_json(text, allow_partial=True)
    except (zlib.error, ValueError):
        return {}
    return head if isinstance(head, dict) else {}
