"""The journal of a run: its events as they come, in a file that any process of the user may read along.

The writer holds a lock on the file for as long as it lives: a journal without a lock is one whose race has died.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from bench.run.events import RECORD_VERSION, Event, event_adapter
from bench.run.upgrades import read_version, upgrade_event


class JournalWriter:
    """Written by one race. Every event is on its way to the disk when `append` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Under another name until it is locked: nobody may take it for the journal of a race that has died.
        draft = path.with_suffix(".draft")
        self._file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        draft.rename(path)

    def append(self, event: Event) -> None:
        """Raises OSError where the disk is full; what was appended before stays readable."""
        data = event.model_dump_json().encode() + b"\n"
        while data:
            data = data[os.write(self._file, data) :]

    def close(self) -> None:
        os.close(self._file)


class JournalReader:
    """Reads along. Each `more` gives the events since the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._partial = b""
        self._version: int | None = None
        """Version of the journal; None before its first event was read."""

    def more(self) -> Iterator[Event]:
        """Whole lines only: one that is still being written comes next time. Raises FileNotFoundError."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            yield self._parse(line)

    def _parse(self, line: bytes) -> Event:
        """The event of a line. Events of older versions are upgraded: a journal may outlive its program."""
        if self._version == RECORD_VERSION:
            return event_adapter.validate_json(line)
        fields = from_json(line)
        if self._version is None:
            self._version = read_version(fields)
        return event_adapter.validate_python(upgrade_event(fields, self._version))


def has_live_writer(path: Path) -> bool:
    """Whether a living process still writes this journal."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
