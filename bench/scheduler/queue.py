"""One job at a time on a machine: a folder of tickets and one lock, shared by all dashboards and command lines.

Each waiting job owns a ticket file and keeps a lock on it. The job whose ticket is the oldest may take the machine's
lock. The kernel releases a lock when its process exits, so the tickets of dead processes are recognized and skipped.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, ValidationError

from bench import paths
from bench.run.job import JobKind
from bench.system.file_locks import explain_missing_locks, lock_file, try_lock
from bench.values.base import Value

INTERACTIVE_KIND = "interactive"
"""Kind of an entry that holds the machine for a moment and is no stored job, see `bench.scheduler.interactive`."""
MAX_TICKET_BYTES = 1 << 16
NUMBER_DIGITS = 20
"""Digits of the number that a ticket's name begins with: nanoseconds since the epoch, or one more than the last."""
VARIABLE = "FAIRLAP_QUEUE"


class QueueEntry(Value):
    """A job that waits or runs, as every user of the machine can read it."""

    job_id: str
    kind: JobKind | str = Field(union_mode="left_to_right")
    """A JobKind, `INTERACTIVE_KIND`, or a kind of another version of Fairlap."""
    workload: str
    task: str = ""
    digest: str = ""
    """Equal for jobs whose results can replace each other."""
    title: str
    origin: str
    requester: str
    pid: int
    """The process that submitted the job."""
    submitted: float
    """Seconds since the epoch."""


class Ticket:
    """A place in the queue, kept until `leave`."""

    def __init__(self, queue: Queue, entry: QueueEntry, path: Path, descriptor: int) -> None:
        self.queue, self.entry, self.path = queue, entry, path
        self._descriptor = descriptor

    def place(self) -> int:
        """Number of jobs in front of this one."""
        ids = [entry.job_id for entry in self.queue.entries()]
        return ids.index(self.entry.job_id) if self.entry.job_id in ids else 0

    def leave(self) -> None:
        # Without its lock the ticket counts as that of a dead process, also if the folder cannot be written.
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


class Queue:
    """The queue of this machine."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.queue()

    def enter(
        self,
        *,
        job_id: str,
        kind: JobKind | str,
        workload: str,
        title: str,
        origin: str,
        requester: str,
        task: str = "",
        digest: str = "",
    ) -> Ticket:
        """Join the queue at its end. Raises OSError if the folder cannot be written."""
        entry = QueueEntry(
            job_id=job_id,
            kind=kind,
            workload=workload,
            task=task,
            digest=digest,
            title=title,
            origin=origin,
            requester=requester,
            pid=os.getpid(),
            submitted=time.time(),
        )
        # Renamed once it is locked: a ticket without a lock belongs to a process that has died.
        draft = self.folder / f"{job_id}.draft"
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.fchmod(descriptor, 0o644)  # Readable for other users whatever the umask is: they see who is in front.
            lock_file(descriptor, self.folder, VARIABLE)
            os.write(descriptor, entry.model_dump_json().encode())
            path = self._append(draft, job_id)
        except BaseException:
            os.close(descriptor)
            draft.unlink(missing_ok=True)
            raise
        return Ticket(self, entry, path, descriptor)

    def _append(self, draft: Path, job_id: str) -> Path:
        """Make a draft the last ticket; returns its new path."""
        # One process at a time, so that no ticket appears in front of one that was already seen as the first.
        counter = self._open_shared("counter.lock")
        try:
            lock_file(counter, self.folder, VARIABLE)
            # The clock may have been set back since the last ticket was drawn.
            last = max((_read_number(path) for path, _ in self._read_tickets()), default=0)
            path = self.folder / f"{max(time.time_ns(), last + 1):0{NUMBER_DIGITS}d}-{job_id}.ticket"
            draft.rename(path)
        finally:
            os.close(counter)
        return path

    def entries(self) -> list[QueueEntry]:
        """The jobs of living processes in order; the first runs or is about to."""
        return [entry for _, entry in self._read_tickets()]

    def take_machine(self) -> int | None:
        """A descriptor that holds the machine's lock while it or a copy of it is open; None if another job holds it."""
        descriptor = self._open_shared("machine.lock")
        try:
            if try_lock(descriptor, self.folder, VARIABLE):
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)
        return None

    def _open_shared(self, name: str) -> int:
        """Open a lock file that every user of the machine may lock."""
        path = self.folder / name
        # Anybody may create files in this folder: never follow a link in it, and never truncate a file.
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, flags)
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            return os.open(path, flags)  # Another process has just created it.
        os.fchmod(descriptor, 0o666)  # Whatever the umask is.
        return descriptor

    def _read_tickets(self) -> Iterator[tuple[Path, QueueEntry]]:
        """The tickets of living processes in order. Raises OSError if the file system has no locks."""
        for path in sorted(self.folder.glob("*.ticket")):
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue  # Removed since it was listed, or not a ticket.
            try:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    entry = _parse_entry(os.read(descriptor, MAX_TICKET_BYTES))
                    if entry is not None:
                        yield path, entry
                except OSError as error:
                    raise explain_missing_locks(error, self.folder, VARIABLE) from error
                else:
                    _remove_ticket(path)
            finally:
                os.close(descriptor)


def _read_number(path: Path) -> int:
    """The number of a ticket; 0 if its name has none, or one that leaves no room for a larger one."""
    digits = path.name.partition("-")[0]
    number = int(digits) if digits.isdecimal() else 0
    return number if number + 1 < 10**NUMBER_DIGITS else 0


def _parse_entry(content: bytes) -> QueueEntry | None:
    """The entry in a ticket; None if another version of Fairlap or another program wrote it."""
    try:
        return QueueEntry.model_validate_json(content)
    except ValidationError:
        return None


def _remove_ticket(path: Path) -> None:
    """Remove a dead process's ticket. Only its own user may: a ticket of another user stays, and is skipped."""
    with contextlib.suppress(PermissionError):
        path.unlink(missing_ok=True)
