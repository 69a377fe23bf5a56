"""The controls of a race page, built from the workload's declaration, stored in the URL, and checked into a plan.

The URL has the form of `bench.plan.query`, so a link, a reload and the browser's back button restore the same plan.
Streamlit's `bind="query-params"` does not fit: it writes what a widget shows ('all pixels') instead of the value, drops
defaults although they depend on the machine, and carries the parameters of one page over to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.plan.plan import MAX_SEED, Plan
from bench.plan.validation import ACCURACY_LIMIT_RANGE, BUDGET_RANGE_S, TARGET_RANGE, PlanError, make_plan
from bench.system.limits import core_limit
from bench.values.base import Arm
from bench.workload.declaration import Workload
from ui.access.identity import find_visitor
from ui.access.plans import max_budget_s, why_not_choose
from ui.access.redaction import describe_text
from ui.controls.overrides import ControlOverrides, select_allowed_case
from ui.controls.state import Controls, current_controls
from ui.controls.url import read_url, write_url
from ui.controls.url_problems import UrlProblems
from ui.controls.widgets import (
    MAX_BUTTONS,
    draw_case,
    draw_cores,
    draw_lever,
    draw_parameter,
    draw_row_parameter,
    has_lever_choice,
)
from ui.design.glossary import explain_control
from ui.design.markdown import escape_markdown

MEASUREMENT_FIELDS = ("budget_s", "target", "accuracy_limit", "seed")
"""Fields of a plan that say how long and how precisely to measure."""
NUMBER_WIDTH_PX = 150
DEFAULT_CONTROLS = ControlOverrides(visible=("batch",))


def plan_from_controls(
    workload: Workload,
    messages: DeltaGenerator | None = None,
    overrides: ControlOverrides | None = None,
) -> Plan | None:
    """Draw the controls, one beside the other in a horizontal container, and return their plan. If the settings are not
    valid, write why into `messages` (or below the controls) and return None."""
    messages = messages or st.container()
    overrides = overrides or DEFAULT_CONTROLS
    limit = core_limit()
    problems = UrlProblems(workload.name)
    read_url(workload, limit, problems)
    select_allowed_case(workload, overrides)
    controls = current_controls(workload)
    controls.fill(limit)
    controls.adopt_uploads()
    _carry_over(controls, overrides)
    _reset_denied(controls, problems)
    _limit_budget(controls, problems)
    names = overrides.cases or tuple(case.name for case in workload.cases)
    # A list of cases needs the width. A lever with two values only offers to race the baseline against itself.
    lever_in_more = len(names) > MAX_BUTTONS and len(controls.lever.values) == 2 and not has_lever_choice(controls)
    if (overrides.races or overrides.offers_cases) and len(names) > 1:
        draw_case(controls, names)
    if overrides.races and not lever_in_more:
        draw_lever(controls)
    draw_cores(controls, limit)
    for parameter in controls.parameters:
        if parameter.name in overrides.visible:
            draw_row_parameter(controls, parameter)
    if overrides.races or overrides.more:
        _draw_more(controls, overrides, with_lever=lever_in_more and overrides.races)
    plan = _build_plan(controls, limit, messages)
    if sentences := problems.list_for(plan):
        _show_problems(
            sentences, messages, "Some settings in the URL are not valid", "Their default values are used instead."
        )
    if plan is not None:
        write_url(workload, plan)
    return plan


def _carry_over(controls: Controls, overrides: ControlOverrides) -> None:
    """Keep the values when another tab or case draws other widgets for them.

    A number is a field in the row of controls and a slider under More. Streamlit gives a widget of another type its
    default instead of the value that its key has, unless the value is assigned.
    """
    key = f"{controls.workload.name}:drawn-for"
    if st.session_state.get(key) != (overrides, controls.case.name):
        st.session_state[key] = (overrides, controls.case.name)
        controls.assign_all()


def _reset_denied(controls: Controls, problems: UrlProblems) -> None:
    """Give settings that the visitor may not choose their defaults, and add a problem for each.

    A browser can send a widget any text, whatever it offers; no plan and no URL may have it.
    """
    visitor = find_visitor()
    for parameter in controls.parameters:
        if reason := why_not_choose(parameter, controls.get(parameter.name), visitor):
            problems.add(reason)
            controls.set(parameter.name, parameter.default)


def _limit_budget(controls: Controls, problems: UrlProblems) -> None:
    """Reduce the time budget to what the visitor may use, and add a problem if a larger one was asked for."""
    largest_s, budget_s = max_budget_s(find_visitor()), controls.get("budget_s")
    if largest_s is None or budget_s <= largest_s:
        return
    if budget_s != controls.default("budget_s"):
        problems.add(f"budget_s: visitors of this server may use {largest_s:g} seconds, got {budget_s:g}")
    controls.set("budget_s", max(BUDGET_RANGE_S[0], largest_s))


def _build_plan(controls: Controls, limit: int, messages: DeltaGenerator) -> Plan | None:
    fields = {name: controls.get(name) for name in Plan.model_fields if name not in ("workload", "case", "parameters")}
    fields = {name: value for name, value in fields.items() if value is not None}
    parameters = controls.workload.parameters_of(controls.case)
    fields["parameters"] = {parameter.name: controls.get(parameter.name) for parameter in parameters}
    try:
        return make_plan(controls.workload.name, controls.case.name, core_limit=limit, **fields)
    except PlanError as error:
        _show_problems(error.problems, messages, "These settings cannot be run", "Change them to continue.")
        return None


def _show_problems(problems: Sequence[str], messages: DeltaGenerator, title: str, remedy: str) -> None:
    text = "\n".join(f"- {describe_text(problem)}" for problem in problems)
    messages.error(f"{text}\n\n{remedy}", title=title, icon=":material/link_off:")


def _draw_more(controls: Controls, overrides: ControlOverrides, *, with_lever: bool) -> None:
    """The other parameters, and for a race how long and how precisely to measure. The label counts the changed
    settings."""
    values = {parameter.name: controls.get(parameter.name) for parameter in controls.parameters}
    parameters = [
        parameter
        for parameter in controls.parameters
        if parameter.name not in overrides.visible and parameter.has_effect(controls.parameters, values)
    ]
    fields = MEASUREMENT_FIELDS if overrides.races else ()
    fields = (*fields, Arm.ACCELERATED.value) if with_lever else fields
    names = [*(parameter.name for parameter in parameters), *fields]
    changed = {name: controls.get(name) for name in names if controls.get(name) != controls.default(name)}
    label = f"More ({len(changed)})" if changed else "More"
    offered = "Parameters, time budget, precision, seed" if overrides.races else "Parameters"
    with st.popover(label, icon=":material/tune:", help=_describe_more(offered, changed), width="content"):
        for parameter in parameters:
            draw_parameter(controls, parameter)
        if with_lever:
            draw_lever(controls)
        if overrides.races:
            _draw_measurement_settings(controls, with_budget=overrides.budget)


def _describe_more(offered: str, changed: Mapping[str, object]) -> str:
    text = offered
    if changed:
        text += ". Changed: " + ", ".join(escape_markdown(f"{name} {value}") for name, value in changed.items())
    return text


def _draw_budget(controls: Controls) -> None:
    largest_s = max_budget_s(find_visitor())
    st.number_input(
        "Time budget [s]",
        BUDGET_RANGE_S[0],
        BUDGET_RANGE_S[1] if largest_s is None else max(BUDGET_RANGE_S[0], largest_s),
        step=5.0,
        format="%g",
        key=controls.key("budget_s"),
        persist_state="session",
        help=explain_control(
            "time budget",
            "Time for warm-up, sampling and other core counts. Starting the arms and measuring their accuracy take "
            "additional time.",
        ),
        width=NUMBER_WIDTH_PX,
    )


def _draw_measurement_settings(controls: Controls, *, with_budget: bool) -> None:
    with st.container(horizontal=True):
        if with_budget:
            _draw_budget(controls)
        st.number_input(
            "Target sampling error ±",
            *TARGET_RANGE,
            step=0.005,
            format="%g",
            key=controls.key("target"),
            persist_state="session",
            help=explain_control(
                "target sampling error",
                "Sampling stops early when the sampling error of every ratio is this small, relative to the ratio. 0 "
                "uses the whole time budget. The interval is wider by what one race cannot see, such as the difference "
                "between two processes of one program.",
            ),
            width=NUMBER_WIDTH_PX,
        )
        st.number_input(
            "Accuracy limit",
            *ACCURACY_LIMIT_RANGE,
            step=0.005,
            format="%g",
            key=controls.key("accuracy_limit"),
            persist_state="session",
            help=explain_control(
                "accuracy limit",
                "Lowest accuracy of the accelerated arm, as a share of the baseline's. Below it, no claim is made. The "
                "whole 95 % interval of the loss must be within it.",
            ),
            width=NUMBER_WIDTH_PX,
        )
        st.number_input(
            "Seed",
            0,
            MAX_SEED,
            step=1,
            key=controls.key("seed"),
            persist_state="session",
            help=explain_control("seed"),
            width=NUMBER_WIDTH_PX,
        )
