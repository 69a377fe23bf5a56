"""The tabs of the page pandas to Modin: ETL race, Call by call, Break-even and Scaling."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from ui.controls.overrides import ControlOverrides
from ui.views.modin import break_even, scaling
from ui.views.race.header import format_diff
from ui.views.race.tabs import WorkloadTab

WORKLOAD = "modin"
ETL_TAB, CALLS_TAB = "ETL race", "Call by call"
CALLS_CASES = ("common", "files", "calls", "text", "all", "selection", "overview")
"""Cases that time several calls."""


def build_tabs() -> dict[str, WorkloadTab]:
    """The tabs by name, in the order of the page."""
    return {
        ETL_TAB: WorkloadTab(
            ControlOverrides(cases=("etl",), visible=("batch",)),
            above=_draw_script,
            code=lambda plan: resolve(plan).case.code,
        ),
        CALLS_TAB: WorkloadTab(
            ControlOverrides(cases=CALLS_CASES, visible=("batch",)),
            above=_draw_calls_introduction,
            code=lambda plan: resolve(plan).case.code,
        ),
        break_even.TAB: WorkloadTab(
            ControlOverrides(visible=("columns", "kind"), races=False),
            above=break_even.draw_break_even_tab,
            tasks=(break_even.TASK,),
        ),
        "Scaling": WorkloadTab(ControlOverrides(races=False), above=scaling.draw_scaling_tab),
    }


def _draw_script(plan: Plan) -> None:
    """Draw the description of the ETL script and its diff."""
    resolved = resolve(plan)
    workload = resolved.workload
    text, code = st.columns([4, 5], gap="medium")
    with text:
        st.markdown("## Ten steps, one changed line")
        st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
        st.markdown(f"[Source of the script]({workload.source})")
    with code:
        st.code(format_diff(resolved.case.code), language="diff")


def _draw_calls_introduction(plan: Plan) -> None:
    """Draw the description of the case, its diff and the timed calls."""
    resolved = resolve(plan)
    text, code = st.columns([4, 5], gap="medium")
    with text:
        st.markdown("## Which calls get faster")
        st.markdown(resolved.case.text)
    with code:
        st.code(format_diff(resolved.case.code), language="diff")
        labels = ", ".join(f"`{step.label}`" for step in resolved.steps)
        st.markdown(f":small[Timed calls: {labels}]")
