"""An arm as the race sees it: a worker under its supervisor, and the pipes between."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from bench.plan.plan import Plan
from bench.system.process_tree import pause_tree, resume_tree
from bench.values import Arm, Failure
from bench.worker import process, protocol
from bench.worker.environment import make_environment
from bench.worker.process import LineTooLong, ProcessEnded, SupervisedProcess


class ArmError(Exception):
    """An arm that cannot go on, and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.what)
        self.failure = failure


class ArmProcess:
    """One arm: started, asked, listened to and ended. Never blocks but in `end`."""

    def __init__(self, arm: Arm, plan: Plan, cores: list[int], folder: Path) -> None:
        self.arm, self.plan, self.cores = arm, plan, cores
        self.folder = folder
        self.scratch = folder / "scratch"
        self.log = folder / "log"
        self.pid = 0
        self.frozen = False
        self._child: SupervisedProcess | None = None

    def start(self) -> None:
        self.scratch.mkdir(parents=True)
        lever = self.plan.declaration.lever[getattr(self.plan, self.arm)]
        environment = make_environment(len(self.cores), lever.environment)
        self._child = SupervisedProcess("bench.worker.arm_worker", self.cores, environment, self.log)

    @property
    def supervisor_pid(self) -> int:
        return self._child.supervisor_pid if self._child else 0

    def fileno(self) -> int:
        """Readable when the worker has said something, or has ended."""
        assert self._child
        return self._child.fileno()

    def ask(self, request: protocol.Request) -> None:
        """Send `request`; its answer comes through `replies`. Who is frozen is thawed first."""
        self.thaw()
        if self._child is None or self._child.ended:
            raise self.broken("has ended", "See what was said of it before.")
        try:
            self._child.send(request.model_dump_json().encode())
        except ProcessEnded as error:
            # It may have said why.
            for reply in self.replies():
                if isinstance(reply, protocol.ErrorReply):
                    raise self.broke(reply) from error
            raise self.ended() from error

    def freeze(self) -> None:
        """Stop its processes where they are, so that they use no processor while another arm is timed."""
        if self.pid and not self.frozen:
            pause_tree(self.pid)
            self.frozen = True

    def thaw(self) -> None:
        """Let its processes go on."""
        if self.frozen:
            resume_tree(self.pid)
            self.frozen = False

    def replies(self) -> list[protocol.Reply]:
        """What the worker has said since the last call. Raises BrokenArm where it has ended or speaks nonsense."""
        assert self._child
        try:
            return [protocol.reply_adapter.validate_json(line) for line in self._child.lines()]
        except ProcessEnded as error:
            raise self.ended() from error
        except LineTooLong as error:
            raise self.broken(
                "answered with a line longer than the protocol allows", "The workload is at fault."
            ) from error
        except ValidationError as error:
            first = error.errors()[0]["msg"]
            raise self.broken(
                f"said something that is not in the protocol ({first})",
                "Something in the worker writes to the pipe of the measurement; see its log.",
            ) from error

    def end(self) -> str:
        """End the arm and everything it started; how it ended, in words, where that was not by our will."""
        return self._child.end() if self._child else ""

    def ended(self) -> ArmError:
        """The failure of an arm whose pipe has closed."""
        how = self.end()
        return self.broken(f"ended in the middle of its work: {how}", process.exit_remedy(how))

    def broke(self, reply: protocol.ErrorReply) -> ArmError:
        """The failure of an arm that says that it cannot go on."""
        return self.broken(f"could not do its work: {reply.what}", reply.remedy or "Its log says where.")

    def broken(self, what: str, remedy: str) -> ArmError:
        lever = self.plan.declaration.lever[getattr(self.plan, self.arm)]
        log = self._child.log_tail() if self._child else []
        return ArmError(
            Failure(what=f"The {self.arm} arm ({lever.label}) {what}.", remedy=remedy, arm=self.arm, log=log)
        )
