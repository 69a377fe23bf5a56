"""The settings of a sweep: workload and controls, the two settings that are varied, and the time of each cell."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan.grid import GridAxis, default_values, label_axis, list_axis_names, make_axis, parse_axis
from bench.plan.plan import Plan, format_setting
from bench.plan.validation import BUDGET_RANGE_S, PlanError
from bench.scheduler.case_series import SHORT_BUDGET_S
from bench.scheduler.sweep_series import SweepRequest
from bench.system.limits import core_limit
from bench.workload.declaration import Workload
from bench.workload.registry import load_workloads
from ui.access.identity import find_visitor
from ui.access.plans import max_budget_s
from ui.access.redaction import describe_text
from ui.controls.form import plan_from_controls
from ui.controls.overrides import ControlOverrides
from ui.design.glossary import explain, explain_control
from ui.records import TOUR_PARAMETERS, WORKLOAD_PARAMETER

CONTROLS = ControlOverrides(visible=("batch",), budget=False)
NO_AXIS = ""
"""The second setting of a sweep over one."""
WORKLOAD_KEY = "sweep:workload"
BUDGET_KEY = "sweep:budget"
MAX_CELL_BUDGET_S = 120.0
WORKLOAD_WIDTH_PX = 240
SELECT_WIDTH_PX, VALUES_WIDTH_PX, BUDGET_WIDTH_PX = 136, 180, 140


def choose_workload() -> Workload:
    """The workload of the URL at first, later that of the box."""
    workloads = {workload.name: workload for workload in load_workloads().values() if not workload.hidden}
    asked = st.query_params.get(WORKLOAD_PARAMETER, "")
    if asked in workloads and asked != st.session_state.get(WORKLOAD_KEY):
        st.session_state[WORKLOAD_KEY] = asked
    st.selectbox(
        "Workload",
        list(workloads),
        format_func=lambda name: workloads[name].title,
        key=WORKLOAD_KEY,
        persist_state="session",
        on_change=_forget_plan,
        width=WORKLOAD_WIDTH_PX,
        help=explain("workload"),
    )
    name = str(st.session_state[WORKLOAD_KEY])
    st.query_params[WORKLOAD_PARAMETER] = name
    return workloads[name]


def _forget_plan() -> None:
    """Another workload has other settings than those in the URL."""
    kept = {name: st.query_params[name] for name in TOUR_PARAMETERS if name in st.query_params}
    st.query_params.from_dict({WORKLOAD_PARAMETER: st.session_state[WORKLOAD_KEY]} | kept)


def choose_plan(workload: Workload, messages: DeltaGenerator) -> Plan | None:
    """The settings that all cells share; None if they are not valid."""
    return plan_from_controls(workload, messages, CONTROLS)


def choose_request(plan: Plan, messages: DeltaGenerator) -> SweepRequest | None:
    """The grid, drawn as one row of controls; None if it is not valid, with the reason in `messages`."""
    limit = core_limit()
    names = [name for name in list_axis_names(plan) if _has_values(plan, name, limit)]
    if not names:
        messages.info("These settings have nothing that could be varied here.", icon=":material/grid_off:")
        return None
    first = _choose_axis(plan, "Rows", names, 0)
    others = [name for name in names if name != first[0]]
    second = _choose_axis(plan, "Columns", [*others, NO_AXIS], 1)
    budget_s = _choose_budget()
    try:
        axes = tuple(_parse_axis(plan, name, text, limit) for name, text in (first, second) if name)
        request = SweepRequest(plan.model_copy(update={"budget_s": budget_s}), axes, limit)
        request.make_cells()
    except PlanError as error:
        text = "\n".join(f"- {describe_text(problem)}" for problem in error.problems)
        messages.error(f"{text}\n\nChange them to continue.", title="This is no grid", icon=":material/grid_off:")
        return None
    return request


def _has_values(plan: Plan, name: str, limit: int) -> bool:
    """Whether there is something to vary."""
    try:
        return len(make_axis(plan, name, default_values(plan, name, limit), limit).values) > 1
    except PlanError:
        return False


def _choose_axis(plan: Plan, label: str, names: Sequence[str], place: int) -> tuple[str, str]:
    """A setting and the text of its values."""
    key = f"{plan.workload}:{plan.case}:sweep-axis-{place}"
    if st.session_state.get(key) not in names:
        st.session_state[key] = names[0]
    st.selectbox(
        f"{label} of the grid",
        list(names),
        format_func=lambda name: label_axis(plan, name) if name else "none",
        key=key,
        persist_state="session",
        width=SELECT_WIDTH_PX,
    )
    name = str(st.session_state[key])
    if not name:
        return name, ""
    values_key = f"{key}-{name}"
    if values_key not in st.session_state:
        defaults = default_values(plan, name, core_limit())
        st.session_state[values_key] = ", ".join(format_setting(value) for value in defaults)
    st.text_input(
        f"Values of {label_axis(plan, name).lower()}",
        key=values_key,
        persist_state="session",
        width=VALUES_WIDTH_PX,
        help="Separated by commas. A range such as 1..32 doubles from its first number to its last one.",
    )
    return name, str(st.session_state[values_key])


def _parse_axis(plan: Plan, name: str, text: str, limit: int) -> GridAxis:
    return parse_axis(plan, f"{name}={text}", limit)


def _choose_budget() -> float:
    largest_s = max_budget_s(find_visitor())
    limit_s = MAX_CELL_BUDGET_S if largest_s is None else max(BUDGET_RANGE_S[0], min(MAX_CELL_BUDGET_S, largest_s))
    if BUDGET_KEY not in st.session_state:
        st.session_state[BUDGET_KEY] = min(limit_s, SHORT_BUDGET_S)
    st.number_input(
        "Budget per cell [s]",
        BUDGET_RANGE_S[0],
        limit_s,
        step=1.0,
        format="%g",
        key=BUDGET_KEY,
        persist_state="session",
        width=BUDGET_WIDTH_PX,
        help=explain_control(
            "time budget", "Time for the samples of each race. Starting the arms and measuring accuracy take more."
        ),
    )
    return float(st.session_state[BUDGET_KEY])
