"""The comparison of two runs as a page of its own: `/runs?compare=ID,ID`, with ids or their beginnings."""

from __future__ import annotations

import streamlit as st

from bench.run.job_record import JobRecord
from bench.run.record import Run
from bench.storage.store import StoreError
from ui import records, services
from ui.access.redaction import describe_error
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.run_view.share import build_link, draw_link
from ui.views.runs.actions import clear_url_parameter, load_record
from ui.views.runs.compare import draw_comparison


def draw_compare_page(text: str) -> None:
    """The comparison of the two runs that `text` names, separated by a comma."""
    back = ":material/arrow_back:"
    st.button(
        "All runs", icon=back, type="tertiary", on_click=clear_url_parameter, args=("compare",), key="compare_back"
    )
    st.title("Compare two runs")
    ids = [part.strip() for part in text.split(",") if part.strip()]
    if len(ids) != 2:
        st.warning(
            "Expected the ids of two runs, separated by a comma: `?compare=1a93516e,94ea367f`.", icon=":material/link:"
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
    if found[0] == found[1]:
        st.warning("Both ids are those of one run. A comparison needs two.", icon=":material/link:")
        return
    runs = [record for job_id in found if (record := load_record(job_id))]
    if len(runs) == 2:
        _draw_runs(runs)


def _draw_runs(loaded: list[JobRecord]) -> None:
    runs = sorted((record for record in loaded if isinstance(record, Run)), key=lambda run: run.started)
    if len(runs) != 2:
        st.warning("Only races can be compared, and one of these jobs is a measurement.", icon=":material/straighten:")
        return
    first, second = runs
    with st.container(horizontal=True, vertical_alignment="center"):
        for place, run in (("First", first), ("Second", second)):
            label = f"{place}: {escape_markdown(run.snapshot.title)}, {format_date_time(run.started)}"
            icon = ":material/open_in_full:"
            st.page_link(services.page_script("runs"), label=label, icon=icon, query_params={"run": run.id})
        with st.popover("Share", icon=":material/share:", key="compare_share"):
            draw_link(build_link(None, records.comparison_query(first.id, second.id)))
    draw_comparison(first, second)
