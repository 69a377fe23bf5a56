"""The parts of the page pandas to Modin: the ETL race, every call, rows from which Modin wins, and cores."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.workload.declaration import Code
from bench.workload.registry import load_workloads
from ui.controls.overrides import ControlOverrides
from ui.views.modin import break_even, scaling
from ui.views.modin.calls import draw_calls, draw_start_up
from ui.views.race.header import format_diff
from ui.views.race.tabs import WorkloadTab

WORKLOAD = "modin"
ETL_TAB, CALLS_TAB = "ETL race", "Call by call"
IMPORT_CODE = Code(before="import pandas as pd\n", after="import modin.pandas as pd\n")
"""What changes, without the script."""


def build_tabs() -> dict[str, WorkloadTab]:
    """Every tab by its name, in order."""
    workload = load_workloads()[WORKLOAD]
    calls = [name for name in workload.parameter("steps").choices if name != "etl"]
    return {
        ETL_TAB: WorkloadTab(
            ControlOverrides({"steps": "etl"}, visible=("batch",)),
            above=_draw_script,
            below=draw_start_up,
            code=lambda plan: resolve(plan).case.code,
        ),
        CALLS_TAB: WorkloadTab(
            ControlOverrides(visible=("batch",), choices={"steps": calls}),
            above=_draw_calls_introduction,
            first=draw_calls,
            code=lambda plan: IMPORT_CODE,
        ),
        "Break-even": WorkloadTab(
            ControlOverrides(visible=("columns", "kind"), races=False), above=break_even.draw_break_even_tab
        ),
        "Scaling": WorkloadTab(ControlOverrides(races=False), above=scaling.draw_scaling_tab),
    }


def _draw_script(plan: Plan) -> None:
    """The script, and the one line that changes."""
    resolved = resolve(plan)
    workload = resolved.workload
    told, code = st.columns([4, 5], gap="medium")
    with told:
        st.markdown("#### Ten steps, one line changed")
        st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
        st.markdown(f"[Where it comes from]({workload.source})")
    with code:
        st.code(format_diff(resolved.case.code), language="diff", wrap_lines=True)


def _draw_calls_introduction(plan: Plan) -> None:
    told, code = st.columns([4, 5], gap="medium")
    with told:
        st.markdown("#### Which calls gain, and why others do not")
        st.markdown(
            "- Each call is timed by itself, in both arms, until its result is there.\n"
            "- A table is cut into partitions, one a core: a call that works on each by itself can gain; one that must "
            "bring rows together, or that pandas does in a few milliseconds, cannot.\n"
            "- Choose the calls under **More**: groups of them, or single ones."
        )
    with code:
        st.code(format_diff(IMPORT_CODE), language="diff")
        named = ", ".join(f"`{step.label}`" for step in resolve(plan).steps)
        st.markdown(f":small[Chosen: {named}]")
