"""What a workload declares, and what its arm must do: all that `bench` and `ui` ever know of one.

A workload is a package under `workloads/`. Its `__init__` holds the declaration, `WORKLOAD`, and imports nothing
heavy: the page server reads it. Its `arm` module holds the class that does the work, and only a worker process
imports that.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bench.values import TOTAL

Setting = int | float | str | bool

INSTALL_REMEDY = "Install the pins: pip install -r requirements.txt"


@dataclass(frozen=True, slots=True)
class PublishedRatio:
    """A figure that somebody published for a step, to stand beside ours."""

    ratio: float
    source: str
    why_it_differs: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that may be handed in for a parameter; its value is then `upload:` and the file's SHA-256."""

    label: str
    endings: tuple[str, ...]
    largest_mb: int
    check: str
    """`module:function` that says what is in a file, or raises BadInput; run in a process of its own."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a plan may set, with its bounds; the controls and the command line are made from it."""

    name: str
    label: str
    kind: Literal["integer", "real", "choice", "several", "flag", "image", "text"]
    """The value of `several` names one or more of the choices, with commas between."""
    default: Setting
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    """Value to label. For an `image` these are the pictures that need no upload; for a `text`, suggestions."""
    upload: Upload | None = None
    """For a `text`: what may be handed in instead."""
    path: Literal["", "always", "if there"] = ""
    """For a `text`: whether what is none of the choices is the path of a file or folder of this machine; `if there`
    where it may be a name of another kind."""
    stops: tuple[int, ...] = ()
    """Values a slider snaps to, for ranges too wide to slide over one by one."""
    stop_labels: Mapping[int, str] = field(default_factory=dict)
    """What a stop is called where its number says little ('all')."""
    needs: Mapping[str, str] = field(default_factory=dict)
    """For a `choice`: value to the environment variable by which whoever runs Fairlap allows it."""

    def unavailable(self, value: Setting) -> str:
        """Why `value` cannot be chosen here, and what to do about it; empty where it can."""
        variable = self.needs.get(str(value), "")
        if not variable or os.environ.get(variable):
            return ""
        label = self.choices[str(value)]
        return f"{self.label}, {label}, cannot be had here: whoever runs Fairlap has not set {variable}."


@dataclass(frozen=True, slots=True)
class LeverValue:
    """One setting of the lever."""

    name: str
    label: str
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that must stand before the worker's first import."""
    packages: tuple[str, ...] = ()
    """Import names without which this setting cannot run here."""
    extra: str = ""
    """What to install for it where that is no part of the pins; without it the workload's other settings run."""

    def unavailable(self) -> str:
        """Why this setting cannot run here, and what to do about it; empty where it can. Imports nothing."""
        missing = [package for package in self.packages if importlib.util.find_spec(package) is None]
        if not missing:
            return ""
        how = f"Install it: pip install {self.extra}" if self.extra else INSTALL_REMEDY
        return f"{self.label} cannot run here, not installed: {', '.join(missing)}. {how}"


@dataclass(frozen=True, slots=True)
class Lever:
    """The one thing that differs between the arms."""

    name: str
    label: str
    values: tuple[LeverValue, ...]
    baseline: str
    accelerated: str
    changes_arithmetic: bool
    """True where results may differ, so that a claim without a measured quality is refused."""

    def __getitem__(self, name: str) -> LeverValue:
        for value in self.values:
            if value.name == name:
                return value
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Step:
    """A named, separately timed part of a workload."""

    name: str
    label: str
    what: str
    published: PublishedRatio | None = None
    changes: bool = True
    """False for a step that the lever leaves alone: both arms run the same code in it."""
    groups: tuple[str, ...] = ()
    """What else than its name the workload's `chosen_by` may say for this step to be run; none where it always is."""
    excluded_from_total: bool = False
    """True for a step that is timed but is no part of the whole: one that does no work in an arm to compare."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a workload does when asked, other than racing: answering a question, converting a model."""

    name: str
    """A method of the workload's desk."""
    label: str
    resident: bool = False
    """Whether its process stays, with what it has loaded, for the next task of this name."""
    silence_limit_s: float = 600.0
    """Longest time without a sign of life before it counts as hung."""


