"""TODO: ui.controls.form.url."""

from __future__ import annotations

import streamlit as st

from bench.machine.limits import core_limit
from bench.plan.plan import Plan
from bench.plan.query import from_query, to_query
from bench.plan.resolved import resolve
from bench.plan.validation import PlanError
from bench.storage.uploads import is_upload_available
from bench.workload.declaration import Workload
from ui.controls.state import control_key, fill_controls, set_control, uploadable_parameters

OTHER_URL_PARAMETERS = ("run", "tab")
"""What else may stand in the page's URL."""


def adopt_plan(plan: Plan) -> None:
    """Set the controls to `plan`, before they are drawn: a run is opened again with its own settings."""
    workload = resolve(plan).workload
    fields = plan.model_dump(exclude={"workload", "parameters"}) | plan.parameters
    fields["cores"] = min(plan.cores, core_limit())
    for name, value in fields.items():
        set_control(workload, name, value)
    st.session_state[control_key(workload, "url")] = _plan_parameters()


def _plan_parameters() -> dict[str, str]:
    return {name: value for name, value in st.query_params.items() if name not in OTHER_URL_PARAMETERS}


def read_url(workload: Workload, limit: int) -> list[str]:
    """Take over what the URL asks for, where this page has not written it itself; what is wrong with it comes back.

    A bare URL, as the navigation opens it, changes nothing: what was set in this session stays.
    """
    fill_controls(workload, limit)
    asked = _plan_parameters()
    if not asked or asked == st.session_state.get(control_key(workload, "url")):
        return []
    problems: list[str] = []
    given: dict[str, str] = {}
    try:
        from_query(workload.name, asked, core_limit=limit)
        given = asked
    except PlanError as error:
        problems = error.problems
        given = {name: value for name, value in asked.items() if _is_valid(workload, name, value, limit)}
    for name in uploadable_parameters(workload):
        if not is_upload_available(given.get(name, "")):
            problems.append(f"{name}: the file {given.pop(name)} is not on this machine; upload it again")
    plan = from_query(workload.name, given, core_limit=limit)
    adopt_plan(plan)
    for name in asked.keys() - given.keys():
        st.query_params.pop(name, None)
    return problems


def _is_valid(workload: Workload, name: str, value: str, limit: int) -> bool:
    try:
        from_query(workload.name, {name: value}, core_limit=limit)
    except PlanError:
        return False
    return True


def write_url(workload: Workload, plan: Plan) -> None:
    query = to_query(plan)
    if query != _plan_parameters():
        others = {name: st.query_params[name] for name in OTHER_URL_PARAMETERS if name in st.query_params}
        st.query_params.from_dict(query | others)
    st.session_state[control_key(workload, "url")] = query
