"""The journal of a job: its events in order, one JSON object per line. Any process of the user may read it at any time.

The writer keeps a lock on the file. The kernel releases the lock when the writer exits, so a journal without a lock is
that of a job whose process has died.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic_core import from_json

from bench.run.events import RECORD_VERSION
from bench.run.job_record import JobEvent, job_event_adapter
from bench.run.upgrades import read_version, upgrade_event
from bench.system.file_locks import lock_file


class JournalWriter:
    """The journal as its job's process writes it. `append` returns when the kernel has taken the event."""

    def __init__(self, path: Path) -> None:
        """Raises OSError if the file cannot be made."""
        self.path = path
        # Renamed once it is locked: a journal without a lock belongs to a process that has died.
        draft = path.with_suffix(".draft")
        self._descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            lock_file(self._descriptor, path.parent, "FAIRLAP_HOME")
            draft.rename(path)
        except BaseException:
            os.close(self._descriptor)
            draft.unlink(missing_ok=True)
            raise

    def append(self, event: JobEvent) -> None:
        """Raises OSError if the disk is full; the journal then ends with the event before."""
        data = event.model_dump_json().encode() + b"\n"
        size_bytes = os.fstat(self._descriptor).st_size
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            os.ftruncate(self._descriptor, size_bytes)
            raise

    def close(self) -> None:
        os.close(self._descriptor)


class JournalReader:
    """Reads a journal while it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._partial = b""
        self._version: int | None = None
        """Version of the journal; None before its first event was read."""

    def read_new(self) -> Iterator[JobEvent]:
        """The events since the last call. A line that is still being written comes with the next call.

        Raises FileNotFoundError, and ValueError for a line that is no event.
        """
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            yield self._parse(line)

    def _parse(self, line: bytes) -> JobEvent:
        """The event of a line. Events of older versions are upgraded: a journal may outlive its program."""
        if self._version == RECORD_VERSION:
            return job_event_adapter.validate_json(line)
        fields = from_json(line)
        if self._version is None:
            self._version = read_version(fields)
        return job_event_adapter.validate_python(upgrade_event(fields, self._version))


def has_live_writer(path: Path) -> bool:
    """Check that the process which writes this journal is alive. Raises OSError if the file system cannot tell."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
