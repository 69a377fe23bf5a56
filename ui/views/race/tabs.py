"""The tabs of a race page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.query import QUERY_FIELDS, to_query
from bench.workload.cases import Code
from bench.workload.declaration import Workload
from ui.controls.overrides import ControlOverrides
from ui.controls.url import plan_from_url
from ui.records import TASK_PARAMETER
from ui.views.race.followed_run import DisplayedRun, get_session_run

DrawTab = Callable[[Plan], None]
"""Draws a part of a page for the plan of the controls."""
TASK_CONTROLS = ControlOverrides(races=False, more=True)
"""The controls of a tab with an action of its own, beside a race that all tabs share: all settings but those of the
race."""
RACE_TAB = "Race"
"""Name of the tab with the race, on pages with one race for all tabs."""


@dataclass(frozen=True, slots=True)
class WorkloadTab:
    """A tab with its own part of the workload and its own race."""

    controls: ControlOverrides
    above: DrawTab
    """Draws introduction and code: below the controls before a run, folded below a run. Not called during a race."""
    below: DrawTab | None = None
    """Draws what is below the details of the run. Not called during a race."""
    code: Callable[[Plan], Code] | None = None
    """The code of both arms; None for a tab without a race."""
    tasks: tuple[str, ...] = ()
    """Names of the tasks that only this tab has. Other tasks belong to the tab of their plan."""


@dataclass(frozen=True, slots=True)
class TaskTab:
    """A tab with tasks, beside a race that all tabs share."""

    draw: DrawTab
    tasks: tuple[str, ...]
    """Names of the tasks that the tab starts or shows."""
    controls: ControlOverrides = TASK_CONTROLS


Tabs = Mapping[str, TaskTab | WorkloadTab | None]
"""The tabs of a page by name, in order. None is the tab of a race that all tabs share."""


def tab_key(workload: Workload) -> str:
    """Session key of the selected tab."""
    return f"{workload.name}:tab"


def _plan_key(workload: Workload) -> str:
    """Session key of the plan whose tab the next rerun selects."""
    return f"{workload.name}:plan-of-tab"


def _wanted_tab_key(workload: Workload) -> str:
    """Session key of the name of the tab that the next rerun selects."""
    return f"{workload.name}:wanted-tab"


def _missing_tab_key(workload: Workload) -> str:
    """Session key of the tab that the URL named and that this visitor does not have, and of the tab shown instead."""
    return f"{workload.name}:missing-tab"


def show_tab_of(workload: Workload, plan: Plan) -> None:
    """Select the tab whose race can have `plan`, in the next rerun. For callbacks. The last call of this and of
    `show_tab` counts: the page may not be drawn between them."""
    _forget_asked_tab(workload)
    st.session_state[_plan_key(workload)] = plan


def choose_tab(workload: Workload, tabs: Tabs, displayed: DisplayedRun) -> str:
    """The selected tab. At first that of the displayed run or of the URL, else the first; later that of a run or a task
    that is opened."""
    key = tab_key(workload)
    wanted = st.session_state.get(_wanted_tab_key(workload), "") or _find_task_tab(workload, tabs)
    asked = _tab_to_show(workload, tabs, displayed)
    if wanted in tabs:
        st.session_state[key] = wanted
    elif key not in st.session_state:
        name = _tab_of_page(workload, tabs, displayed)
        st.session_state[key] = name if name in tabs else next(iter(tabs))
    elif asked:
        st.session_state[key] = asked
    # Forgotten only now: the browser's secret may interrupt this rerun at any of these calls.
    st.session_state.pop(_wanted_tab_key(workload), None)
    st.query_params.pop(TASK_PARAMETER, None)
    return st.session_state[key]


def _find_task_tab(workload: Workload, tabs: Tabs) -> str:
    """The tab of the task that the URL names, which is opened once; empty if it names none."""
    task = st.query_params.get(TASK_PARAMETER, "")
    if not task:
        return ""
    st.session_state[_opened_task_key(workload.name)] = task
    own = next((name for name, tab in tabs.items() if tab is not None and task in tab.tasks), "")
    plan = plan_from_url(workload)
    return own or (find_covering_tab(tabs, plan) if plan else "")


def take_opened_task(workload_name: str) -> str:
    """The task that the last link opened, for a tab that shows several; empty if there is none, or it was taken."""
    return st.session_state.pop(_opened_task_key(workload_name), "")


def _opened_task_key(workload_name: str) -> str:
    return f"{workload_name}:opened-task"


def _tab_to_show(workload: Workload, tabs: Tabs, displayed: DisplayedRun) -> str:
    """The tab of the plan of `show_tab_of`, or of a run that was opened since the last rerun; empty if there is
    neither."""
    plan: Plan | None = st.session_state.pop(_plan_key(workload), None)
    followed = get_session_run(workload)
    if followed is not None and followed.is_new:
        followed.is_new = False
        # A race that waits has no record. A link to it has its settings.
        opened = displayed.run.plan if displayed.run else plan_from_url(workload)
        followed.tab = find_covering_tab(tabs, opened) if opened else ""
        plan = plan or opened
    elif plan is None:
        return ""
    covering = find_covering_tab(tabs, plan) if plan else ""
    return covering or (RACE_TAB if RACE_TAB in tabs else "")


def _tab_of_page(workload: Workload, tabs: Tabs, displayed: DisplayedRun) -> str:
    """The tab that run and URL ask for; empty if they ask for none."""
    url_tab = st.query_params.get("tab", RACE_TAB if "run" in st.query_params else "")
    if displayed.run is not None:
        return find_covering_tab(tabs, displayed.run.plan) or url_tab
    if url_tab in tabs:
        return url_tab
    plan = plan_from_url(workload)
    return find_covering_tab(tabs, plan) if plan and _has_own_settings(plan) else ""


def _has_own_settings(plan: Plan) -> bool:
    """Whether the case or a parameter of `plan` differs from the default."""
    return any(name == "case" or name not in QUERY_FIELDS for name in to_query(plan))


def find_covering_tab(tabs: Tabs, plan: Plan) -> str:
    """The first tab whose race can have `plan`; empty if there is none."""
    for name, tab in tabs.items():
        if isinstance(tab, WorkloadTab) and tab.code and tab.controls.covers(plan):
            return name
    return ""


def explain_missing_tab(workload: Workload, tabs: Tabs, local_tabs: Mapping[str, str], selected: str) -> str:
    """Why the tab that the URL names is not there; empty if it is, or if another tab was selected since.

    `local_tabs` are the tabs that only some visitors have, each with the reason. Call after `choose_tab`.
    """
    key = _missing_tab_key(workload)
    asked = st.query_params.get("tab", "")
    if asked in local_tabs and asked not in tabs:
        # Kept, because the page soon writes the selected tab into the URL.
        st.session_state[key] = (asked, selected)
    missing, shown_on = st.session_state.get(key, ("", ""))
    return local_tabs[missing] if missing in local_tabs and selected == shown_on else ""


def draw_tab_bar(workload: Workload, tabs: Tabs) -> None:
    st.tabs(list(tabs), key=tab_key(workload), on_change="rerun")


def _forget_asked_tab(workload: Workload) -> None:
    for key in (_plan_key(workload), _wanted_tab_key(workload), _missing_tab_key(workload)):
        st.session_state.pop(key, None)


def show_tab(workload: Workload, name: str) -> None:
    """Select the tab `name` in the next rerun. Its selector may be drawn already in this one."""
    _forget_asked_tab(workload)
    st.session_state[_wanted_tab_key(workload)] = name
