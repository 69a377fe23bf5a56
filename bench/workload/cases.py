"""The cases of a workload: its variants, with their steps, parameters and code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    values: tuple[str, str] | None = None
    """The lever's values that the source compared, baseline first. None: it holds for any values of the lever."""


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
    is_request: bool = False
    """True for a step whose calls are requests of a service: each call is timed on its own, one after another, and
    percentiles are those of single calls."""


@dataclass(frozen=True, slots=True)
class StageChoice:
    """The stages of an application that the accelerated arm can accelerate one by one. The best of them can be found by
    measuring: see `bench.scheduler.best_stages`."""

    parameter: str
    """Name of a `several` whose choices are the stages."""
    steps: Mapping[str, tuple[str, ...]]
    """Each of its choices to the names of the steps that belong to the stage."""


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
    """Name of a parameter of this case that chooses the steps that are timed: a `several` whose choices are their
    names, or a `choice` with `step_choices`. Empty: all steps are timed."""
    step_choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Choices of `step_parameter` to the names of the steps that they time. A missing choice is the name of a step."""
    code_choices: Mapping[str, Code] = field(default_factory=dict[str, Code])
    """Code of those choices of `step_parameter` whose code is not `code`."""
    stages: StageChoice | None = None
    """The stages among which the best can be chosen; None if there is no such choice."""

    def steps_for(self, parameters: Mapping[str, Setting]) -> tuple[Step, ...]:
        """The steps that a run with these parameters times, in order. A run that is older than the parameter has its
        default."""
        if not self.step_parameter:
            return self.steps
        defaults = {parameter.name: parameter.default for parameter in self.parameters}
        chosen = str((defaults | dict(parameters))[self.step_parameter]).split(",")
        names = {name for choice in chosen for name in self._list_step_names(choice)}
        return tuple(step for step in self.steps if step.name in names)

    def code_for(self, parameters: Mapping[str, Setting]) -> Code:
        """The code of both arms with these parameters."""
        return self.code_choices.get(str(parameters.get(self.step_parameter, "")), self.code)

    def _list_step_names(self, choice: str) -> tuple[str, ...]:
        return self.step_choices.get(choice, (choice,))

    def labels(self) -> dict[str, str]:
        """Label of the total and of every step, by name."""
        return {TOTAL: TOTAL_LABEL} | {step.name: step.label for step in self.steps}

    def published_ratios(self) -> dict[str, PublishedRatio]:
        """The published ratios of the total and of the steps, by name; only those that exist."""
        ratios = {TOTAL: self.published} | {step.name: step.published for step in self.steps}
        return {name: published for name, published in ratios.items() if published}
