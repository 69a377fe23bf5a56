"""The controls of a race page: made from a workload's declaration, kept in the URL, checked into a plan.

The URL says what `Plan.to_query` says, values by name, so that a link, a reload and the browser's back button bring the
same plan. (Streamlit's own binding writes what a widget shows, 'all pixels' instead of 1000000000, leaves out defaults
that are a machine's own, and lets one page's parameters stand on the next.) A control's value therefore lives in the
session under the workload's name; whenever the URL is not the one that this page wrote last, it is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.machine.limits import core_limit
from bench.plan.plan import Plan
from bench.plan.validation import BUDGET_RANGE_S, TARGET_RANGE, PlanError, make_plan
from bench.workload.declaration import Parameter, Setting, Workload
from ui.controls.overrides import ControlOverrides, apply_overrides
from ui.controls.state import control_key, control_values
from ui.controls.url import read_url, write_url
from ui.controls.widgets import (
    PARAMETER_WIDGETS,
    SLIDER_WIDTH_PX,
    WIDE_SLIDER_WIDTH_PX,
    draw_cores,
    draw_lever,
    draw_number,
)
from ui.design.theme import Theme


def plan_from_controls(
    workload: Workload,
    theme: Theme = "light",
    messages: DeltaGenerator | None = None,
    narrowed: ControlOverrides | None = None,
) -> Plan | None:
    """Draw the controls; the plan that they say, or None, with what is wrong with it in `messages` or below."""
    messages = messages or st.container()
    limit = core_limit()
    problems = read_url(workload, limit)
    if narrowed:
        apply_overrides(workload, narrowed)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if narrowed is None:
            draw_lever(workload, theme)
            draw_cores(workload, limit)
            draw_number(workload, workload.batch, width=SLIDER_WIDTH_PX)
            _draw_more(workload, workload.parameters_of(workload.default_case))
        elif narrowed.races:
            draw_lever(workload, theme)
            draw_cores(workload, limit)
            _draw_visible_parameters(workload, narrowed)
            rest = [
                one
                for one in (workload.batch, *workload.parameters_of(workload.default_case))
                if not narrowed.hides(one.name)
            ]
            _draw_more(workload, [one for one in rest if one.name not in narrowed.front], narrowed.choices)
        else:
            draw_cores(workload, limit)
            _draw_visible_parameters(workload, narrowed)
    plan = _build_plan(workload, limit, messages)
    _show_problems(problems, messages)
    if plan is not None:
        write_url(workload, plan)
    return plan


def _draw_visible_parameters(workload: Workload, narrowed: ControlOverrides) -> None:
    for parameter in (workload.batch, *workload.parameters_of(workload.default_case)):
        if parameter.name in narrowed.front and parameter.kind in ("integer", "real"):
            draw_number(
                workload, parameter, width=SLIDER_WIDTH_PX if parameter is workload.batch else WIDE_SLIDER_WIDTH_PX
            )
        elif parameter.name in narrowed.front:
            PARAMETER_WIDGETS[parameter.kind](workload, parameter)


# --- the plan ---


def _build_plan(workload: Workload, limit: int, messages: DeltaGenerator) -> Plan | None:
    value = {name: st.session_state.get(control_key(workload, name)) for name in Plan.model_fields}
    fields = {name: given for name, given in value.items() if given is not None}
    for parameter in workload.parameters_of(workload.default_case):
        fields.setdefault("parameters", {})[parameter.name] = st.session_state.get(
            control_key(workload, parameter.name)
        )
    try:
        return make_plan(workload.name, core_limit=limit, **fields)
    except PlanError as error:
        _show_problems(error.problems, messages, "These settings cannot be run", "Change them, and go on.")
        return None


def _show_problems(
    problems: list[str],
    messages: DeltaGenerator,
    title: str = "The address of this page asks for what cannot be run",
    remedy: str = "The default stands in its place.",
) -> None:
    if problems:
        text = "\n".join(f"- {problem}" for problem in problems)
        messages.error(f"{text}\n\n{remedy}", title=title, icon=":material/link_off:")


# --- the rest ---


def _draw_more(
    workload: Workload, parameters: Sequence[Parameter], choices: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Parameters, and how long and how exactly to measure; the label tells when they are not the defaults."""
    names = [*(parameter.name for parameter in parameters), "budget_s", "target", "seed", "accuracy_limit"]
    changed = [name for name in names if control_values(workload).get(name) != _default_value(workload, name)]
    label = f"More ({len(changed)})" if changed else "More"
    with st.popover(label, icon=":material/tune:", help=_more_help(workload, changed), width="content"):
        for parameter in parameters:
            left = (choices or {}).get(parameter.name)
            if left is not None:
                parameter = replace(parameter, choices={name: parameter.choices[name] for name in left})
            PARAMETER_WIDGETS[parameter.kind](workload, parameter)
        _draw_measurement_settings(workload)


def _more_help(workload: Workload, changed: list[str]) -> str:
    values = control_values(workload)
    said = ", ".join(f"{name} {values[name]}" for name in changed)
    return "Parameters, time budget, precision, seed" + (f". Not as usual: {said}" if changed else "")


def _default_value(workload: Workload, name: str) -> Setting:
    if name in Plan.model_fields:
        return workload.batch.default if name == workload.batch.name else Plan.model_fields[name].default
    return workload.parameter(name).default


def _draw_measurement_settings(workload: Workload) -> None:
    with st.container(horizontal=True):
        st.number_input(
            "Time budget [s]",
            *BUDGET_RANGE_S,
            step=5.0,
            format="%g",
            key=control_key(workload, "budget_s"),
            help="For sampling, warm-up and other core counts included; start and accuracy of the arms come on top.",
            width=150,
        )
        st.number_input(
            "Interval, ± share",
            *TARGET_RANGE,
            step=0.005,
            format="%g",
            key=control_key(workload, "target"),
            help="Sampling ends early when every ratio's 95 % interval is this narrow; 0 uses the whole budget.",
            width=150,
        )
        st.number_input(
            "Accuracy kept, at least",
            0.0,
            1.0,
            step=0.005,
            format="%g",
            key=control_key(workload, "accuracy_limit"),
            help="As a share of the baseline's; below it no claim is made.",
            width=150,
        )
        st.number_input(
            "Seed",
            0,
            2**32 - 1,
            step=1,
            key=control_key(workload, "seed"),
            help="Of the data and of the arms' order.",
            width=150,
        )
