"""Pictures are stored once, by their digest. Records and rows have a digest by which an edit is noticed. What the rules
found about a race is a column.

Pictures are moved out of existing records, and their findings copied. Their digests stay NULL: whether they were edited
before is not known. A record that cannot be read is left as it is.
"""

import base64
import binascii
import hashlib
import json
import zlib

import sqlalchemy as sa
from alembic import op
from pydantic_core import from_json, to_json

revision = "0006"
down_revision = "0005"

TOTALS = ("total", "whole")
"""The step whose findings are those of the race; 0.1.0 called it 'whole'."""


def upgrade() -> None:
    op.add_column("fairlap_jobs", sa.Column("findings", sa.Text))
    op.add_column("fairlap_jobs", sa.Column("row_digest", sa.String(64)))
    op.add_column("fairlap_records", sa.Column("digest", sa.String(64)))
    pictures = op.create_table(
        "fairlap_pictures",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("content", sa.LargeBinary(length=2**30), nullable=False),
    )
    run_pictures = op.create_table(
        "fairlap_run_pictures",
        sa.Column("run_id", sa.String(32), sa.ForeignKey("fairlap_jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.String(64), sa.ForeignKey("fairlap_pictures.digest"), primary_key=True),
    )
    op.create_index("ix_fairlap_run_pictures_digest", "fairlap_run_pictures", ["digest"])
    connection = op.get_bind()
    jobs = sa.Table("fairlap_jobs", sa.MetaData(), autoload_with=connection)
    records = sa.Table("fairlap_records", sa.MetaData(), autoload_with=connection)
    stored: set[str] = set()
    for run_id in list(connection.execute(sa.select(jobs.c.id).where(jobs.c.kind == "race")).scalars()):
        content = connection.execute(sa.select(records.c.record).where(records.c.id == run_id)).scalar()
        try:
            record = from_json(zlib.decompress(content or b""))
            contents = _detach_pictures(record)
            findings = _list_findings(record)
        except (zlib.error, binascii.Error, ValueError, KeyError, TypeError, AttributeError):
            continue
        if findings:
            connection.execute(sa.update(jobs).where(jobs.c.id == run_id).values(findings=json.dumps(findings)))
        if not contents:
            continue
        for digest in contents.keys() - stored:
            connection.execute(sa.insert(pictures).values(digest=digest, content=contents[digest]))
        stored |= contents.keys()
        connection.execute(sa.insert(run_pictures), [{"run_id": run_id, "digest": digest} for digest in contents])
        packed = zlib.compress(to_json(record))
        connection.execute(sa.update(records).where(records.c.id == run_id).values(record=packed))


def _detach_pictures(record: dict) -> dict[str, bytes]:
    """Replace the content of each picture by its digest, in place. Returns the contents by digest."""
    contents = {}
    for group in (record.get("pictures") or {}).values():
        for picture in group:
            content = base64.b64decode(picture.pop("base64"), validate=True)
            picture["sha256"] = hashlib.sha256(content).hexdigest()
            contents[picture["sha256"]] = content
    return contents


def _list_findings(record: dict) -> list[dict]:
    """What the rules found about the total, except for what passed."""
    for claim in record.get("claims") or []:
        if claim["step"] in TOTALS:
            fields = ("rule", "outcome", "title", "seen")
            found = [finding for finding in claim["findings"] if finding["outcome"] != "passed"]
            return [{name: finding[name] for name in fields} for finding in found]
    return []
