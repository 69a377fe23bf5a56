"""TODO: ui.views.runs.actions."""

from __future__ import annotations

import streamlit as st

from bench.run.record import Run
from bench.storage.csv_export import samples_csv
from bench.storage.store import JobRow, StoreError
from ui import services
from ui.design.text import format_date_time
from ui.run_view import downloads


def clear_url_parameter(parameter: str) -> None:
    st.query_params.pop(parameter, None)


def load_run(run: str) -> Run | None:
    """The stored run; where it cannot be read, the reason is shown in its place."""
    try:
        found = services.get_store().load_run(run)
    except StoreError as error:
        st.error(_first_line(str(error)), title="This run cannot be read", icon=":material/broken_image:")
        return None
    if found is None:
        st.error("It has been deleted meanwhile.", title="There is no such run", icon=":material/search_off:")
    return found


def _first_line(text: str) -> str:
    """Without the details that a validator adds line by line; they are for a log."""
    first, *more = text.splitlines()
    return f"{first} …" if more else first


def draw_download_buttons(run: Run) -> None:
    downloads.draw_json_button(run, "JSON", key=f"json_{run.id}")
    st.download_button(
        "Samples as CSV",
        data=lambda: samples_csv(run),
        file_name=f"fairlap-{run.plan.workload}-{run.id[:8]}-samples.csv",
        mime="text/csv",
        icon=":material/download:",
        help="One row a sample and step, for a spreadsheet or a notebook.",
        on_click="ignore",
        key=f"csv_{run.id}",
    )


def draw_delete_button(rows: list[JobRow]) -> None:
    label = "Delete" if len(rows) == 1 else f"Delete {len(rows)} runs"
    if st.button(label, icon=":material/delete:", key="runs_delete"):
        _confirm_deletion(rows)


@st.dialog("Delete for good?", icon=":material/delete:")
def _confirm_deletion(rows: list[JobRow]) -> None:
    for row in rows[:5]:
        st.markdown(f"- {row.title}, {format_date_time(row.started)}, `{row.id[:8]}`")
    if len(rows) > 5:
        st.markdown(f"- and {len(rows) - 5} more")
    st.markdown("The raw samples go with it; they cannot be brought back.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep", key="runs_keep"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete:", key="runs_delete_really"):
            _delete_runs([row.id for row in rows])


def _delete_runs(runs: list[str]) -> None:
    try:
        for run in runs:
            services.get_store().delete(run)
    except StoreError as error:
        st.error(str(error), icon=":material/database_off:")
        return
    if st.query_params.get("run") in runs:
        clear_url_parameter("run")
    st.toast(f"{len(runs)} run{'s' * (len(runs) != 1)} deleted.", icon=":material/delete:")
    st.rerun()
