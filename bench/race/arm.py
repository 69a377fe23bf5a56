"""An arm as the race sees it: a worker process under its supervisor, and the pipes to it."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bench.system.process_tree import pause_tree, resume_tree
from bench.values.arms import EnvironmentVariable, Failure
from bench.values.base import Arm
from bench.worker import protocol
from bench.worker.environment import list_environment, make_environment
from bench.worker.process import LineTooLong, ProcessEnded, SupervisedProcess
from bench.workload.levers import LeverValue

WORKLOAD_REMEDY = "This is a defect of the workload; its log may show the cause."


class ArmError(Exception):
    """An arm cannot continue; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


class ArmProcess:
    """The process of one arm. Only `end` blocks."""

    def __init__(self, arm: Arm, lever_value: LeverValue, cores: list[int], folder: Path) -> None:
        """`cores` are the ids of the logical processors that the arm may use; `folder` receives its files and log."""
        self.arm, self.lever_value, self.cores = arm, lever_value, cores
        self.scratch = folder / "scratch"
        self.log = folder / "log"
        self.pid = 0
        """Process id of the worker, from its hello message."""
        self.paused = False
        self.call_s: dict[str, float] = {}
        """Seconds of a warm call of each step, if the arm has timed them while it prepared."""
        self.environment: list[EnvironmentVariable] = []
        """The variables of the process that a run records."""
        self._process: SupervisedProcess | None = None

    def start(self) -> None:
        self.scratch.mkdir(parents=True)
        core_count, lever_variables = len(self.cores), self.lever_value.environment
        self.environment = list_environment(core_count, lever_variables)
        environment = make_environment(core_count, lever_variables)
        self._process = SupervisedProcess("bench.worker.arm_worker", self.cores, environment, self.log)

    @property
    def supervisor_pid(self) -> int:
        return self._process.supervisor_pid if self._process else 0

    def fileno(self) -> int:
        """Descriptor that becomes readable when the worker has sent a line or has exited, for `select`."""
        assert self._process
        return self._process.fileno()

    def send(self, request: protocol.Request) -> None:
        """Send `request`; `read_replies` returns the answer. A paused arm is resumed first.

        Raises ArmError if the process has exited.
        """
        self.resume()
        if self._process is None or self._process.ended:
            raise self.make_error("has already exited", "Its earlier messages and its log may show the cause.")
        try:
            self._process.send(request.model_dump_json().encode())
        except ProcessEnded as error:
            # The worker may have reported the cause before it exited.
            for reply in self.read_replies():
                if isinstance(reply, protocol.ErrorReply):
                    raise self.make_reply_error(reply) from error
            raise self._make_exit_error() from error

    def pause(self) -> None:
        """Stop the arm's processes (SIGSTOP), so that they use no CPU time while another arm is timed."""
        if self.pid and not self.paused:
            pause_tree(self.pid)
            self.paused = True

    def resume(self) -> None:
        """Continue the arm's processes (SIGCONT)."""
        if self.paused:
            resume_tree(self.pid)
            self.paused = False

    def read_replies(self) -> list[protocol.Reply]:
        """The replies that have arrived since the last call.

        Raises ArmError if the worker has exited or sent a line that is not in the protocol.
        """
        assert self._process
        try:
            return [protocol.reply_adapter.validate_json(line) for line in self._process.lines()]
        except ProcessEnded as error:
            raise self._make_exit_error() from error
        except LineTooLong as error:
            raise self.make_error("sent a line longer than the protocol allows", WORKLOAD_REMEDY) from error
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise self.make_error(
                f"sent a line that is not in the protocol ({first})",
                "Some code in the worker writes to the pipe of the measurement; see the log.",
            ) from error

    def end(self) -> str:
        """End the process and all its descendants. Returns how the process ended, as text."""
        return self._process.end() if self._process else ""

    def make_reply_error(self, reply: protocol.ErrorReply) -> ArmError:
        """The error for a worker that reported a failure. A fault of the input is no fault of the arm."""
        if reply.is_input:
            what = f"The input cannot be used: {reply.what.rstrip('.')}."
            return ArmError(Failure(what=what, remedy=reply.remedy))
        exhausted = self._process.explain_exhaustion(reply.what) if self._process and not reply.remedy else ""
        return self.make_error(f"failed: {reply.what}", reply.remedy or exhausted or "Its log shows where.")

    def make_error(self, what: str, remedy: str) -> ArmError:
        """An error whose message is `The <arm> arm (<lever value>) <what>.`, with the end of the arm's log."""
        log = self._process.log_tail() if self._process else []
        message = f"The {self.arm} arm ({self.lever_value.label}) {what}."
        return ArmError(Failure(what=message, remedy=remedy, arm=self.arm, log=log))

    def _make_exit_error(self) -> ArmError:
        assert self._process
        how = self._process.end_exiting()
        return self.make_error(f"exited during its work: {how}", self._process.explain_exit(how))
