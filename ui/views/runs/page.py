"""The history of runs: find one, open it again as it was drawn, take it away as a file, compare two, delete.

The words and figures that lists of runs share stand here too: the home page shows last results with them.
"""

from __future__ import annotations

import streamlit as st

from bench.run.job import JobKind
from bench.storage.store import JobFilter, StoreError
from bench.workload.registry import load_workloads
from ui import services
from ui.services import workload_page_script
from ui.views.runs.actions import clear_url_parameter
from ui.views.runs.detail import draw_run_page
from ui.views.runs.selection import draw_selection
from ui.views.runs.table import MAX_RUNS, draw_table, filter_rows


def draw_runs_page() -> None:
    """One run where the address names one, else the list."""
    if asked := st.query_params.get("run"):
        draw_run_page(asked)
    else:
        _draw_list()


# The list


def _draw_list() -> None:
    st.title("Runs")
    plan = st.query_params.get("plan")
    try:
        filters: JobFilter = {"digest": plan} if plan else {}
        rows = services.get_store().rows(kind=JobKind.RACE, limit=MAX_RUNS, **filters)
    except StoreError as error:
        st.error(str(error), title="The runs cannot be read", icon=":material/database_off:")
        return
    if plan:
        _draw_plan_strip(plan, len(rows))
    if not rows:
        if not plan:
            _draw_empty()
        return
    shown = filter_rows(rows)
    chosen = draw_table(shown, narrowed=len(shown) < len(rows))
    if chosen:
        draw_selection(chosen)


def _draw_empty() -> None:
    """How to make the first run."""
    with st.container(border=True):
        st.markdown("#### :material/history: No run has been kept yet")
        st.markdown(
            "Choose a race and press **Run**: every sample of it is kept here, to look at again and to compare."
        )
        for workload in load_workloads().values():
            if page := workload_page_script(workload.name):
                st.page_link(page, label=workload.title, icon=workload.icon)
        first = next((workload.name for workload in load_workloads().values() if not workload.hidden), None)
        if first:
            st.markdown("Or from the command line:")
            st.code(f"python -m bench run {first}", language="bash")


def _draw_plan_strip(plan: str, count: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            st.markdown(f":material/filter_alt: Only the {count} run{'s' * (count != 1)} of the plan `{plan}`.")
        else:
            st.markdown(f":material/filter_alt: No run of the plan `{plan}` has been kept on this machine.")
        st.button(
            "Show all runs", icon=":material/close:", type="tertiary", on_click=clear_url_parameter, args=("plan",)
        )
