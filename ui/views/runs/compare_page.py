"""The comparison of runs as a page of its own: `/runs?compare=ID,ID…`, with ids or their beginnings."""

from __future__ import annotations

import streamlit as st

from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.run.run_comparison import MAX_COMPARED_RUNS, MIN_COMPARED_RUNS
from bench.storage.store import StoreError
from ui import records, services
from ui.access.redaction import describe_error
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.run_view.report_form import draw_report_button
from ui.run_view.share import build_link, draw_link
from ui.views.runs.actions import clear_url_parameter, load_record
from ui.views.runs.compare import draw_comparison


def draw_compare_page(text: str) -> None:
    """The comparison of the runs that `text` names, separated by commas."""
    back = ":material/arrow_back:"
    st.button(
        "All runs", icon=back, type="tertiary", on_click=clear_url_parameter, args=("compare",), key="compare_back"
    )
    st.title("Compare runs")
    ids = [part.strip() for part in text.split(",") if part.strip()]
    if not MIN_COMPARED_RUNS <= len(ids) <= MAX_COMPARED_RUNS:
        st.warning(
            f"Expected the ids of {MIN_COMPARED_RUNS} to {MAX_COMPARED_RUNS} runs, separated by commas: "
            "`?compare=1a93516e,94ea367f`.",
            icon=":material/link:",
        )
        return
    try:
        found = [records.find_job_id(job_id) for job_id in ids]
    except records.AmbiguousIdError as error:
        st.warning(describe_error(error), icon=":material/search:")
        return
    except (OSError, StoreError) as error:
        st.error(describe_error(error), icon=":material/database_off:")
        return
    if len(set(found)) < len(found):
        st.warning("Several ids are those of one run. A comparison needs different runs.", icon=":material/link:")
        return
    runs = [record for job_id in found if (record := load_record(job_id))]
    if len(runs) == len(found):
        _draw_runs(runs)


def _draw_runs(loaded: list[JobRecord]) -> None:
    runs = sorted((record for record in loaded if isinstance(record, Run)), key=lambda run: run.started)
    if len(runs) != len(loaded):
        st.warning("Only races can be compared, and one of these jobs is a measurement.", icon=":material/straighten:")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, run in enumerate(runs, start=1):
            label = f"{number}: {escape_markdown(run.snapshot.title)}, {format_date_time(run.started)}"
            icon = ":material/open_in_full:"
            st.page_link(services.page_script("runs"), label=label, icon=icon, query_params={"run": run.id})
        with st.popover("Share", icon=":material/share:", key="compare_share"):
            draw_link(build_link(None, records.comparison_query(*(run.id for run in runs))))
        draw_report_button(runs, "compare")
    draw_comparison(runs)
