"""The parts of the page pandas to Modin: the ETL race, every call, rows from which Modin wins, and cores."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.workload.declaration import Code, registry
from ui.controls.form import Narrowed
from ui.views.modin import break_even, scaling
from ui.views.modin import calls as modin_calls
from ui.views.race.page import Part, diff

WORKLOAD = "modin"
ETL, CALLS = "ETL race", "Call by call"
IMPORT = Code(before="import pandas as pd\n", after="import modin.pandas as pd\n")
"""What changes, without the script."""


def tabs() -> dict[str, Part]:
    """Every tab by its name, in order."""
    workload = registry()[WORKLOAD]
    calls = [name for name in workload.parameter("steps").choices if name != "etl"]
    return {
        ETL: Part(
            Narrowed({"steps": "etl"}, front=("batch",)),
            above=_script,
            below=modin_calls.start,
            code=lambda plan: plan.declaration.code,
        ),
        CALLS: Part(
            Narrowed(front=("batch",), choices={"steps": calls}),
            above=_calls,
            first=modin_calls.draw,
            code=lambda plan: IMPORT,
        ),
        "Break-even": Part(Narrowed(front=("columns", "kind"), races=False), above=break_even.draw),
        "Scaling": Part(Narrowed(races=False), above=scaling.draw),
    }


def _script(plan: Plan) -> None:
    """The script, and the one line that changes."""
    workload = plan.declaration
    told, code = st.columns([4, 5], gap="medium")
    with told:
        st.markdown("#### Ten steps, one line changed")
        st.markdown("\n".join(f"- {sentence}" for sentence in workload.story))
        st.markdown(f"[Where it comes from]({workload.source})")
    with code:
        st.code(diff(workload.code), language="diff", wrap_lines=True)


def _calls(plan: Plan) -> None:
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
        st.code(diff(IMPORT), language="diff")
        named = ", ".join(f"`{step.label}`" for step in plan.steps)
        st.markdown(f":small[Chosen: {named}]")
