"""Which visitor of a served dashboard asked for a job: a digest, never a name or a token.

Jobs of older versions get none, so only the operator may stop or delete them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("fairlap_jobs", sa.Column("owner", sa.String(128)))
