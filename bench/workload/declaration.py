"""What a workload declares. `bench` and `ui` know a workload only by its declaration.

A workload is a package under `workloads/`. Its `__init__` holds the declaration, `WORKLOAD`, and imports nothing heavy,
because the page server reads it. Its `arm` module holds the class that does the work; only worker processes import it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bench.values import TOTAL, BaselineKind

Setting = int | float | str | bool

INSTALL_REMEDY = "Install the pinned packages: pip install -r requirements.txt"
STRICT_ACCURACY_LIMIT = 0.99
"""At most 1 % worse than the baseline, as in the closed division of MLPerf Inference. Claims with a looser limit say
so."""
TOTAL_LABEL = "total"
"""Label of the sum of all steps of one repetition."""


@dataclass(frozen=True, slots=True)
class PublishedRatio:
    """A speedup that somebody published for a step or for the total."""

    ratio: float
    source: str
    why_it_differs: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a user may upload as the value of a parameter. The value is then `upload:` and the file's SHA-256."""

    label: str
    endings: tuple[str, ...]
    """Allowed endings of the file's name, without the dot."""
    largest_mb: int
    check: str
    """`module:function` that describes the content of a file, or raises BadInput. It runs in a process of its own."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting of a plan, with its bounds. The controls and the command line are built from it."""

    name: str
    label: str
    kind: Literal["integer", "real", "choice", "several", "flag", "image", "text"]
    """The value of `several` is a list of choices, separated by commas."""
    default: Setting
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict[str, str])
    """Value to label. For an `image`, the pictures that need no upload; for a `text`, suggestions."""
    upload: Upload | None = None
    """For a `text`: the kind of file that may be uploaded instead."""
    path: Literal["", "always", "if there"] = ""
    """For a `text`: whether a value that is none of the choices is a path on this machine. `if there`: only if the path
    exists, because the value may also be a name of another kind."""
    stops: tuple[int, ...] = ()
    """Values that a slider snaps to, for ranges too wide for single steps."""
    stop_labels: Mapping[int, str] = field(default_factory=dict[int, str])
    """Labels of stops whose number says little ("all pixels")."""
    needs: Mapping[str, str] = field(default_factory=dict[str, str])
    """For a `choice`: value to the environment variable that must be set where Fairlap was started."""

    def unavailable(self, value: Setting) -> str:
        """Why `value` cannot be chosen here; empty if it can."""
        variable = self.needs.get(str(value), "")
        if not variable or os.environ.get(variable):
            return ""
        label = self.choices[str(value)]
        return f"{self.label}: {label} is not available. Set {variable} where Fairlap is started."


@dataclass(frozen=True, slots=True)
class LeverValue:
    """One setting of the lever."""

    name: str
    label: str
    baseline_kind: BaselineKind
    """Whether it is a fair baseline. Claims against a naive one say so."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables that must be set before the worker's first import."""
    packages: tuple[str, ...] = ()
    """Import names of the packages that this setting needs."""
    extra: str = ""
    """Name of the package to install, if it is not one of the pinned packages. The other settings run without it."""

    def unavailable(self) -> str:
        """Why this setting cannot run here, and what to do about it; empty if it can. Imports none of the packages."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        if not missing:
            return ""
        remedy = f"Install it: pip install {self.extra}" if self.extra else INSTALL_REMEDY
        return f"{self.label} cannot run here, not installed: {', '.join(missing)}. {remedy}"


@dataclass(frozen=True, slots=True)
class Lever:
    """The one thing that differs between the arms."""

    name: str
    label: str
    values: tuple[LeverValue, ...]
    baseline: str
    """Default value of the baseline arm."""
    accelerated: str
    """Default value of the accelerated arm."""
    changes_arithmetic: bool
    """True if results may differ. A claim then needs a measured quality."""

    def __getitem__(self, name: str) -> LeverValue:
        """The value `name`. Raises KeyError."""
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(name)


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


class NoArguments(BaseModel):
    """The arguments of a task that takes none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoResult(BaseModel):
    """The result of a task whose reports say everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a workload does on request, other than a race: measure a curve, convert a model."""

    name: str
    """A method of the workload's task handler."""
    label: str
    """What it measures, as lists of measurements show it."""
    result: type[BaseModel]
    """What it returns. Its fields are JSON values or models of them."""
    arguments: type[BaseModel] = NoArguments
    """What it is asked, besides the settings of a plan."""
    reports: Mapping[str, type[BaseModel]] = field(default_factory=dict[str, type[BaseModel]])
    """What it reports while it works, by the name of the report."""
    depends_on: tuple[str, ...] = ()
    """Names of the parameters, and of the fields of a plan, that the result depends on, besides cores and seed. Results
    of plans that differ in other settings only can replace each other."""
    cases: tuple[str, ...] = ()
    """The cases that it measures; empty for all."""
    resident: bool = False
    """True for a task that answers a person at once: its process stays alive, with what it has loaded, and nothing is
    stored. Otherwise the task is a measurement."""
    silence_limit_s: float = 600.0
    """A task that sends nothing for longer counts as hung."""