@dataclass(frozen=True, slots=True)
class Code:
    """The lines that change, as a unified diff's two sides."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Workload:
    """The declaration of a workload."""

    name: str
    title: str
    icon: str
    sentence: str
    story: tuple[str, ...]
    """What it is, in a few sentences."""
    code: Code
    lever: Lever
    steps: tuple[Step, ...]
    parameters: tuple[Parameter, ...]
    batch: Parameter
    unit: str
    """What throughput counts, in the plural: pixels, queries, rows."""
    arm: str
    """`module:Class` of the arm, imported by workers alone."""
    source: str
    """The post that it follows."""
    machines: tuple[str, ...] = ("x86_64", "AMD64")
    systems: tuple[str, ...] = ("Linux", "Darwin", "Windows")
    published: PublishedRatio | None = None
    """What somebody published for the whole."""
    platform_note: str = ""
    """What to say where machine or system is none of these."""
    prepare_limit_s: float = 180.0
    """Longest time that preparing an arm may take before it counts as hung."""
    sample_limit_s: float = 120.0
    """Longest time that one repetition may take before it counts as hung."""
    synthetic: str = ""
    """Why the data or the weights are not real, where they are not."""
    step_parameter: str = ""
    """Name of the parameter, a `several` of groups and names of steps, that says which of them are run, where not all
    always are."""
    early_sample: bool = False
    """Whether an arm that is ready does a first repetition while the other still gets ready: for arms of which one
    takes long to start. It is in no statistics."""
    quality_after_race: bool = False
    """Whether the arms conclude again after the race: for measures that are of its times. Quality alone need not."""
    pause_idle_arm: bool = False
    """Whether an arm's processes are stopped while the other is timed: for libraries that leave services running,
    which would take processor time from the other arm."""
    tasks: tuple[Task, ...] = ()
    desk: str = ""
    """`module:Class` of the desk that does the tasks, imported by their processes alone."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that must stand before the first import in a process that does its tasks."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Longer texts that its pages begin with, by name."""
    hidden: bool = False
    """True for workloads that exist to try the core itself; no page, not in `list`."""

    def unavailable(self) -> str:
        """Why this workload cannot run here, in one sentence; empty where it can. Imports nothing.

        A setting of the lever that is an extra may be missing: see `LeverValue.unavailable`.
        """
        machine, system = platform.machine(), platform.system()
        if machine not in self.machines or system not in self.systems:
            return f"{self.platform_note or self.title + ' does not run here'} This is {system} on {machine}."
        packages = dict.fromkeys(p for value in self.lever.values if not value.extra for p in value.packages)
        missing = [package for package in packages if importlib.util.find_spec(package) is None]
        if missing:
            return f"Not installed: {', '.join(missing)}. {INSTALL_REMEDY}"
        return ""

    def task(self, name: str) -> Task:
        return next(task for task in self.tasks if task.name == name)

    def parameter(self, name: str) -> Parameter:
        return next(parameter for parameter in self.parameters if parameter.name == name)

    def steps_of(self, parameters: Mapping[str, Setting]) -> tuple[Step, ...]:
        """The steps that a run with these parameters times, in order."""
        if not self.step_parameter:
            return self.steps
        chosen = set(str(parameters[self.step_parameter]).split(","))
        return tuple(step for step in self.steps if not step.groups or chosen & {step.name, *step.groups})

    def figures(self) -> dict[str, PublishedRatio]:
        """What was published, by step; the whole among them."""
        told = {TOTAL: self.published} | {step.name: step.published for step in self.steps}
        return {name: published for name, published in told.items() if published}

    def labels(self) -> dict[str, str]:
        """Label of every step, and of the whole."""
        return {TOTAL: "the whole"} | {step.name: step.label for step in self.steps}
