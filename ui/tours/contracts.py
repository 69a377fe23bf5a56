"""What a step may ask of a page: settings, tabs and parts. Read from the declarations and from the pages' own tabs."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping

from bench.claims.tricks.catalogue import TRICKS
from bench.plan.query import QUERY_FIELDS, from_query
from bench.plan.validation import PlanError, find_case, find_workload
from bench.workload.registry import load_workloads
from ui.access.visitor import Role, Visitor
from ui.records import WORKLOAD_PARAMETER
from ui.tours.model import TAB_SETTING
from ui.tours.parts import PAGE_PARTS, RACE_PARTS, Part
from ui.views.method.ways import APPLY_PARAMETER, APPLY_WORDS, WAY_PARAMETER
from ui.views.race.tabs import Tabs

LOCAL_VISITOR = Visitor(Role.OPERATOR, is_local=True)
"""Who sees every tab."""


def list_pages() -> list[str]:
    """Names of the pages that a step may have."""
    return [name for name, workload in load_workloads().items() if not workload.hidden] + list(PAGE_PARTS)


def list_parts(page: str) -> Mapping[str, Part]:
    """The parts of a page by name."""
    return PAGE_PARTS.get(page, RACE_PARTS)


def load_tabs(workload: str) -> Tabs:
    """The tabs of a workload's page by name, in order; empty for a page without tabs."""
    folder = f"ui.views.{workload.replace('-', '_')}"
    if importlib.util.find_spec(folder) is None or importlib.util.find_spec(f"{folder}.tabs") is None:
        return {}
    tabs = importlib.import_module(f"{folder}.tabs")
    # A page of which some tabs are for the user of this machine alone decides by the visitor.
    return tabs.build_tabs(LOCAL_VISITOR) if hasattr(tabs, "LOCAL_TABS") else tabs.build_tabs()


def find_setting_problems(page: str, settings: Mapping[str, str]) -> list[tuple[str, str]]:
    """What is wrong with the settings of a step on `page`: name of the setting, empty for all of them, and sentence."""
    if page in PAGE_PARTS:
        return _find_page_problems(page, settings)
    workload = find_workload(page)
    problems: list[tuple[str, str]] = []
    tabs, tab = load_tabs(page), settings.get(TAB_SETTING)
    if tab is not None and tab not in tabs:
        known = f"it has {', '.join(tabs)}" if tabs else "it has no tabs"
        problems.append((TAB_SETTING, f"the page {page} has no tab {tab!r}; {known}"))
    plan_settings = {name: value for name, value in settings.items() if name != TAB_SETTING}
    try:
        find_case(workload, plan_settings.get("case"))
        from_query(page, plan_settings)
    except PlanError as error:
        problems += [_assign_problem(problem, plan_settings) for problem in error.problems]
    return problems


def _find_page_problems(page: str, settings: Mapping[str, str]) -> list[tuple[str, str]]:
    if page == "sweep":
        return _find_sweep_problems(settings)
    allowed = (
        {WAY_PARAMETER: [trick.name for trick in TRICKS], APPLY_PARAMETER: list(APPLY_WORDS)}
        if page == "method"
        else {}
    )
    problems: list[tuple[str, str]] = []
    for name, value in settings.items():
        if name not in allowed:
            known = f"it has {', '.join(allowed)}" if allowed else "it has none"
            problems.append((name, f"the page {page} has no such setting; {known}"))
        elif value not in allowed[name]:
            problems.append((name, f"{value!r} is none of {', '.join(allowed[name])}"))
    return problems


def _find_sweep_problems(settings: Mapping[str, str]) -> list[tuple[str, str]]:
    workload = settings.get(WORKLOAD_PARAMETER, "")
    if workload not in load_workloads():
        return [(WORKLOAD_PARAMETER, f"there is no workload {workload!r}; there are {', '.join(load_workloads())}")]
    plan_settings = {name: value for name, value in settings.items() if name != WORKLOAD_PARAMETER}
    try:
        from_query(workload, plan_settings)
    except PlanError as error:
        return [_assign_problem(problem, plan_settings) for problem in error.problems]
    return []


def _assign_problem(problem: str, settings: Mapping[str, str]) -> tuple[str, str]:
    """The setting that a sentence of a PlanError begins with, and the rest of it."""
    name, _, text = problem.partition(": ")
    return (name, text) if name in settings or name in QUERY_FIELDS else ("", problem)
