"""Digests by which an edited job is noticed: one of its record, and one of its row with that digest. The row of an
attempt has one too.

They find edits by accident or by hand. They are no signature: an editor of the database can also write new digests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from bench.storage.damaged_rows import replace_damaged
from bench.storage.schema import attempts_table, jobs_table

DIGESTED_COLUMNS = tuple(column.name for column in jobs_table.c if column.name != "row_digest")
DIGESTED_ATTEMPT_COLUMNS = tuple(column.name for column in attempts_table.c if column.name != "row_digest")
EXACT_DIALECTS = ("sqlite", "postgresql")
"""Databases that give back times and floating-point numbers to the last digit. Rows of others have no digest."""


def digest_record(stored: bytes) -> str:
    """The digest of a record as it is stored: compressed, so that lists compare it without unpacking. Upgrades do not
    change it, because they happen after loading."""
    return hashlib.sha256(stored).hexdigest()


def digest_row(columns: Mapping[str, Any], record_digest: str | None) -> str:
    """The digest of a job's row. A column that is missing counts as NULL.

    Columns that are NULL are left out: so a later version may add a column without changing the digests of old rows.
    """
    return _digest(_select_values(columns, DIGESTED_COLUMNS) | {"record_digest": record_digest})


def digest_export(report: Mapping[str, Any]) -> str:
    """The digest of an exported race: of its content without the field `export`, in which the digest is."""
    return _digest({name: value for name, value in report.items() if name != "export"})


def digest_attempt(columns: Mapping[str, Any]) -> str:
    """The digest of the row of an attempt, whose columns count as in `digest_row`."""
    return _digest(_select_values(columns, DIGESTED_ATTEMPT_COLUMNS))


def is_edited(columns: Mapping[str, Any], record: object, record_digest: str | None, *, with_columns: bool) -> bool:
    """Whether the row of a job or its record is not what was stored. A digest that is missing was removed.

    `record` is the compressed record, None if it is missing. `with_columns` is False for a database that does not give
    back what was stored to the last digit.
    """
    if not isinstance(record, bytes | memoryview) or digest_record(bytes(record)) != record_digest:
        return True
    if replace_damaged(dict(columns), jobs_table):
        return True
    return with_columns and columns["row_digest"] != digest_row(columns, record_digest)


def is_attempt_edited(columns: Mapping[str, Any], *, with_columns: bool) -> bool:
    """Whether the row of an attempt is not what was stored; `with_columns` as for `is_edited`.

    A digest that is missing counts as removed, although a server of an earlier version that still runs after the
    migration stores none: otherwise an editor could hide an edit by removing the digest.
    """
    if replace_damaged(dict(columns), attempts_table):
        return True
    return with_columns and columns["row_digest"] != digest_attempt(columns)


def _select_values(columns: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The canonical values of the columns `names` that are not NULL."""
    return {name: _make_canonical(columns.get(name)) for name in names if columns.get(name) is not None}


def _digest(values: Mapping[str, Any]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _make_canonical(value: Any) -> Any:
    """SQLite stores no time zone: what is written is in UTC."""
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
