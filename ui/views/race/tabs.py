"""The tabs of a race page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.query import QUERY_FIELDS, to_query
from bench.workload.declaration import Code, Workload
from ui.controls.overrides import ControlOverrides
from ui.controls.url import plan_from_url
from ui.views.race.followed_run import DisplayedRun, get_session_run

DrawTab = Callable[[Plan], None]
"""Draws a part of a page for the plan of the controls."""
RACE_TAB = "Race"
"""Name of the tab with the race, on pages with one race for all tabs."""


@dataclass(frozen=True, slots=True)
class WorkloadTab:
    """A tab with its own part of the workload and its own race. Its page has the tabs above the controls."""

    controls: ControlOverrides
    above: DrawTab
    """Draws introduction and code, above the run. Not called during a race."""
    below: DrawTab | None = None
    """Draws what is below the run. Not called during a race."""
    code: Callable[[Plan], Code] | None = None
    """The code of both arms; None for a tab without a race."""
    first: DrawTab | None = None
    """Draws an evaluation of earlier runs, between introduction and run. Not called during a race."""


Tabs = Mapping[str, DrawTab | WorkloadTab | None]
"""The tabs of a page by name, in order. None is the tab of a race that all tabs share."""


def tab_key(workload: Workload) -> str:
    """Session key of the selected tab. It may be set before the page is drawn."""
    return f"{workload.name}:tab"


def choose_tab(workload: Workload, tabs: Tabs, displayed: DisplayedRun) -> str:
    """The selected tab. At first that of the displayed run or of the URL, else the first."""
    key = tab_key(workload)
    if key not in st.session_state:
        name = _tab_of_page(workload, tabs, displayed)
        st.session_state[key] = name if name in tabs else next(iter(tabs))
    return st.session_state[key]


def _tab_of_page(workload: Workload, tabs: Tabs, displayed: DisplayedRun) -> str:
    """The tab that run and URL ask for; empty if they ask for none."""
    url_tab = st.query_params.get("tab", RACE_TAB if "run" in st.query_params else "")
    if displayed.run is not None:
        covering = _find_covering_tab(tabs, displayed.run.plan)
        if followed := get_session_run(workload):
            followed.tab = covering
        return covering or url_tab
    if url_tab in tabs:
        return url_tab
    plan = plan_from_url(workload)
    return _find_covering_tab(tabs, plan) if plan and _has_own_settings(plan) else ""


def _has_own_settings(plan: Plan) -> bool:
    """Whether the case or a parameter of `plan` differs from the default."""
    return any(name == "case" or name not in QUERY_FIELDS for name in to_query(plan))


def _find_covering_tab(tabs: Tabs, plan: Plan) -> str:
    """The first tab whose race can have `plan`; empty if there is none."""
    for name, tab in tabs.items():
        if isinstance(tab, WorkloadTab) and tab.code and tab.controls.covers(plan):
            return name
    return ""


def draw_tab_bar(workload: Workload, tabs: Tabs) -> None:
    st.tabs(list(tabs), key=tab_key(workload), on_change="rerun")


def show_race_tab(workload: Workload) -> None:
    """Select the tab with the race. For callbacks, and before the tabs are drawn."""
    st.session_state[tab_key(workload)] = RACE_TAB
