"""One stored race or measurement, as it was when it ended; or a measurement that waits or runs."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.plan.validation import PlanError
from bench.run.job import JobKind
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.scheduler.queue import QueueEntry
from bench.storage.store import StoreError
from ui import services
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob
from ui.design import browser, markdown
from ui.design.text import format_date_time
from ui.run_view import view
from ui.services import workload_page_script
from ui.views.runs.actions import clear_url_parameter, draw_delete_button, draw_download_buttons, load_record
from ui.views.runs.measurement import draw_measurement


def draw_job_page(job_id: str) -> None:
    """The job with this id, or with an id that begins so."""
    back = ":material/arrow_back:"
    st.button("All runs", icon=back, type="tertiary", on_click=clear_url_parameter, args=("run",), key="runs_back")
    try:
        found = services.get_store().find(job_id)
    except StoreError as error:
        st.error(markdown.escape_markdown(str(error)), icon=":material/database_off:")
        return
    if len(found) == 1:
        if record := load_record(found[0]):
            _draw_record(record)
    elif found:
        text = f"{len(found)} runs have ids that begin with `{job_id}`. Add more characters."
        st.warning(text, icon=":material/search:")
    elif entry := _find_entry(job_id):
        _draw_active(entry)
    else:
        st.error(
            f"No run with the id `{job_id}` is stored here. It was deleted, or was made on another machine.",
            title="There is no such run",
            icon=":material/search_off:",
        )


def _draw_record(record: JobRecord) -> None:
    if isinstance(record, Run):
        _draw_race(record)
    else:
        _draw_stored_measurement(record)


def _draw_race(run: Run) -> None:
    st.title(run.snapshot.title)
    st.caption(f"Raced {_describe_origin(run)} · run {run.id[:8]}")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_links(run.plan, "Race it again", "Runs of this plan", run.digest)
        draw_download_buttons(run)
        if row := services.get_store().row(run.id):
            draw_delete_button([row])
    view.draw_run(run, key=f"kept-{run.id}", live=False)


def _draw_stored_measurement(record: MeasurementRecord) -> None:
    st.title(f"{record.snapshot.workload_title}: {record.task_label}")
    took = f" · took {record.seconds:.0f} s"
    st.caption(f"Measured {_describe_origin(record)}{took} · measurement {record.id[:8]}")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_links(record.plan, "Open its page", "Measurements with these settings", record.digest)
        draw_download_buttons(record)
        with st.popover("Command line", icon=":material/terminal:", key="measurement-command"):
            st.markdown("The same measurement from a shell:")
            st.code(record.snapshot.command, language="bash", wrap_lines=True)
        if row := services.get_store().row(record.id):
            draw_delete_button([row])
    draw_measurement(DisplayedJob(record.id, services.get_dispatcher().status(record.id)), browser.detect_theme())


def _describe_origin(record: JobRecord) -> str:
    person = f" by {markdown.escape_markdown(record.requester)}" if record.requester else ""
    return f"{format_date_time(record.started)} from the {record.origin}{person} on {record.machine.short}"


def _draw_links(plan: Plan, again: str, same: str, digest: str) -> None:
    page = workload_page_script(plan.workload)
    try:
        query = to_query(plan)
    except PlanError:
        page = None  # The workload no longer has this case.
    if page:
        st.page_link(page, label=again, icon=":material/replay:", query_params=query)
    st.page_link(services.page_script("runs"), label=same, icon=":material/history:", query_params={"plan": digest})


def _wait_until_stored(job_id: str) -> None:
    """A measurement ends a moment before it is stored. Then the whole page is drawn again."""
    if services.get_store().row(job_id):
        st.rerun()


def _find_entry(job_id: str) -> QueueEntry | None:
    """The entry of a job that waits or runs."""
    return next((entry for entry in services.get_dispatcher().entries() if entry.job_id == job_id), None)


def _draw_active(entry: QueueEntry) -> None:
    """A measurement is followed here. A race is followed on the page of its workload."""
    if entry.kind is JobKind.MEASUREMENT:
        st.title(entry.title)
        job = DisplayedJob(entry.job_id, services.get_dispatcher().status(entry.job_id))
        job_panel.draw_stop_button(job, key="measurement-stop")
        job_panel.follow_job(job, lambda current: draw_measurement(current, browser.detect_theme()))
        if not job.live:
            st.fragment(_wait_until_stored, run_every=job_panel.REFRESH_S)(entry.job_id)
        return
    st.info(f"{entry.title} is still waiting or running. It is stored when it ends.", icon=":material/flag:")
    page = workload_page_script(entry.workload)
    if page and entry.kind is JobKind.RACE:
        st.page_link(page, label="Watch it", icon=":material/visibility:", query_params={"run": entry.job_id})
