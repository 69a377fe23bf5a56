"""The worker's side of the pipes that `bench.worker.process` opens."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import traceback
from io import FileIO

from pydantic import BaseModel

from bench.system.prctl import die_with_parent
from bench.worker import protocol
from bench.workload.interface import BadInput


class MessageWriter:
    """Sends messages, one per line. See `ProgressReporter` and `TaskReporter` in `bench.workload.interface`."""

    def __init__(self, out: FileIO) -> None:
        self.out = out

    def send(self, message: BaseModel) -> None:
        data = message.model_dump_json().encode() + b"\n"
        while data:
            data = data[self.out.write(data) :]

    def progress(self, text: str, share: float | None = None) -> None:
        self.send(protocol.ProgressMessage(text=text, share=share))

    def report(self, name: str, value: BaseModel) -> None:
        self.send(protocol.ReportMessage(name=name, value=value.model_dump(mode="json")))


def open_channel(arguments: list[str]) -> tuple[int, MessageWriter]:
    """Open the two descriptors of the command line. Returns that of the requests, and a writer for replies."""
    die_with_parent(signal.SIGKILL)
    faulthandler.enable()
    incoming, outgoing = (int(descriptor) for descriptor in arguments)
    for descriptor in (incoming, outgoing):
        os.set_inheritable(descriptor, False)
    return incoming, MessageWriter(FileIO(outgoing, "w"))


def make_error_reply(error: Exception) -> protocol.ErrorReply:
    """The reply for an exception of a workload. Its traceback is written to the log, unless the input was wrong: then
    the message and the remedy say all."""
    if isinstance(error, BadInput):
        return protocol.ErrorReply(what=str(error), remedy=error.remedy, is_input=True)
    # The log may be on a disk that is full, and that may be the error.
    with contextlib.suppress(OSError):
        traceback.print_exception(error)
    remedy = getattr(error, "remedy", "")
    return protocol.ErrorReply(what=str(error) if remedy else f"{type(error).__name__}: {error}", remedy=remedy)
