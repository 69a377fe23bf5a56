"""The first race of a new user: one button."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.plan.validation import BUDGET_RANGE_S, find_workload, make_plan
from bench.storage.store import StoreError
from bench.system.limits import core_limit
from bench.workload.interface import BadInput
from ui import actions, services
from ui.access.identity import find_visitor
from ui.access.plans import max_budget_s
from ui.access.redaction import describe_error
from ui.access.visitor import Denied

START_WORKLOAD = "colour-quantization"
"""It needs no model and no table, prepares in seconds, and its result can be seen."""
START_BUDGET_S = 20.0


def draw_start() -> None:
    workload = find_workload(START_WORKLOAD)
    st.header("Start here: 60 seconds", anchor=False)
    if problem := workload.unavailable():
        st.markdown(f"{workload.title} cannot run here. Open one of the races below.", help=problem)
        return
    st.markdown(
        "Reduce a photo to 64 colours, with stock scikit-learn and with scikit-learn-intelex.\n"
        "1. Both race on the same cores, and you watch every sample.\n"
        "2. You see the pictures that both make.\n"
        "3. You get one sentence that holds, or the reason why there is none."
    )
    st.space("stretch")
    plan = make_plan(START_WORKLOAD, core_limit=core_limit(), budget_s=choose_budget_s(max_budget_s(find_visitor())))
    page = services.workload_page_script(START_WORKLOAD)
    why_not = actions.why_not_start()
    pressed = st.button(
        "Start the race",
        type="primary",
        icon=":material/play_arrow:",
        key="home-start-race",
        disabled=bool(why_not),
        help=why_not or None,
    )
    if pressed and page and (run_id := _start(plan)):
        st.switch_page(page, query_params=to_query(plan) | {"run": run_id})


def choose_budget_s(largest_s: float | None) -> float:
    """The time budget of the first race for a visitor who may use up to `largest_s`; None for no limit."""
    return START_BUDGET_S if largest_s is None else max(BUDGET_RANGE_S[0], min(START_BUDGET_S, largest_s))


def _start(plan: Plan) -> str:
    """The id of the race; empty, with an error on the page, if it could not be started."""
    try:
        return actions.start_race(plan)
    except (Denied, BadInput, OSError, StoreError) as error:
        st.error(describe_error(error), title="The race was not started", icon=":material/error:")
        return ""
