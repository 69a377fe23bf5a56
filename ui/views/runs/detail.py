"""TODO: ui.views.runs.detail."""

from __future__ import annotations

import streamlit as st

from bench.plan.query import to_query
from bench.plan.validation import PlanError, check_plan
from bench.run.record import Run
from bench.storage.store import JobRow, StoreError
from ui import services
from ui.design.text import format_date_time
from ui.run_view import view
from ui.services import workload_page_script
from ui.views.runs.actions import clear_url_parameter, draw_delete_button, draw_download_buttons, load_run


def draw_run_page(asked: str) -> None:
    back = ":material/arrow_back:"
    st.button("All runs", icon=back, type="tertiary", on_click=clear_url_parameter, args=("run",), key="runs_back")
    run = _find_run(asked)
    if run is None:
        return
    st.title(run.snapshot.title)
    st.caption(f"Raced {format_date_time(run.started)} from the {run.origin} on {run.machine.short} · run {run.id[:8]}")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_links(run)
        draw_download_buttons(run)
        if row := _find_row(run):
            draw_delete_button([row])
    # Exactly as it was drawn when it ended.
    view.draw_run(run, key=f"kept-{run.id}", live=False)


def _find_run(asked: str) -> Run | None:
    """The run that the address names, by its id or by the beginning of it."""
    try:
        found = services.get_store().find(asked)
    except StoreError as error:
        st.error(str(error), icon=":material/database_off:")
        return None
    if len(found) == 1:
        return load_run(found[0])
    if found:
        st.warning(f"{len(found)} runs have ids that begin with `{asked}`: name more of it.", icon=":material/search:")
        return None
    racing = next((entry for entry in services.get_dispatcher().entries() if entry.run == asked), None)
    if racing:
        st.info(f"{racing.title} is still waiting or racing; it is kept when it is over.", icon=":material/flag:")
        if page := workload_page_script(racing.workload):
            st.page_link(page, label="Watch it", icon=":material/visibility:", query_params={"run": asked})
        return None
    st.error(
        f"No run with the id `{asked}` is kept here. It was deleted, or was made on another machine.",
        title="There is no such run",
        icon=":material/search_off:",
    )
    return None


def _draw_links(run: Run) -> None:
    if page := workload_page_script(run.plan.workload):
        _draw_race_again(page, run)
    plan = {"plan": run.digest}
    st.page_link(services.page_script("runs"), label="Runs of this plan", icon=":material/history:", query_params=plan)


def _draw_race_again(page: str, run: Run) -> None:
    """A link to the workload's page with the settings of the run, if today's declaration still has them."""
    try:
        check_plan(run.plan)
        query, problem = to_query(run.plan), None
    except PlanError as error:
        query, problem = {}, f"This version of Fairlap cannot run the plan: {error}"
    icon = ":material/replay:"
    st.page_link(page, label="Race it again", icon=icon, query_params=query, disabled=problem is not None, help=problem)


def _find_row(run: Run) -> JobRow | None:
    return services.get_store().row(run.id)
