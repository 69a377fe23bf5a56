"""The process that does a workload's tasks: `python -m bench.worker.task_worker REQUESTS REPLIES`.

Both arguments are inherited descriptors. As with `bench.worker.arm_worker`, environment and affinity are set before it
starts. It does one task at a time and keeps the workload's task handler, with what that has loaded, for the next one.
See `bench.worker.protocol` for the messages.
"""

from __future__ import annotations

import importlib
import sys

from bench.plan.validation import find_workload
from bench.worker import protocol
from bench.worker.channel import MessageWriter, make_error_reply, open_channel
from bench.workload.arguments import check_arguments
from bench.workload.interface import TaskHandler


def main(arguments: list[str]) -> int:
    incoming, writer = open_channel(arguments)
    handlers: dict[str, TaskHandler] = {}
    with open(incoming, "rb") as lines:
        for line in lines:
            writer.send(answer_request(line, handlers, writer))
    return 0


def answer_request(
    line: bytes, handlers: dict[str, TaskHandler], writer: MessageWriter
) -> protocol.ResultReply | protocol.ErrorReply:
    """Do the task that `line` asks for. `handlers` are those of earlier requests, by workload."""
    try:
        request = protocol.task_request_adapter.validate_json(line)
        if request.version != protocol.VERSION:
            raise RuntimeError(f"expected version {protocol.VERSION} of the protocol, got {request.version}")
        tasks = find_workload(request.workload).tasks
        if request.workload not in handlers:
            writer.progress("importing the libraries")
            module, _, name = tasks.handler.partition(":")
            handlers[request.workload] = getattr(importlib.import_module(module), name)()
        arguments = check_arguments(tasks.task(request.task), request.arguments)
        result = getattr(handlers[request.workload], request.task)(request.settings(), arguments, writer)
        return protocol.ResultReply(value=result.model_dump(mode="json"))
    except Exception as error:
        # The boundary of the process: any exception of a task becomes the reply.
        return make_error_reply(error)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
