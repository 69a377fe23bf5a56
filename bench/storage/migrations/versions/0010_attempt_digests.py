"""The row of an attempt has a digest of all its columns.

Existing rows get one: whether they were edited before is not known. A damaged row gets none, and counts as edited.
"""

import hashlib
import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

COLUMNS = (
    *("id", "plan_digest", "neighbourhood", "machine_id", "machine_digest", "started", "state", "ratio", "ratio_low"),
    *("ratio_high", "claimed"),
)
EXACT_DIALECTS = ("sqlite", "postgresql")


def upgrade() -> None:
    op.add_column("fairlap_attempts", sa.Column("row_digest", sa.String(64)))
    connection = op.get_bind()
    if connection.dialect.name not in EXACT_DIALECTS:
        return
    attempts = sa.Table("fairlap_attempts", sa.MetaData(), autoload_with=connection)
    for attempt_id in list(connection.execute(sa.select(attempts.c.id)).scalars()):
        own = attempts.c.id == attempt_id
        try:
            columns = connection.execute(sa.select(attempts).where(own)).mappings().one()
            digest = _digest(columns)
        except (ValueError, TypeError):
            continue  # A value of a wrong type: the row is damaged.
        connection.execute(sa.update(attempts).where(own).values(row_digest=digest))


def _digest(columns: sa.RowMapping) -> str:
    values = {name: _make_canonical(columns[name]) for name in COLUMNS if columns[name] is not None}
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_canonical(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
