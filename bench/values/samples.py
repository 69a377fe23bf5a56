"""Timed repetitions, and the evidence of the path that they took."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from bench.values.base import Arm, Value

TOTAL = "total"
"""Reserved step name for the sum of all steps of one repetition."""


class Phase(StrEnum):
    """The purpose of a sample."""

    EARLY = "early"
    """The first call of an arm, which may overlap with that of the other arm; in no statistics."""
    WARM_UP = "warm-up"
    RACE = "race"
    CORES = "cores"
    """At this and another core count, to find each arm's best."""


class StepTime(Value):
    """The time of one step in a sample."""

    step: str
    seconds: float = Field(ge=0)
    """Wall time per call."""
    cpu_s: float = Field(ge=0)
    """CPU time per call of the arm's whole process tree."""
    calls: int = Field(ge=1)
    """Number of calls inside this sample; more than 1 if one call is too short to time."""
    excluded_from_total: bool = False
    """Whether the declaration excludes the step from the total."""
    request_ns: list[int] = Field(default_factory=list[int])
    """Wall time of each call in nanoseconds, in the order of time, of a step whose calls are requests. `seconds` is
    their mean. Empty for other steps."""

    @property
    def untimed_calls(self) -> int:
        """Number of calls before the clock starts: one if the step is called several times, or if its calls are
        requests."""
        return int(self.calls > 1 or bool(self.request_ns))


class Repetition(Value):
    """What a worker reports about one repetition."""

    steps: list[StepTime]
    other_s: float = Field(ge=0)
    """Wall time between the steps."""
    wall_s: float = Field(ge=0)
    """Wall time of the whole repetition, including repeated calls."""
    cpu_s: float = Field(ge=0)
    """CPU time of the arm's process tree during the repetition."""
    began: float
    """Clock reading at the start."""
    threads: int = Field(ge=0)
    """Number of the worker's threads that were active during the repetition."""
    machine_busy_s: float | None = None
    """CPU time of all programs on the machine meanwhile; None if the system does not report it."""
    steal_s: float | None = None
    """Time that the hypervisor took meanwhile, summed over all logical processors; None if unknown."""
    run_delay_s: float | None = Field(default=None, ge=0)
    """Time that the arm's threads, with those of its helper processes, were ready to run and waited for a processor
    meanwhile, summed over the threads; None if the system does not report it."""
    was_stopped: bool | None = None
    """Whether somebody stopped the worker (SIGSTOP) and continued it meanwhile; None if unknown."""
    helper_processes: int | None = Field(default=None, ge=0)
    """Number of other processes that worked for the arm, such as its children; None if unknown."""
    throttled_s: float | None = Field(default=None, ge=0)
    """Time that the CPU quota of a control group kept processors from the arm meanwhile, summed over the processors and
    groups; None if no group reports it."""
    throttled_periods: int | None = Field(default=None, ge=0)
    """Number of periods of the quota in which that happened; None if no group reports it."""
    idle_cpu_s: float = Field(ge=0)
    """CPU time that this arm used while it waited for this repetition and the other arm was timed."""
    idle_s: float = Field(ge=0)
    """How long it waited for this repetition."""


class Sample(Value):
    """One timed repetition of one arm."""

    arm: Arm
    phase: Phase
    cores: int
    """Number of cores of the arm."""
    pair: int
    """Number of the pair, the same for both of its samples."""
    place: int
    """Position in the pair: 0 for the first sample, 1 for the second."""
    repetition: Repetition

    def seconds(self, step: str) -> float:
        """Wall time per call of `step`, or the total. Raises KeyError for an unknown step."""
        if step == TOTAL:
            return self.total_s
        for timed in self.repetition.steps:
            if timed.step == step:
                return timed.seconds
        raise KeyError(step)

    def list_steps(self) -> list[str]:
        """The steps that have a time, and the total."""
        return [TOTAL, *(timed.step for timed in self.repetition.steps)]

    def request_ns(self, step: str) -> list[int]:
        """Wall times of the single requests of `step` in nanoseconds; empty if its calls are no requests.

        Those of the total are those of its only step; with several steps, it has none.
        """
        steps = self.repetition.steps
        if step == TOTAL:
            return steps[0].request_ns if len(steps) == 1 else []
        return next((timed.request_ns for timed in steps if timed.step == step), list[int]())

    @property
    def total_s(self) -> float:
        """Time per call of all steps that are not excluded, plus the time between the steps."""
        return self.repetition.other_s + sum(
            timed.seconds for timed in self.repetition.steps if not timed.excluded_from_total
        )

    @property
    def effective_cores(self) -> float:
        """CPU time of the arm divided by wall time."""
        return self.repetition.cpu_s / self.repetition.wall_s if self.repetition.wall_s else 0.0


class Evidence(Value):
    """What the library reports about the path that a step took."""

    step: str
    path: Literal["accelerated", "stock", "unknown"]
    words: list[str]
    """A few lines of the library's own output."""
    calls: int = 0
    """Number of library calls that were observed in this step."""
    accelerated_calls: int = 0
    """How many of them took the accelerated path."""
    reason: str = ""
    """Why it, or a part of it, fell back to the stock path; empty if nothing did."""
    materialised: bool = True
    """False if the step returned before its work was done."""
    returned_s: float | None = None
    """Median time until the call returned, if it returns before its result is ready."""
    code: str = ""
    """What ran, such as the function and how it was compiled: equal in both arms only if they ran the same code. Empty
    if it is not known."""

    @property
    def is_partial(self) -> bool:
        """Whether the step took the accelerated path, but some of its calls did not, or not all that they did."""
        return self.path == "accelerated" and (bool(self.reason) or 0 < self.accelerated_calls < self.calls)
