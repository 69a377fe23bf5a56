"""The page Runs: every stored race, measurement and sweep. Find one, open it again, download, compare or delete it."""

from __future__ import annotations

import streamlit as st

from bench.formatting import format_count
from bench.run.job import JobKind
from bench.scheduler.recovery import describe_left_files
from bench.storage.store import StoreError
from bench.workload.registry import load_workloads
from ui import services
from ui.access.redaction import describe_error, describe_text
from ui.design import markdown
from ui.services import workload_page_script
from ui.views.runs.actions import clear_url_parameter
from ui.views.runs.compare_page import draw_compare_page
from ui.views.runs.detail import draw_job_page
from ui.views.runs.filters import make_filter
from ui.views.runs.import_form import draw_import_button
from ui.views.runs.job_list import JobList, draw_job_list
from ui.views.runs.measurement_list import MEASUREMENTS, SWEEPS
from ui.views.runs.plan_history import draw_plan_history
from ui.views.runs.race_list import RACES

TABS = {"Races": RACES, "Measurements": MEASUREMENTS, "Sweeps": SWEEPS}
TAB_KEY = "runs_tab"


def draw_runs_page() -> None:
    """The job or the comparison that the URL names (`?run=`, `?compare=`), otherwise the lists. `?plan=` restricts them
    to a digest."""
    if pair := st.query_params.get("compare"):
        draw_compare_page(pair)
    elif job_id := st.query_params.get("run"):
        draw_job_page(job_id)
    else:
        _draw_lists()


def _draw_lists() -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Runs")
        draw_import_button()
    digest = st.query_params.get("plan")
    try:
        store = services.get_store()
        for sentence in [*describe_left_files(), *filter(None, [store.notice])]:
            st.warning(describe_text(sentence), icon=":material/warning:")
        counts = {jobs.kind: store.count(**make_filter(jobs.kind, digest)) for jobs in TABS.values()}
        jobs = _choose_list(counts)
        if digest:
            _draw_digest_filter(digest, counts[jobs.kind], jobs.noun)
            if jobs.kind is JobKind.RACE:
                draw_plan_history(digest)
        if counts[jobs.kind]:
            draw_job_list(jobs, digest)
        elif not digest:
            _draw_empty(jobs.kind)
    except StoreError as error:
        st.error(describe_error(error), title="The runs cannot be read", icon=":material/database_off:")


def _choose_list(counts: dict[JobKind, int]) -> JobList:
    """The list of the chosen tab. At first that of the URL (`?kind=`), or one that is not empty."""
    if TAB_KEY not in st.session_state:
        asked = st.query_params.get("kind", "")
        fallback = next((kind for kind in counts if counts[kind]), JobKind.RACE)
        kind = JobKind(asked) if asked in counts else fallback
        st.session_state[TAB_KEY] = next(name for name, jobs in TABS.items() if jobs.kind is kind)
    st.tabs(list(TABS), key=TAB_KEY, on_change="rerun")
    return TABS[st.session_state[TAB_KEY]]


def _draw_empty(kind: JobKind) -> None:
    """How to make the first run or measurement."""
    with st.container(border=True):
        if kind is JobKind.MEASUREMENT:
            st.markdown("## :material/history: No measurement is stored yet")
            st.markdown(
                "Measurements are made on the tabs of a workload's page, for example **Quantize**, **Break-even** or "
                "**Roofline**. Their results are stored here."
            )
            return
        if kind is JobKind.SWEEP:
            st.markdown("## :material/history: No sweep is stored yet")
            st.markdown("The page **Sweep** races a grid of settings, such as cores and batch, and stores it here.")
            st.page_link(services.page_script("sweep"), label="Sweep", icon=":material/grid_on:")
            return
        st.markdown("## :material/history: No run is stored yet")
        st.markdown("Choose a race and press **Run**. Every sample of it is stored, to look at again and to compare.")
        visible = [workload for workload in load_workloads().values() if not workload.hidden]
        for workload in visible:
            if page := workload_page_script(workload.name):
                st.page_link(page, label=workload.title, icon=workload.icon)
        if visible:
            st.markdown("Or from the command line:")
            st.code(f"python -m bench run {visible[0].name}", language="bash")


def _draw_digest_filter(digest: str, count: int, noun: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if count:
            text = f"Only the {format_count(count, noun)} of the plan {markdown.quote_code(digest)}."
        else:
            text = f"No {noun} of the plan {markdown.quote_code(digest)} is stored here."
        st.markdown(f":material/filter_alt: {text}")
        st.button(
            "Show all runs", icon=":material/close:", type="tertiary", on_click=clear_url_parameter, args=("plan",)
        )
