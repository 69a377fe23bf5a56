"""Which stages the accelerated arm accelerates: those that usually gain, everything, or one stage alone."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.plan.change import change_plan
from bench.plan.plan import Plan
from bench.plan.validation import find_case, find_workload
from bench.scheduler.best_stages import BestStages
from bench.system.limits import core_limit
from bench.workload.parameters import Parameter
from ui import services
from ui.components.best_stages import draw_best_stages, find_choice, format_preset
from ui.controls.url import adopt_plan, plan_from_url
from ui.design.markdown import escape_markdown
from workloads.documents.catalogue import split_stages

PARAMETER = "accelerate"


@dataclass(frozen=True, slots=True)
class Preset:
    """A choice of stages."""

    label: str
    value: str
    """Of the parameter `accelerate`."""


def list_presets(plan: Plan, best: BestStages | None = None) -> list[Preset]:
    """The default of the plan's case, everything that can be accelerated, the best of each stage if that is known and
    up to date, and each stage alone."""
    parameter = _find_parameter(plan)
    everything = ",".join(parameter.choices)
    presets = [Preset("Usual stages", str(parameter.default))]
    if everything != parameter.default:
        presets.append(Preset("Everything", everything))
    if best is not None and best.is_valid:
        presets.append(Preset(format_preset(best), str(best.plan.parameters[PARAMETER])))
    return presets + [Preset(f"{label.partition(':')[0]} only", name) for name, label in parameter.choices.items()]


def _find_parameter(plan: Plan) -> Parameter:
    workload = find_workload(plan.workload)
    return workload.parameter(PARAMETER, find_case(workload, plan.case))


def describe_choice(plan: Plan) -> str:
    """What the accelerated arm accelerates, as text."""
    choices = _find_parameter(plan).choices
    names = split_stages(plan.parameters.get(PARAMETER, ""))
    return ", ".join(choices.get(name, name).partition(":")[0] for name in names)


def draw_presets(plan: Plan, key: str) -> None:
    """A button for each preset, which gives the controls of the page its stages. On the page of the workload, they
    change the settings of the controls; elsewhere those of `plan`. `key` is unique for the place."""
    plan = plan_from_url(find_workload(plan.workload)) or plan
    st.markdown(
        f"The selected stages are **{escape_markdown(describe_choice(plan))}**. "
        ":gray[A button selects other stages; then press **Run**.]"
    )
    page = services.workload_page_script(plan.workload)
    best = find_choice(plan)
    with st.container(horizontal=True, gap="xsmall"):
        for place, preset in enumerate(list_presets(plan, best)):
            is_current = preset.value == plan.parameters.get(PARAMETER)
            pressed = st.button(
                preset.label,
                key=f"{key}-{place}-{preset.value}",
                disabled=is_current,
                type="secondary",
                icon=":material/check:" if is_current else None,
                on_click=_choose,
                args=(plan, preset.value),
            )
            if pressed and page:
                # From the page of stored runs. On the page of the workload, the button of the choice is disabled.
                st.switch_page(page)
    if best is not None:
        draw_best_stages(plan, best, key)


def _choose(plan: Plan, value: str) -> None:
    """Give the controls the settings of `plan` with other stages. For callbacks."""
    adopt_plan(change_plan(plan, {PARAMETER: value}, core_limit()))
