"""TODO: bench.workload.declaration.interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from bench.values import Evidence, Measure, Picture, Table
from bench.workload.declaration import Setting


@dataclass(frozen=True, slots=True)
class Settings:
    """What an arm is told: its side of the plan, checked."""

    case: str
    """Name of the workload's variant."""
    lever: str
    cores: int
    batch: int
    parameters: Mapping[str, Setting]
    seed: int
    scratch: Path
    """A folder of the run's own, gone after it."""
    uploads: Path
    """Where uploaded files lie, named by the SHA-256 of their content."""
    cache: Path
    """What is dear to make and may be made again."""


T = TypeVar("T")


class BadInput(ValueError):
    """Something given to a workload that it cannot work with; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Clock(Protocol):
    """Times the steps of one repetition."""

    def __call__(self, step: str, work: Callable[[], T]) -> T:
        """Do `work`, perhaps several times, and keep its wall and processor time per call; the last value returns."""


class ProgressReporter(Protocol):
    """Is told what is done now, and which share of that is done where it is known, 0 to 1. It may be kept, and told
    whenever the arm is asked for something that takes long and is not timed."""

    def __call__(self, text: str, share: float | None = None, /) -> None: ...


class WorkloadArm(Protocol):
    """The workload at one setting of its lever, inside its own process."""

    def __init__(self, settings: Settings) -> None: ...

    def prepare(self, progress: ProgressReporter) -> dict[str, Any]:
        """Import, load and build what is needed, and say what the work is.

        Returns `{'work': units of the workload in one repetition, 'data': digest of the inputs, 'facts': {label:
        text}}`; where a step works on another amount, `'step_work'` is `{step: units}`; where the weights or the data
        are not real, `'synthetic'` says why; where the work is done by what is not the arm's own, `'service'` is a
        `bench.values.Service`.
        """

    def repeat(self, repetition: int, clock: Clock) -> None:
        """Do the work once, every step through `clock`; `repetition` may vary the input where a cache could cheat."""

    def evidence(self) -> list[Evidence]:
        """What the library itself says of the path that each step took."""

    def conclude(self) -> tuple[list[Measure], list[Picture]]:
        """This arm's own accuracy, and what it made; leaves in `scratch` what `compare` needs."""

    def compare(self, other: Path) -> tuple[list[Measure], list[Table]]:
        """How far this arm's results agree with those that the other arm, the baseline, left in the folder `other`,
        and what differs."""


class TaskReporter(Protocol):
    """What a task says while it works."""

    def progress(self, text: str, share: float | None = None) -> None:
        """What it does now, and how much of that is done, 0 to 1, where that is known."""

    def event(self, name: str, value: dict[str, Any]) -> None:
        """Something that whoever watches wants to keep; `value` can be written as JSON."""


class TaskHandler(Protocol):
    """Does a workload's tasks, inside a process of their own. It has a method for each, named as it is:
    `def name(self, settings: Settings, given: Mapping[str, Any], tell: Tell) -> dict[str, Any]`."""

    def __init__(self) -> None: ...
