"""A tour: pages in order, each with what to say about it and, if it is a race, the plan to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.plan.plan import Plan
from bench.plan.query import from_query
from bench.workload.registry import load_workloads
from ui.tours.parts import PLAN_PARTS

TAB_SETTING = "tab"
"""The setting of a step that names a tab of its page. All other settings of a workload's page are those of the plan."""


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    text: str
    """Markdown without HTML and pictures: see `ui.tours.reading`."""
    page: str
    """Name of the page: that of a workload or of another page."""
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Query parameters of the page."""
    look_at: tuple[str, ...] = ()
    """Names of parts of the page, see `ui.tours.parts`. The first is highlighted."""
    notes: str = ""
    """What the speaker sees, as Markdown like `text`."""
    race: bool = False
    """Whether the step runs the race of its settings."""
    recording: str = ""
    """The recording of a step that shows a run: the id of a stored run, or the path of a run file relative to the file
    of the tour. Empty for the newest run of the plan on this machine."""

    @property
    def tab(self) -> str:
        """Name of the tab; empty for that which the page chooses."""
        return self.settings.get(TAB_SETTING, "")

    @property
    def plan_settings(self) -> dict[str, str]:
        """The settings but the tab."""
        return {name: value for name, value in self.settings.items() if name != TAB_SETTING}

    @property
    def has_plan(self) -> bool:
        """Whether the page is that of a workload."""
        return self.page in load_workloads()

    @property
    def shows_run(self) -> bool:
        """Whether the step runs its race, or looks at a part of a run that has ended. Such a step has a recording."""
        return self.race or (self.has_plan and any(part not in PLAN_PARTS for part in self.look_at))

    def plan(self, core_limit: int | None) -> Plan:
        """The plan of a step of a workload's page. Raises PlanError, also if this machine does not have the cores."""
        return from_query(self.page, self.plan_settings, core_limit=core_limit)


@dataclass(frozen=True, slots=True)
class Tour:
    name: str
    """Name of the file without its suffix, and that in links."""
    title: str
    audience: str
    minutes: int
    """How long presenting it takes."""
    steps: tuple[Step, ...]
    source: str = ""
    """Address of the post that it retells; empty for none."""
    file: Path = Path()
    shipped: bool = False
    """Whether it comes with Fairlap."""

    @property
    def folder(self) -> Path:
        return self.file.parent
