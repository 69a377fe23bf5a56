"""One task's process: `python -m bench.worker.task_worker REQUESTS REPLIES`, two inherited file descriptors.

As with `bench.worker.arm_worker`, environment and affinity already stand when it starts. It does one task at a time and keeps the
workload's desk, with what that has loaded, for the next. See `bench.worker.protocol` for what is said.
"""

from __future__ import annotations

import importlib
import sys
import traceback

from bench.worker import protocol
from bench.worker.channel import open_channel
from bench.workload.interface import TaskHandler, TaskReporter


def main(arguments: list[str]) -> int:
    incoming, speaker = open_channel(arguments)
    desks: dict[str, TaskHandler] = {}
    with open(incoming, "rb") as lines:
        for line in lines:
            speaker.send(answer_request(line, desks, speaker))
    return 0


def answer_request(
    line: bytes, desks: dict[str, TaskHandler], tell: TaskReporter
) -> protocol.TaskResultReply | protocol.ErrorReply:
    """Do what `line` asks for."""
    try:
        request = protocol.task_request_adapter.validate_json(line)
        if request.version != protocol.VERSION:
            raise RuntimeError(f"the server speaks version {request.version}, this process {protocol.VERSION}")
        if request.desk not in desks:
            tell.progress("importing the libraries")
            module, _, name = request.desk.partition(":")
            desks[request.desk] = getattr(importlib.import_module(module), name)()
        return protocol.TaskResultReply(
            value=getattr(desks[request.desk], request.task)(request.settings(), request.given, tell)
        )
    except Exception as error:
        # The boundary of the process: whatever a task raises becomes an answer, and stands in the log.
        traceback.print_exc()
        remedy = getattr(error, "remedy", "")
        what = str(error) if remedy else f"{type(error).__name__}: {error}"
        return protocol.ErrorReply(what=what, remedy=remedy)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
