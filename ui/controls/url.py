"""The plan in the URL of a race page."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan, format_setting
from bench.plan.query import QUERY_FIELDS, from_query, to_query
from bench.plan.validation import PlanError, find_workload
from bench.storage.uploads import is_upload_available
from bench.system.limits import core_limit
from bench.workload.declaration import Workload
from ui.access.identity import find_visitor
from ui.access.plans import list_denied_settings
from ui.controls.state import Controls, select_case
from ui.controls.tab_settings import is_tab_setting
from ui.controls.url_problems import UrlProblems
from ui.records import TASK_PARAMETER, TOUR_PARAMETERS, WORKLOAD_PARAMETER

OTHER_URL_PARAMETERS = (
    "run",
    "tab",
    "step",
    TASK_PARAMETER,
    WORKLOAD_PARAMETER,
    *TOUR_PARAMETERS,
)
"""Query parameters of a page with controls that are no part of the plan."""


def read_url(workload: Workload, limit: int, url_problems: UrlProblems) -> None:
    """Set the controls to the URL, unless this page wrote it. Settings that are not valid get their default, and
    `url_problems` one sentence each.

    A URL without settings, such as a link in the navigation, keeps the settings of this session.
    """
    query = _plan_query()
    if not query or query == st.session_state.get(_url_key(workload)):
        return
    plan, problems = _parse_settings(workload, workload.upgrade_settings(query), limit)
    url_problems.start(problems)
    _set_controls(workload, plan)


def write_url(workload: Workload, plan: Plan) -> None:
    """Write `plan` into the URL of this page."""
    query = to_query(plan)
    if query != _plan_query():
        others = {name: value for name, value in st.query_params.items() if not _is_plan_setting(name)}
        st.query_params.from_dict(query | others)
    st.session_state[_url_key(workload)] = query


def adopt_plan(plan: Plan) -> None:
    """Set the controls to the plan of a stored run, before they are drawn. Settings that today's declaration or this
    machine does not allow get their defaults."""
    workload, limit = find_workload(plan.workload), core_limit()
    fields = plan.model_dump(include=set(QUERY_FIELDS)) | {"cores": min(plan.cores, limit)}
    settings = {name: format_setting(value) for name, value in (fields | plan.parameters).items()}
    adopted, _ = _parse_settings(workload, settings, limit)
    _set_controls(workload, adopted)


def plan_from_url(workload: Workload) -> Plan | None:
    """The plan of this page's URL; None if it has no settings, or settings that are not valid."""
    query = _plan_query()
    try:
        return from_query(workload.name, query, core_limit=core_limit()) if query else None
    except PlanError:
        return None


def _plan_query() -> dict[str, str]:
    return {name: value for name, value in st.query_params.items() if _is_plan_setting(name)}


def _is_plan_setting(name: str) -> bool:
    return name not in OTHER_URL_PARAMETERS and not is_tab_setting(name)


def _url_key(workload: Workload) -> str:
    """Session key of the settings that this page wrote last."""
    return f"{workload.name}:url"


def _set_controls(workload: Workload, plan: Plan) -> None:
    select_case(workload, plan.case)
    Controls(workload, workload.case(plan.case)).set_plan(plan)
    st.session_state[_url_key(workload)] = _plan_query()


def _parse_settings(workload: Workload, settings: dict[str, str], limit: int) -> tuple[Plan, list[str]]:
    """The plan with those of `settings` that are valid, and one sentence for each of the others."""
    problems: list[str] = []
    try:
        plan, valid = from_query(workload.name, settings, core_limit=limit), settings
    except PlanError as error:
        problems += error.problems
        plan, valid = _keep_valid(workload, settings, limit)
    # Before anything looks for a file: a stranger must not learn which files exist.
    denied = list_denied_settings(workload.name, plan.case, valid, find_visitor())
    if denied:
        problems += list(denied.values())
        valid = {name: value for name, value in valid.items() if name not in denied}
        plan = from_query(workload.name, valid, core_limit=limit)
    uploadable = Controls(workload, workload.case(plan.case)).uploadable_parameters()
    missing = [name for name in uploadable if not is_upload_available(valid.get(name, ""))]
    if missing:
        problems += [f"{name}: the file {valid[name]} is not on this machine; upload it again" for name in missing]
        available = {name: value for name, value in valid.items() if name not in missing}
        plan = from_query(workload.name, available, core_limit=limit)
    return plan, problems


def _keep_valid(workload: Workload, settings: dict[str, str], limit: int) -> tuple[Plan, dict[str, str]]:
    """The settings that are valid together, tried in order: the case first, because parameters depend on it."""
    plan, valid = from_query(workload.name, {}, core_limit=limit), {}
    for name in sorted(settings, key=lambda name: name != "case"):
        candidate = valid | {name: settings[name]}
        try:
            plan, valid = from_query(workload.name, candidate, core_limit=limit), candidate
        except PlanError:
            continue
    return plan, valid
