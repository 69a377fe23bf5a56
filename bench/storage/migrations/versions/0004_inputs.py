"""What a race worked on, in one line, for lists and their export. Races of older versions did not record it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("fairlap_jobs", sa.Column("inputs", sa.Text))
