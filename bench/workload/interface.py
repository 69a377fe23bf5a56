"""What the arms and the tasks of a workload implement, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence
from bench.workload.parameters import Setting


@dataclass(frozen=True, slots=True)
class Settings:
    """What an arm or a task gets of a checked plan."""

    case: str
    """Name of the workload's variant."""
    lever: str
    """The lever's value in this arm; empty for a task."""
    cores: int
    """Number of cores."""
    batch: int
    parameters: Mapping[str, Setting]
    seed: int
    scratch: Path
    """A folder of this process. It is deleted after the run."""
    uploads: Path
    """The folder of uploaded files, each named by the SHA-256 of its content."""
    cache: Path
    """A folder for what is expensive to make and may be deleted at any time."""
    baseline: str = ""
    """The lever's value in the baseline arm."""
    accelerated: str = ""
    """The lever's value in the accelerated arm."""


T = TypeVar("T")


class BadInput(ValueError):
    """Input that a workload cannot work with. The message says what is wrong, `remedy` what to do about it."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def format_bad_input(error: BadInput) -> str:
    """What is wrong and what to do, as sentences."""
    what = str(error).rstrip(".")
    if what.partition(" ")[0].endswith(":"):
        return f"{what}. {error.remedy}"  # It begins with the name of an argument.
    return f"{what[:1].upper()}{what[1:]}. {error.remedy}"


class Clock(Protocol):
    """Times the steps of one repetition."""

    in_race: bool
    """Whether the repetition is one of a pair of the race, for arms that keep times of their own. False for first
    calls, for rounds of warm-up and at other core counts. True for first pairs that turn out not to count: only the
    following pairs show that."""

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        """Call `work`, several times if one call is too short, and record wall and CPU time per call.

        If the step's calls are requests (`Step.is_request`), each call is timed on its own, and one before them is not
        timed. `work` may then use another input in each call. Returns the result of the last call.
        """
        ...

    def leave_out(self, work: Callable[[], T]) -> T:
        """Call `work` without timing it, such as what cleans up after a step: the total is without it too.

        Returns its result.
        """
        ...


class ProgressReporter(Protocol):
    """Reports what an arm is doing, and which share of it is done (0 to 1) if that is known.

    A text names an activity, and may say after a colon how far it has come: `measuring accuracy: 120 of 425 questions`.
    Every activity is a bar in the timeline of the run.

    An arm may store the reporter and call it later, while it is asked for something that is not timed.
    """

    def __call__(self, text: str, share: float | None = None, /) -> None: ...


class WorkloadArm(Protocol):
    """A workload at one setting of its lever, in a process of its own. The methods are called in this order."""

    def __init__(self, settings: Settings) -> None: ...

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        """Import, load and build what is needed.

        Returns `{'work': units of the workload in one repetition, 'data': digest of the inputs, 'facts': {label:
        text}}`, and optionally: `'inputs'`, a list of `bench.values.arms.RacedInput` that names what is raced beside
        the claim (equal in both arms, else there is no claim); `'step_work'`, `{step: units}` of the steps that work
        on another amount; `'synthetic'`, why the weights or the data are not real; `'bias'`, why the chosen input slows
        some code more than other inputs do, or how the algorithms of the arms differ; `'handicap'`, why this arm is not
        a fair baseline on this machine, as a clause without a semicolon, such as that it lacks instructions;
        `'first_call_s'` and `'call_s'`, `{step: seconds}` of the first call of every step and of a later one (see
        `bench.workload.warm_calls`), both or neither: with them, the race takes pairs at once, without a sample of the
        first call and rounds of warm-up; `'service'`, a `bench.values.arms.Service` that does the work and is not part
        of the arm's process tree. Raises BadInput.
        """
        ...

    def repeat(self, repetition: int, clock: Clock) -> None:
        """Do the work once, every step through `clock`. `repetition` may vary the input if a cache could cheat."""

    def evidence(self) -> list[Evidence]:
        """The library's own output about the path that each step took."""
        ...

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        """The accuracy of this arm in its last repetition, and the pictures it made. Writes into `scratch` what
        `compare` needs. Called once, after the pairs; both arms have done the same repetition last."""
        ...

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        """Compare this arm's results with those of the baseline, whose scratch folder is `other`: measures of how far
        they agree, and tables of what differs."""
        ...


class TaskReporter(Protocol):
    """How a task tells what it does and what it has measured while it works."""

    def progress(self, text: str, share: float | None = None) -> None:
        """Say what the task does now, and how much of it is done, 0 to 1, if that is known."""

    def report(self, name: str, value: BaseModel) -> None:
        """Keep a value that the task has measured. The task's declaration has its name and type."""


class TaskHandler(Protocol):
    """Does a workload's tasks, in a process of their own. It has one method for each task, with the task's name:
    `def name(self, settings: Settings, arguments: Arguments, reporter: TaskReporter) -> Result`, where `Arguments` and
    `Result` are the models of the task's declaration."""

    def __init__(self) -> None: ...
