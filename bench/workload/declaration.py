"""What a workload declares. `bench` and `ui` know a workload only by its declaration.

A workload is a package under `workloads/`. Its `__init__` holds the declaration, `WORKLOAD`, and imports nothing heavy,
because the page server reads it. Its `arm` module holds the class that does the work; only worker processes import it.

Its parts are in the modules `parameters`, `levers`, `cases` and `tasks`.
"""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bench.workload.cases import Case
from bench.workload.levers import INSTALL_REMEDY, Lever
from bench.workload.parameters import Parameter, Setting
from bench.workload.tasks import TaskSet

STRICT_ACCURACY_LIMIT = 0.99
"""At most 1 % worse than the baseline, as in the closed division of MLPerf Inference. Claims with a looser limit say
so."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Settings that are worth a try after a race of this workload."""

    label: str
    """Imperative, such as `Use all pixels of the picture`."""
    settings: Mapping[str, Setting]
    """By their names in URLs: fields of a plan, or parameters."""
    cases: tuple[str, ...] = ()
    """The cases that it fits; empty for all."""


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


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """A folder of a workload in the cache (`Settings.cache`). Each folder in it is an entry that may be removed while
    no process uses it, see `bench.system.cache_entry`; files in it are kept."""

    folder: str
    """Path in the cache."""
    label: str
    """What its entries are, in the plural, as `python -m bench clean` lists them."""


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
    quality: str
    """What it means if the accuracy is within the limit, in a few words: `same picture quality`, `same answers`."""
    arm: str
    """`module:Class` of the arm. Only workers import it."""
    source: str
    """URL of the article or documentation that it follows."""
    parameters: tuple[Parameter, ...] = ()
    """Parameters of every case."""
    platform: Platform = Platform()
    limits: TimeLimits = TimeLimits()
    policy: RacePolicy = RacePolicy()
    tasks: TaskSet = field(default_factory=TaskSet)
    input_check: str = ""
    """`module:function` that takes the Settings of a plan and raises BadInput if its files cannot be used with them. It
    runs in a process of its own, before a job is queued. Empty if nothing can be known before the arms start."""
    checks_every_plan: bool = False
    """Whether `input_check` checks every plan. Otherwise it checks only those that name a file of the user."""
    caches: tuple[CacheFolder, ...] = ()
    """Its folders in the cache."""
    end_to_end: bool = False
    """Whether the total is an application from its input to its result, and every step only a part of it. Then pages
    show the total first, and its claim says how much more the fastest step gained."""
    synthetic: str = ""
    """Why the data or the weights are not real; empty if they are."""
    suggestions: tuple[Suggestion, ...] = ()
    """What to try next, the best first."""
    accuracy_limit: float = STRICT_ACCURACY_LIMIT
    """Default of the plan's accuracy limit: as strict as the data of the workload can show."""
    upgrade_settings: Callable[[dict[str, str]], dict[str, str]] = keep_settings
    """Translates the settings of URLs and command lines of older releases. Returns current settings unchanged."""
    hidden: bool = False
    """True for workloads without a page that are not in `list`: those that exist to test the core, and scripts."""
    local_only: bool = False
    """True for workloads that run code of the user's own: the command line starts them, and pages only for a person at
    this machine, if the dashboard serves nobody else. Pages show their jobs to operators only."""

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

    def batch_of(self, case: Case) -> Parameter:
        """The batch, with the default of `case`."""
        return replace(self.batch, default=case.batch) if case.batch else self.batch

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

        A missing package of an optional setting does not count: see `LeverValue.unavailable`.
        """
        machine, system = platform.machine(), platform.system()
        if machine not in self.platform.machines or system not in self.platform.systems:
            note = self.platform.note or f"{self.title} does not run here."
            return f"{note} This is {system} on {machine}."
        packages = dict.fromkeys(
            package for value in self.lever.values if not value.optional for package in value.packages
        )
        missing = [package for package in packages if importlib.util.find_spec(package) is None]
        if missing:
            return f"Not installed: {', '.join(missing)}. {INSTALL_REMEDY}"
        return ""