@dataclass(frozen=True, slots=True)
class TaskSet:
    """The tasks of a workload, and what runs them."""

    entries: tuple[Task, ...] = ()
    handler: str = ""
    """`module:Class` of the task handler. Only task processes import it."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables that must be set before the first import in a task process."""

    def task(self, name: str) -> Task:
        """The task `name`. Raises KeyError."""
        for task in self.entries:
            if task.name == name:
                return task
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Platform:
    """Where a workload can run, in the words of Python's `platform` module."""

    machines: tuple[str, ...] = ("x86_64", "AMD64")
    systems: tuple[str, ...] = ("Linux", "Darwin", "Windows")
    note: str = ""
    """Why it does not run elsewhere."""


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long an arm may take before it counts as hung."""

    prepare_s: float = 180.0
    """Preparing an arm: imports, data, models."""
    sample_s: float = 120.0
    """One repetition."""


@dataclass(frozen=True, slots=True)
class RacePolicy:
    """How a race of this workload differs from the usual course."""

    resume_delay_s: float = 0.0
    """Time between continuing an arm's processes (SIGCONT) and its next sample, for libraries with background services:
    their overdue timers run in that time, not in the sample. Every race stops an arm's processes (SIGSTOP) while the
    other arm is timed."""


def keep_settings(settings: dict[str, str]) -> dict[str, str]:
    """The settings unchanged: for workloads whose settings have had the same names in every release."""
    return settings


@dataclass(frozen=True, slots=True)
class Workload:
    """The declaration of a workload."""

    name: str
    title: str
    icon: str
    summary: str
    """One sentence."""
    story: tuple[str, ...]
    """A few sentences: what is compared, and why."""
    lever: Lever
    cases: tuple[Case, ...]
    """Its variants; the first is the default."""
    batch: Parameter
    unit: str
    """What throughput counts, in the plural: pixels, queries, rows."""
    arm: str
    """`module:Class` of the arm. Only workers import it."""
    source: str
    """URL of the article or documentation that it follows."""
    parameters: tuple[Parameter, ...] = ()
    """Parameters of every case."""
    platform: Platform = Platform()
    limits: TimeLimits = TimeLimits()
    policy: RacePolicy = RacePolicy()
    tasks: TaskSet = TaskSet()
    synthetic: str = ""
    """Why the data or the weights are not real; empty if they are."""
    accuracy_limit: float = STRICT_ACCURACY_LIMIT
    """Default of the plan's accuracy limit: as strict as the data of the workload can show."""
    upgrade_settings: Callable[[dict[str, str]], dict[str, str]] = keep_settings
    """Translates the settings of URLs and command lines of older releases. Returns current settings unchanged."""
    hidden: bool = False
    """True for workloads that exist to test the core: no page, not in `list`."""

    @property
    def default_case(self) -> Case:
        return self.cases[0]

    def case(self, name: str) -> Case:
        """The case `name`. Raises KeyError."""
        for case in self.cases:
            if case.name == name:
                return case
        raise KeyError(name)

    def lever_of(self, case: Case) -> Lever:
        return case.lever or self.lever

    def parameters_of(self, case: Case) -> tuple[Parameter, ...]:
        """The parameters of every case, then those of `case`."""
        return self.parameters + case.parameters

    def parameter(self, name: str, case: Case | None = None) -> Parameter:
        """The parameter `name` of `case` (None: the default case). Raises KeyError."""
        for parameter in self.parameters_of(case or self.default_case):
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def levers(self) -> tuple[Lever, ...]:
        """The workload's lever and those of its cases."""
        return (self.lever, *(case.lever for case in self.cases if case.lever))

    def unavailable(self) -> str:
        """Why this workload cannot run here; empty if it can. Imports nothing.

        A missing extra package does not count: see `LeverValue.unavailable`.
        """
        machine, system = platform.machine(), platform.system()
        if machine not in self.platform.machines or system not in self.platform.systems:
            note = self.platform.note or f"{self.title} does not run here."
            return f"{note} This is {system} on {machine}."
        packages = dict.fromkeys(
            package for value in self.lever.values if not value.extra for package in value.packages
        )
        missing = [package for package in packages if importlib.util.find_spec(package) is None]
        if missing:
            return f"Not installed: {', '.join(missing)}. {INSTALL_REMEDY}"
        return ""
