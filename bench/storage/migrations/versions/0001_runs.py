"""The tables of version 0.1.0: one row per run with its record, and the version of the schema.

0.1.0 created them without Alembic. Databases that have them are marked with this revision instead of running it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("fairlap_schema", sa.Column("version", sa.Integer, primary_key=True))
    op.create_table(
        "fairlap_runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("digest", sa.String(16), nullable=False, index=True),
        sa.Column("workload", sa.String(64), nullable=False, index=True),
        sa.Column("started", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("cores", sa.Integer, nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sa.Column("baseline", sa.String(64), nullable=False),
        sa.Column("accelerated", sa.String(64), nullable=False),
        sa.Column("baseline_s", sa.Float),
        sa.Column("accelerated_s", sa.Float),
        sa.Column("ratio", sa.Float),
        sa.Column("ratio_low", sa.Float),
        sa.Column("ratio_high", sa.Float),
        sa.Column("speed", sa.String(32)),
        sa.Column("claimed", sa.Boolean),
        sa.Column("sentence", sa.Text),
        sa.Column("machine", sa.String(255), nullable=False),
        sa.Column("record", sa.LargeBinary(length=2**30), nullable=False),
    )
    op.execute("INSERT INTO fairlap_schema (version) VALUES (1)")
