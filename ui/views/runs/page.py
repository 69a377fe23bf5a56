"""The page Runs: every stored race and measurement. Find one, open it again, download, compare or delete it."""

from __future__ import annotations

import streamlit as st

from bench.run.job import JobKind
from bench.storage.store import StoreError
from bench.workload.registry import load_workloads
from ui import services
from ui.design import markdown
from ui.services import workload_page_script
from ui.views.runs import measurement_list, race_list
from ui.views.runs.actions import clear_url_parameter
from ui.views.runs.detail import draw_job_page
from ui.views.runs.filters import make_filter

TABS = {"Races": JobKind.RACE, "Measurements": JobKind.MEASUREMENT}
TAB_KEY = "runs_tab"


def draw_runs_page() -> None:
    """The job that the URL names (`?run=`), otherwise the lists. `?plan=` restricts them to a digest."""
    if job_id := st.query_params.get("run"):
        draw_job_page(job_id)
    else:
        _draw_lists()


def _draw_lists() -> None:
    st.title("Runs")
    digest = st.query_params.get("plan")
    try:
        counts = {kind: services.get_store().count(**make_filter(kind, digest)) for kind in TABS.values()}
        kind = _choose_kind(counts)
        if digest:
            _draw_digest_filter(digest, counts[kind], kind)
        if not counts[kind]:
            if not digest:
                _draw_empty(kind)
        elif kind is JobKind.RACE:
            race_list.draw_list(digest)
        else:
            measurement_list.draw_list(digest)
    except StoreError as error:
        st.error(markdown.escape_markdown(str(error)), title="The runs cannot be read", icon=":material/database_off:")


def _choose_kind(counts: dict[JobKind, int]) -> JobKind:
    """The kind of the chosen tab. At first that of the URL (`?kind=`), or the one that the list is not empty of."""
    if TAB_KEY not in st.session_state:
        asked = st.query_params.get("kind", "")
        fallback = JobKind.RACE if counts[JobKind.RACE] or not counts[JobKind.MEASUREMENT] else JobKind.MEASUREMENT
        kind = JobKind(asked) if asked in set(TABS.values()) else fallback
        st.session_state[TAB_KEY] = next(name for name, shown in TABS.items() if shown is kind)
    st.tabs(list(TABS), key=TAB_KEY, on_change="rerun")
    return TABS[st.session_state[TAB_KEY]]


def _draw_empty(kind: JobKind) -> None:
    """How to make the first run or measurement."""
    with st.container(border=True):
        if kind is JobKind.MEASUREMENT:
            st.markdown("#### :material/history: No measurement is stored yet")
            st.markdown(
                "Measurements are made on the tabs of a workload's page, for example **Quantize**, **Break-even** or "
                "**Roofline**. Their results are stored here."
            )
            return
        st.markdown("#### :material/history: No run is stored yet")
        st.markdown("Choose a race and press **Run**. Every sample of it is stored, to look at again and to compare.")
        visible = [workload for workload in load_workloads().values() if not workload.hidden]
        for workload in visible:
            if page := workload_page_script(workload.name):
                st.page_link(page, label=workload.title, icon=workload.icon)
        if visible:
            st.markdown("Or from the command line:")
            st.code(f"python -m bench run {visible[0].name}", language="bash")


def _draw_digest_filter(digest: str, count: int, kind: JobKind) -> None:
    noun = "run" if kind is JobKind.RACE else "measurement"
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            text = f"Only the {count} {noun}{'s' * (count != 1)} of the plan `{digest}`."
        else:
            text = f"No {noun} of the plan `{digest}` is stored here."
        st.markdown(f":material/filter_alt: {text}")
        st.button(
            "Show all runs", icon=":material/close:", type="tertiary", on_click=clear_url_parameter, args=("plan",)
        )
