"""Reads records and journals of older versions of Fairlap.

Each `upgrade_to_N` takes the JSON of a record of version N - 1 and returns that of version N. It depends on nothing
that may change later: declarations as they were then come from frozen files. Records of versions newer than this one
are refused, and nobody writes over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from bench.run.events import RECORD_VERSION
from bench.run.upgrade_to_2 import upgrade_event_to_2, upgrade_to_2
from bench.run.upgrade_to_3 import upgrade_event_to_3, upgrade_to_3

Json = dict[str, Any]

UPGRADES: Mapping[int, Callable[[Json], Json]] = {1: upgrade_to_2, 2: upgrade_to_3}
"""Version of a record to the function that makes the next version of it."""
EVENT_UPGRADES: Mapping[int, Callable[[Json], Json]] = {1: upgrade_event_to_2, 2: upgrade_event_to_3}
"""Version of a journal to the function that makes the next version of one of its events."""


class NewerVersionError(ValueError):
    """A record or a journal of a newer version than this one reads. The text says what to do."""

    def __init__(self, version: int) -> None:
        super().__init__(
            f"it has version {version}, and this version of Fairlap reads versions up to {RECORD_VERSION}. Use the "
            "version of Fairlap that wrote it."
        )


def read_version(fields: object) -> int:
    """The version of a record, or of a journal by its first event. Raises NewerVersionError and ValueError."""
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    version = cast(Json, fields).get("version")
    if not isinstance(version, int) or version < 1:
        raise ValueError(f"its version is {version!r}, expected a number from 1")
    if version > RECORD_VERSION:
        raise NewerVersionError(version)
    return version


def upgrade_record(record: object) -> Json:
    """The JSON of a stored record in the newest version.

    Raises NewerVersionError, and ValueError for what is not a record of its version.
    """
    return _upgrade(record, read_version(record), UPGRADES)


def upgrade_event(event: object, version: int) -> Json:
    """The JSON of an event in the newest version; `version` is that of its journal. Raises ValueError."""
    return _upgrade(event, version, EVENT_UPGRADES)


def _upgrade(fields: Any, version: int, upgrades: Mapping[int, Callable[[Json], Json]]) -> Json:
    try:
        for older in range(version, RECORD_VERSION):
            fields = upgrades[older](fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks something that version {version} has: {error!r}") from error
    return fields
