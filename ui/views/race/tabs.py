"""TODO: ui.views.race.tabs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.workload.declaration import Code, Workload
from ui.controls.overrides import ControlOverrides
from ui.views.race.followed_run import DisplayedRun, get_session_run

DrawTab = Callable[[Plan], None]
"""Draws what stands beside the race, of the plan that the controls say."""


@dataclass(frozen=True, slots=True)
class WorkloadTab:
    """A tab of a page whose tabs stand above the controls: each has its own part of the workload, and its own race."""

    controls: ControlOverrides
    """What a plan sets here, and which controls are left."""
    above: DrawTab
    """Draws what stands above the race: story and code. While a race is on, it is not drawn."""
    below: DrawTab | None = None
    """Draws what stands below it."""
    code: Callable[[Plan], Code] | None = None
    """The lines that change; None where there is no race."""
    first: DrawTab | None = None
    """Draws what stands above the run, of what was raced before; not while a race is on."""

    def covers(self, parameters: Mapping[str, object]) -> bool:
        return all(parameters.get(name) == value for name, value in self.controls.sets.items())


Tabs = Mapping[str, DrawTab | WorkloadTab | None]


RACE_TAB = "Race"
"""The tab of the race itself."""


def tab_key(workload: Workload) -> str:
    """Session key of the tab in sight; it may be set before the page is drawn."""
    return f"{workload.name}:tab"


def choose_tab(workload: Workload, tabs: Tabs, shown: DisplayedRun) -> str:
    """The tab that was chosen; at first the one of the run or of the settings that the URL asks for."""
    key = tab_key(workload)
    if key in st.session_state:
        return st.session_state[key]
    parts = {name: tab for name, tab in tabs.items() if isinstance(tab, WorkloadTab) and tab.code}
    defaults = {parameter.name: parameter.default for parameter in workload.parameters_of(workload.default_case)}
    asked = st.query_params.get("tab", RACE_TAB if "run" in st.query_params else "")
    if shown.run is not None:
        asked = next((name for name, part in parts.items() if part.covers(shown.run.plan.parameters)), asked)
        get_session_run(workload).tab = asked if asked in parts else ""
    elif asked not in tabs and defaults.keys() & st.query_params.keys():
        wanted = defaults | st.query_params.to_dict()
        asked = next((name for name, part in parts.items() if part.covers(wanted)), "")
    st.session_state[key] = asked if asked in tabs else next(iter(tabs))
    return st.session_state[key]


def draw_tab_bar(workload: Workload, tabs: Tabs) -> None:
    st.tabs(list(tabs), key=tab_key(workload), on_change="rerun")


def show_race_tab(workload: Workload) -> None:
    """Show the race when the page is drawn next; for callbacks, and before the page is drawn."""
    st.session_state[tab_key(workload)] = RACE_TAB
