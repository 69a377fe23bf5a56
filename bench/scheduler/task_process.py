"""The process that does a workload's tasks, as its owner sees it: start it, have a task done, end it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bench.system.readiness import wait_readable
from bench.values.arms import Failure
from bench.worker import protocol
from bench.worker.environment import make_environment
from bench.worker.process import LineTooLong, ProcessEnded, SupervisedProcess
from bench.workload.tasks import Task

CHECK_INTERVAL_S = 0.05
"""Longest time between two calls of `check` while a task works."""
DEFECT_REMEDY = "This is a defect of the workload; its log may show the cause."


class TaskFailed(Exception):
    """A task ended without a result; `failure` says why."""

    def __init__(self, what: str, remedy: str, log: list[str] | None = None) -> None:
        super().__init__(what)
        self.failure = Failure(what=what, remedy=remedy, log=log or [])


class TaskProcess:
    """A task process on `cores`, with its log in `folder`."""

    def __init__(self, cores: list[int], environment: Mapping[str, str], folder: Path) -> None:
        """Start it. Raises OSError."""
        self.cores, self.folder = cores, folder
        self._process = SupervisedProcess(
            "bench.worker.task_worker", cores, make_environment(len(cores), environment), folder / "log"
        )

    def is_alive(self) -> bool:
        """Check that an idle process waits for its next task."""
        try:
            self._process.lines()
        except ProcessEnded:
            return False
        return True

    def end(self) -> str:
        """End the process and all its descendants. Returns how the process ended, as text."""
        return self._process.end()

    def run(
        self,
        task: Task,
        request: protocol.DoTask,
        *,
        report: Callable[[protocol.ProgressMessage | protocol.ReportMessage], None],
        check: Callable[[], None],
    ) -> dict[str, Any]:
        """Have `task` done; returns its result, as JSON that fits the task's model.

        `report` gets every message on the way. `check` is called all the time while the task works; to stop waiting it
        raises. Raises TaskFailed.
        """
        last_message_at = time.monotonic()
        try:
            self._process.send(request.model_dump_json().encode())
            while True:
                wait_readable([self._process], CHECK_INTERVAL_S)
                check()
                for line in self._process.lines():
                    last_message_at = time.monotonic()
                    match protocol.task_reply_adapter.validate_json(line):
                        case protocol.ProgressMessage() as message:
                            report(message)
                        case protocol.ReportMessage() as message:
                            _check_model(task.reports.get(message.name), message.value)
                            report(message)
                        case protocol.ResultReply() as reply:
                            _check_model(task.result, reply.value)
                            return reply.value
                        case protocol.ErrorReply() as reply:
                            # An error with a remedy was foreseen by the workload and needs no log.
                            log = [] if reply.remedy else self._process.log_tail()
                            exhausted = "" if reply.remedy else self._process.explain_exhaustion(reply.what)
                            raise TaskFailed(reply.what, reply.remedy or exhausted or "Its log shows where.", log)
                if time.monotonic() - last_message_at > task.silence_limit_s:
                    raise TaskFailed(
                        f"It sent nothing for {task.silence_limit_s:.0f} s and was ended.",
                        "Ask for less work, or reduce the load of the machine, and try again.",
                        self._process.log_tail(),
                    )
        except ProcessEnded as error:
            how = self._process.end_exiting()
            log = self._process.log_tail()
            raise TaskFailed(
                f"Its process exited during the work: {how}.", self._process.explain_exit(how), log
            ) from error
        except (ValidationError, LineTooLong) as error:
            raise TaskFailed(
                "Its process sent a line that is not in the protocol.", DEFECT_REMEDY, self._process.log_tail()
            ) from error


def _check_model(model: type[BaseModel] | None, value: dict[str, Any]) -> None:
    """Raises pydantic.ValidationError if `value` does not fit, and TaskFailed if the task declares no such value."""
    if model is None:
        raise TaskFailed("It reported a value that its declaration does not name.", DEFECT_REMEDY)
    model.model_validate(value)
