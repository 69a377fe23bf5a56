"""One race at a time on a machine: tickets in a folder and a lock, across sessions, dashboards and command lines.

Who wants to race draws a ticket, a file that its process holds locked. The first living ticket may take the machine's
lock. A process that dies loses its locks, however it dies, so that no ticket of the dead is waited for.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import paths


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """Who waits or races."""

    run: str
    workload: str
    title: str
    origin: str
    pid: int
    submitted: float
    """Seconds since the epoch."""


class Ticket:
    """A place in the queue, held until `leave`."""

    def __init__(self, queue: Queue, entry: QueueEntry, path: Path, file: int) -> None:
        self.queue, self.entry, self.path = queue, entry, path
        self._file = file

    def place(self) -> int:
        """How many stand in front; 0 when it is this ticket's turn."""
        return next((place for place, entry in enumerate(self.queue.entries()) if entry.run == self.entry.run), 0)

    def leave(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._file)


class Queue:
    """The machine's queue, in a folder."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.queue()

    def enter(self, *, run: str, workload: str, title: str, origin: str) -> Ticket:
        entry = QueueEntry(run, workload, title, origin, os.getpid(), time.time())
        # Under another name until it is locked: nobody may take it for a ticket of the dead.
        draft = self.folder / f"{run}.draft"
        file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        os.fchmod(file, 0o644)  # Whatever the umask is: the other users of the machine read who is in front of them.
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, json.dumps(asdict(entry)).encode())
        # One at a time, so that no ticket appears in front of one that has been seen to be the first.
        counter = self._open("counter.lock")
        fcntl.flock(counter, fcntl.LOCK_EX)
        path = self.folder / f"{time.time_ns():020d}-{run}.ticket"
        draft.rename(path)
        os.close(counter)
        return Ticket(self, entry, path, file)

    def entries(self) -> list[QueueEntry]:
        """The living tickets, first come first; the first one races or is about to."""
        return list(self._living())

    def take_machine(self) -> int | None:
        """A descriptor that holds the machine's lock while it, or a copy of it, is open; None while another races."""
        file = self._open("machine.lock")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return file

    def _open(self, name: str) -> int:
        """A file of the queue's that every user may lock."""
        path = self.folder / name
        # The folder is everybody's: what lies there under our name is opened, never followed, and never changed.
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, flags)
        try:
            file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return os.open(path, flags)  # Another process has just made it.
        os.fchmod(file, 0o666)  # Whatever this process's umask made of it.
        return file

    def _living(self) -> Iterator[QueueEntry]:
        for path in sorted(self.folder.glob("*.ticket")):
            try:
                file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue  # It left between being listed and being read, or is none of ours.
            try:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    entry = _parse_entry(os.read(file, 1 << 16))
                    if entry is not None:
                        yield entry
                else:
                    _remove_ticket(path)
            finally:
                os.close(file)


def _parse_entry(content: bytes) -> QueueEntry | None:
    """What a ticket says; None where it is not one that this version understands."""
    try:
        return QueueEntry(**json.loads(content))
    except (ValueError, TypeError):
        return None


def _remove_ticket(path: Path) -> None:
    """Remove a ticket of the dead, where it is ours to remove."""
    # Another user's counts for nothing all the same, and that user's next look removes it.
    with contextlib.suppress(PermissionError):
        path.unlink(missing_ok=True)
