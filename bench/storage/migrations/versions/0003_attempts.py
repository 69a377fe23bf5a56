"""One small row per race that ended. It stays when the run is deleted, so that attempts at a plan can be counted.

Existing races are filled in from the columns of their jobs. Races that were deleted earlier are not known.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ROWS_PER_INSERT = 1000
ENDED_STATES = ("finished", "stopped", "failed", "interrupted")


def upgrade() -> None:
    attempts = op.create_table(
        "fairlap_attempts",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("plan_digest", sa.String(16), nullable=False, index=True),
        sa.Column("neighbourhood", sa.String(16), nullable=False, index=True),
        sa.Column("machine_id", sa.String(16)),
        sa.Column("machine_digest", sa.String(16), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("ratio", sa.Float),
        sa.Column("ratio_low", sa.Float),
        sa.Column("ratio_high", sa.Float),
        sa.Column("claimed", sa.Boolean),
    )
    connection = op.get_bind()
    jobs = sa.Table("fairlap_jobs", sa.MetaData(), autoload_with=connection)
    ended = sa.select(jobs.c.id).where(jobs.c.kind == "race", jobs.c.state.in_(ENDED_STATES))
    ids = list(connection.execute(ended).scalars())
    for start in range(0, len(ids), ROWS_PER_INSERT):
        rows = connection.execute(sa.select(jobs).where(jobs.c.id.in_(ids[start : start + ROWS_PER_INSERT])))
        connection.execute(sa.insert(attempts), [_attempt_of_job(row) for row in rows.mappings()])


def _attempt_of_job(job: sa.RowMapping) -> dict:
    columns = ("id", "machine_id", "started", "state", "ratio", "ratio_low", "ratio_high", "claimed")
    neighbourhood = [job[name] for name in ("workload", "case_name", "baseline", "accelerated")]
    return {name: job[name] for name in columns} | {
        "plan_digest": job["digest"],
        "neighbourhood": _digest(json.dumps(neighbourhood)),
        "machine_digest": _digest(job["machine"]),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
