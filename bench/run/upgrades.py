"""Reads records and journals of older versions of Fairlap.

Each `upgrade_to_N` takes the JSON of a record of version N - 1 and returns that of version N. It depends on nothing
that may change later: declarations as they were then come from frozen files. Records of versions newer than this one
are refused, and nobody writes over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bench.run.events import RECORD_VERSION
from bench.run.upgrade_to_2 import upgrade_event_to_2, upgrade_to_2

UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: upgrade_to_2}
"""Version of a record to the function that makes the next version of it."""
EVENT_UPGRADES: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: upgrade_event_to_2}
"""Version of a journal to the function that makes the next version of one of its events."""


class NewerVersionError(ValueError):
    """A record or a journal of a newer version than this one reads. The text says what to do."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"it has version {version}, and this version of Fairlap reads versions up to {RECORD_VERSION}. Use the "
            "version of Fairlap that wrote it."
        )


def upgrade_record(record: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a stored record in the newest version.

    Raises NewerVersionError, and ValueError or KeyError for what is no record of its version.
    """
    version = _check_version(record)
    while version < RECORD_VERSION:
        record = UPGRADES[version](record)
        version = record["version"]
    return record


def upgrade_journal(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of a journal, as JSON, in the newest version. Raises the same errors as `upgrade_record`."""
    version = 0
    for event in events:
        # The first event, the opening, has the version of them all.
        version = version or _check_version(event)
        for older in range(version, RECORD_VERSION):
            event = EVENT_UPGRADES[older](event)
        yield event


def _check_version(fields: dict[str, Any]) -> int:
    version = fields.get("version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"its version is {version!r}, expected a number from 1")
    if version > RECORD_VERSION:
        raise NewerVersionError(version)
    return version
