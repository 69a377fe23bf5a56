"""Tables of the store, as the newest migration leaves them.

`fairlap_jobs` has what lists and filters need, one row per job. `fairlap_records` has the whole record, raw samples
included, as compressed JSON. They are two tables so that filters and searches never read a record: a list reads only
those of its own rows, to compare them with their digests. `fairlap_attempts` has one row per race that ended; it stays
when the race is deleted. `fairlap_pictures` has every picture once, whichever runs show it; `fairlap_run_pictures` says
which ones do.

Digests are SHA-256 in hexadecimal digits; see `bench.storage.integrity` for those of rows and records.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

MAX_TEXT_LENGTH = 255
"""Length of the columns for labels and titles. Longer texts are cut: the record has them in full."""
DIGEST_LENGTH = 64
MAX_RECORD_BYTES = 2**30
"""Chooses a column type that is large enough in databases that have several."""

metadata = MetaData()

jobs_table = Table(
    "fairlap_jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("parent_id", String(32), index=True),
    Column("digest", String(16), nullable=False),
    Column("workload", String(64), nullable=False),
    Column("workload_title", String(MAX_TEXT_LENGTH), nullable=False),
    Column("case_name", String(64), nullable=False),
    Column("case_label", String(MAX_TEXT_LENGTH), nullable=False),
    Column("task", String(64)),
    Column("title", String(MAX_TEXT_LENGTH), nullable=False),
    Column("started", DateTime(timezone=True), nullable=False, index=True),
    Column("state", String(32), nullable=False),
    Column("origin", String(32), nullable=False),
    Column("requester", String(MAX_TEXT_LENGTH), nullable=False),
    Column("owner", String(128)),
    Column("cores", Integer, nullable=False),
    Column("batch", Integer, nullable=False),
    Column("baseline", String(64), nullable=False),
    Column("accelerated", String(64), nullable=False),
    Column("baseline_label", String(MAX_TEXT_LENGTH), nullable=False),
    Column("accelerated_label", String(MAX_TEXT_LENGTH), nullable=False),
    Column("baseline_s", Float),
    Column("accelerated_s", Float),
    Column("ratio", Float),
    Column("ratio_low", Float),
    Column("ratio_high", Float),
    Column("speed", String(32)),
    Column("claimed", Boolean),
    Column("sentence", Text),
    Column("inputs", Text),
    Column("machine", String(MAX_TEXT_LENGTH), nullable=False),
    Column("machine_id", String(16)),
    Column("host", String(MAX_TEXT_LENGTH)),
    Column("boot_id", String(64)),
    Column("record_version", Integer, nullable=False),
    Column("findings", Text),
    Column("row_digest", String(DIGEST_LENGTH)),
    Column("claim_state", String(32)),
    Index("ix_fairlap_jobs_workload_started", "workload", "started"),
    Index("ix_fairlap_jobs_digest_started", "digest", "started"),
)

attempts_table = Table(
    "fairlap_attempts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("plan_digest", String(16), nullable=False, index=True),
    Column("neighbourhood", String(16), nullable=False, index=True),
    Column("machine_id", String(16)),
    Column("machine_digest", String(16), nullable=False),
    Column("started", DateTime(timezone=True), nullable=False),
    Column("state", String(32), nullable=False),
    Column("ratio", Float),
    Column("ratio_low", Float),
    Column("ratio_high", Float),
    Column("claimed", Boolean),
    Column("row_digest", String(DIGEST_LENGTH)),
)

records_table = Table(
    "fairlap_records",
    metadata,
    Column("id", String(32), ForeignKey("fairlap_jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("record", LargeBinary(length=MAX_RECORD_BYTES), nullable=False),
    Column("digest", String(DIGEST_LENGTH)),
)

pictures_table = Table(
    "fairlap_pictures",
    metadata,
    Column("digest", String(DIGEST_LENGTH), primary_key=True),
    Column("content", LargeBinary(length=MAX_RECORD_BYTES), nullable=False),
)

run_pictures_table = Table(
    "fairlap_run_pictures",
    metadata,
    Column("run_id", String(32), ForeignKey("fairlap_jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", String(DIGEST_LENGTH), ForeignKey("fairlap_pictures.digest"), primary_key=True, index=True),
)
