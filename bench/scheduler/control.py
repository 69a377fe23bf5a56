"""Requests to a job that waits or runs: small JSON messages through a named pipe beside its journal.

The process that submits a job creates the pipe and hands its read end on to the job's runner, so a request reaches the
job in either state, and one that was sent in between is not lost. A request to a job that has ended finds no reader and
leaves nothing behind.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from bench.run.files import control_path
from bench.run.job import Origin
from bench.values.base import Value

READ_SIZE_BYTES = 1 << 16


STOP_REASONS: dict[Origin, str] = {
    "page": "Stop was pressed on the page",
    "command line": "a user stopped it on the command line",
}


class StopRequest(Value):
    """End the job; what it has measured is kept."""

    type: Literal["stop"] = "stop"
    origin: Origin
    """The program in which someone stopped the job."""


class PauseRequest(Value):
    """Take no sample before `until`, because a page is being drawn on the same cores."""

    type: Literal["pause"] = "pause"
    until: float
    """Seconds since the epoch."""


class StartRequest(Value):
    """Start the pairs of a race that waits for it, see `JobOrder.waits_for_start`."""

    type: Literal["start"] = "start"


ControlRequest = Annotated[StopRequest | PauseRequest | StartRequest, Field(discriminator="type")]
_adapter: TypeAdapter[ControlRequest] = TypeAdapter(ControlRequest)


class ControlPipe:
    """The read end of a job's pipe. Reading never blocks."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._partial = b""
        self._stop_request: StopRequest | None = None
        self._paused_until = 0.0
        self._is_started = False

    @classmethod
    def create(cls, job_id: str) -> ControlPipe:
        """Make the pipe of a new job. Raises OSError."""
        path = control_path(job_id)
        # Renamed once it has a reader: a pipe without one belongs to a process that has died, see `has_reader`.
        draft = path.with_suffix(".control-draft")
        try:
            os.mkfifo(draft, 0o600)
            descriptor = os.open(draft, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            draft.rename(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        return cls(descriptor)

    def stop_request(self) -> StopRequest | None:
        """The first request to end the job, if there was one."""
        self._read()
        return self._stop_request

    def pause_left_s(self) -> float:
        """Seconds for which the job has been asked to take no sample."""
        self._read()
        return max(0.0, self._paused_until - time.time())

    def is_started(self) -> bool:
        """Whether there was a request to start."""
        self._read()
        return self._is_started

    def close(self) -> None:
        os.close(self.descriptor)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.descriptor, READ_SIZE_BYTES)
            except BlockingIOError:
                return
            if not data:
                return  # No process has the pipe open for writing now.
            *lines, self._partial = (self._partial + data).split(b"\n")
            for line in lines:
                self._apply(line)

    def _apply(self, line: bytes) -> None:
        try:
            request = _adapter.validate_json(line)
        except ValidationError:
            return  # A request of another version of Fairlap.
        match request:
            case StopRequest():
                self._stop_request = self._stop_request or request
            case PauseRequest(until=until):
                self._paused_until = max(self._paused_until, until)
            case StartRequest():
                self._is_started = True


def send_request(job_id: str, request: StopRequest | PauseRequest | StartRequest) -> bool:
    """Send a request to a job of this user. False if the job has ended, or never existed."""
    try:
        descriptor = os.open(control_path(job_id), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno == errno.ENXIO:
            return False  # No reader: the job's process has died.
        raise
    try:
        # Shorter than PIPE_BUF, so the kernel writes it in one piece or not at all.
        os.write(descriptor, request.model_dump_json().encode() + b"\n")
    except BlockingIOError:
        # The pipe is full of unread requests; a job that reads none cannot be reached.
        return False
    except BrokenPipeError:
        return False
    finally:
        os.close(descriptor)
    return True


def has_reader(path: Path) -> bool:
    """Check that the process behind a control pipe is alive."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.ENOENT):
            return False
        raise
    os.close(descriptor)
    return True


def hide_pipe(job_id: str) -> bool:
    """Let no more requests reach a job until `show_pipe`. False if that cannot be done."""
    try:
        control_path(job_id).rename(_hidden_path(job_id))
    except OSError:
        return False
    return True


def show_pipe(job_id: str) -> None:
    """Let requests reach a job again. Raises OSError."""
    _hidden_path(job_id).rename(control_path(job_id))


def _hidden_path(job_id: str) -> Path:
    return control_path(job_id).with_suffix(".control-hidden")


def remove_pipe(job_id: str) -> None:
    for path in (control_path(job_id), _hidden_path(job_id)):
        path.unlink(missing_ok=True)
