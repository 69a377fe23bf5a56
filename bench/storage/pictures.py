"""The pictures of runs, each stored once by its content: runs of one photo share most of theirs.

In a stored record a picture has `sha256`, the digest of its content, in place of `base64`. See
`bench.values.output.Picture`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text

from bench.storage.schema import pictures_table, run_pictures_table

Json = dict[str, Any]

PICTURE_LOCK_KEY = 0x6661_6972_7069_63
"""Key of PostgreSQL's advisory lock: 'fairpic' in ASCII. SQLite has one writer at a time anyway."""


def detach_pictures(record: Json) -> tuple[Json, dict[str, bytes]]:
    """A record as JSON with digests in place of the content of its pictures, and the contents by digest.

    A record that has no pictures is returned as it is. Raises ValueError if a picture is not base64.
    """
    contents: dict[str, bytes] = {}

    def detach(picture: Json) -> Json:
        fields = dict(picture)
        try:
            content = base64.b64decode(fields.pop("base64"), validate=True)
        except binascii.Error as error:
            raise ValueError(f"a picture of the record is not base64: {error}") from error
        digest = hashlib.sha256(content).hexdigest()
        contents[digest] = content
        return fields | {"sha256": digest}

    if not any(_list_pictures(record)):
        return record, contents
    pictures = {arm: [detach(picture) for picture in group] for arm, group in record["pictures"].items()}
    return record | {"pictures": pictures}, contents


def attach_pictures(record: Json, contents: Mapping[str, bytes]) -> tuple[Json, bool]:
    """The reverse of `detach_pictures`; also whether all pictures are there, with the content that was stored.

    Pictures that are missing or changed are left out.
    """
    complete = True

    def attach(group: list[Json]) -> Iterator[Json]:
        nonlocal complete
        for picture in group:
            fields = dict(picture)
            digest = fields.pop("sha256", None)
            if digest is None:
                yield fields  # A record of an older version that was not migrated.
                continue
            content = contents.get(digest)
            if content is None or hashlib.sha256(content).hexdigest() != digest:
                complete = False
                continue
            yield fields | {"base64": base64.b64encode(content).decode()}

    if not any(_list_pictures(record)):
        return record, complete
    pictures = {arm: list(attach(group)) for arm, group in record["pictures"].items()}
    return record | {"pictures": pictures}, complete


def _list_pictures(record: Json) -> Iterator[Json]:
    for group in (record.get("pictures") or {}).values():
        yield from group


def lock_pictures(connection: Connection) -> None:
    """Keep other processes from deleting a picture between its check and its use, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PICTURE_LOCK_KEY})


def write_pictures(connection: Connection, run_id: str, contents: Mapping[str, bytes]) -> None:
    """Store the pictures that are not there yet, and that the run shows them all. Needs `lock_pictures`."""
    if not contents:
        return
    there = select(pictures_table.c.digest).where(pictures_table.c.digest.in_(contents))
    missing = contents.keys() - set(connection.execute(there).scalars())
    if missing:
        rows = [{"digest": digest, "content": contents[digest]} for digest in sorted(missing)]
        connection.execute(insert(pictures_table), rows)
    connection.execute(insert(run_pictures_table), [{"run_id": run_id, "digest": digest} for digest in contents])


def read_pictures(connection: Connection, run_id: str) -> dict[str, bytes]:
    """The contents of the pictures that a run shows, by digest."""
    query = select(pictures_table).join(run_pictures_table).where(run_pictures_table.c.run_id == run_id)
    return {row.digest: row.content for row in connection.execute(query)}


def delete_pictures(connection: Connection, run_id: str) -> None:
    """Remove a run's pictures, except for those that other runs show. Needs `lock_pictures`."""
    mine = select(run_pictures_table.c.digest).where(run_pictures_table.c.run_id == run_id)
    digests: Iterable[str] = list(connection.execute(mine).scalars())
    if not digests:
        return
    connection.execute(delete(run_pictures_table).where(run_pictures_table.c.run_id == run_id))
    shown = select(run_pictures_table.c.digest).where(run_pictures_table.c.digest.in_(digests))
    unused = set(digests) - set(connection.execute(shown).scalars())
    if unused:
        connection.execute(delete(pictures_table).where(pictures_table.c.digest.in_(unused)))
