"""The other end of what `bench.worker.process` starts: how its process begins, and how it says things."""

from __future__ import annotations

import faulthandler
import os
import signal
from io import FileIO
from typing import Any

from pydantic import BaseModel

from bench.system.prctl import die_with_parent
from bench.worker import protocol


class MessageWriter:
    """Says messages, one a line. See `bench.workload.interface.ProgressReporter` and `Tell`, which it is."""

    def __init__(self, out: FileIO) -> None:
        self.out = out

    def send(self, message: BaseModel) -> None:
        data = message.model_dump_json().encode() + b"\n"
        while data:
            data = data[self.out.write(data) :]

    def progress(self, text: str, share: float | None = None) -> None:
        self.send(protocol.ProgressMessage(text=text, share=share))

    def event(self, name: str, value: dict[str, Any]) -> None:
        self.send(protocol.TaskEventMessage(name=name, value=value))


def open_channel(arguments: list[str]) -> tuple[int, MessageWriter]:
    """Of the two descriptors that the command line names: the one to read requests from, and a speaker on the other."""
    die_with_parent(signal.SIGKILL)
    faulthandler.enable()
    incoming, outgoing = (int(descriptor) for descriptor in arguments)
    for descriptor in (incoming, outgoing):
        os.set_inheritable(descriptor, False)
    return incoming, MessageWriter(FileIO(outgoing, "w"))
