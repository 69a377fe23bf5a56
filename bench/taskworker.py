"""One task's process: `python -m bench.taskworker REQUESTS REPLIES`, two inherited file descriptors.

As with `bench.worker`, environment and affinity already stand when it starts. It does one task at a time and keeps the
workload's desk, with what that has loaded, for the next. See `bench.protocol` for what is said.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import sys
import traceback
from io import FileIO
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bench import protocol
from bench.system import die_with_parent
from bench.workload import Desk, Settings


def main(arguments: list[str]) -> int:
    die_with_parent(signal.SIGKILL)
    faulthandler.enable()
    incoming, outgoing = (int(descriptor) for descriptor in arguments)
    for descriptor in (incoming, outgoing):
        os.set_inheritable(descriptor, False)
    said = Said(FileIO(outgoing, "w"))
    desks: dict[str, Desk] = {}
    with open(incoming, "rb") as lines:
        for line in lines:
            said.say(answer(line, desks, said))
    return 0


class Said:
    """What this process says; see `bench.workload.Tell`."""

    def __init__(self, out: FileIO) -> None:
        self.out = out

    def say(self, message: BaseModel) -> None:
        data = message.model_dump_json().encode() + b"\n"
        while data:
            data = data[self.out.write(data) :]

    def progress(self, text: str, share: float | None = None) -> None:
        self.say(protocol.Progress(text=text, share=share))

    def event(self, name: str, value: dict[str, Any]) -> None:
        self.say(protocol.Event(name=name, value=value))


def answer(line: bytes, desks: dict[str, Desk], said: Said) -> protocol.Done | protocol.Broke:
    """Do what `line` asks for."""
    try:
        request = protocol.dos.validate_json(line)
        if request.version != protocol.VERSION:
            raise RuntimeError(f"the server speaks version {request.version}, this process {protocol.VERSION}")
        if request.desk not in desks:
            said.progress("importing the libraries")
            module, _, name = request.desk.partition(":")
            desks[request.desk] = getattr(importlib.import_module(module), name)()
        settings = Settings(
            lever="",
            cores=len(request.cores),
            batch=request.batch,
            parameters=request.parameters,
            seed=request.seed,
            scratch=Path(request.scratch),
            uploads=Path(request.uploads),
            cache=Path(request.cache),
        )
        return protocol.Done(value=getattr(desks[request.desk], request.task)(settings, request.given, said))
    except Exception as error:
        # The boundary of the process: whatever a task raises becomes an answer, and stands in the log.
        traceback.print_exc()
        remedy = getattr(error, "remedy", "")
        what = str(error) if remedy else f"{type(error).__name__}: {error}"
        return protocol.Broke(what=what, remedy=remedy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
