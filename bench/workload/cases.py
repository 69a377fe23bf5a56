"""The cases of a workload: its variants, with their steps, parameters and code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.values.samples import TOTAL
from bench.workload.levers import Lever
from bench.workload.parameters import Parameter, Setting

DEFAULT_BUDGET_S = 20.0
"""Default time budget of a case that declares none, in seconds."""
TOTAL_LABEL = "total"
"""Label of the sum of all steps of one repetition."""


@dataclass(frozen=True, slots=True)
class PublishedRatio:
    """A speedup that somebody published for a step or for the total."""

    ratio: float
    source: str
    why_it_differs: str


@dataclass(frozen=True, slots=True)
class Step:
    """A named, separately timed part of a case."""

    name: str
    label: str
    description: str
    published: PublishedRatio | None = None
    changes: bool = True
    """False if the lever has no effect on this step: both arms run the same code."""
    excluded_from_total: bool = False
    """True for a step that is timed but not added to the total, because in one arm it does no work to compare."""
    waits_for_files: bool = False
    """True for a step that reads or writes files: it may wait for a disk, and that is part of its time. Any other
    time in which an arm of one process does not run is a disturbance."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code of both arms, shown as a diff."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Case:
    """One variant of a workload, with its own steps, parameters, code and text."""

    name: str
    label: str
    summary: str
    steps: tuple[Step, ...]
    code: Code
    parameters: tuple[Parameter, ...] = ()
    """Parameters of this case alone. The workload's parameters apply to every case."""
    text: str = ""
    """Introduction in Markdown."""
    lever: Lever | None = None
    """Replaces the workload's lever."""
    published: PublishedRatio | None = None
    """What somebody published for the total."""
    budget_s: float = DEFAULT_BUDGET_S
    """Default time budget of a race, in seconds: enough for a claim on two cores."""
    batch: int = 0
    """Default batch; 0 for that of the workload."""
    step_parameter: str = ""
    """Name of a `several` parameter of this case whose choices are names of steps: only the chosen steps are timed.
    Empty: all steps are timed."""

    def steps_for(self, parameters: Mapping[str, Setting]) -> tuple[Step, ...]:
        """The steps that a run with these parameters times, in order."""
        if not self.step_parameter:
            return self.steps
        names = set(str(parameters[self.step_parameter]).split(","))
        return tuple(step for step in self.steps if step.name in names)

    def labels(self) -> dict[str, str]:
        """Label of the total and of every step, by name."""
        return {TOTAL: TOTAL_LABEL} | {step.name: step.label for step in self.steps}

    def published_ratios(self) -> dict[str, PublishedRatio]:
        """The published ratios of the total and of the steps, by name; only those that exist."""
        ratios = {TOTAL: self.published} | {step.name: step.published for step in self.steps}
        return {name: published for name, published in ratios.items() if published}
