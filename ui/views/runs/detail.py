"""One stored race, measurement or sweep, as it was when it ended; or a measurement or a sweep that goes on."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.query import to_query
from bench.plan.validation import PlanError
from bench.run.events import State
from bench.run.job import JobKind
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.record import Run
from bench.run.sweep import SweepRecord
from bench.scheduler.queue import QueueEntry
from bench.scheduler.sweep_series import why_not_continue
from bench.storage.store import StoreError
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.components import job_panel
from ui.components.job_panel import DisplayedJob
from ui.design import browser, markdown
from ui.design.text import format_date_time
from ui.run_view import view
from ui.run_view.downloads import draw_command
from ui.run_view.header import draw_edited_warning, open_step
from ui.run_view.report_form import draw_report_button
from ui.services import workload_page_script
from ui.views.race.result_part import find_result_part
from ui.views.runs.actions import (
    clear_url_parameter,
    draw_delete_button,
    draw_download_buttons,
    load_record,
    open_comparison,
)
from ui.views.runs.measurement import draw_measurement
from ui.views.sweep.page import REFRESH_S, draw_end, draw_live_sweep, goes_on
from ui.views.sweep.result import draw_sweep


def draw_job_page(text: str) -> None:
    """The job with the id `text`, or with an id that begins so."""
    back = ":material/arrow_back:"
    st.button("All runs", icon=back, type="tertiary", on_click=clear_url_parameter, args=("run",), key="runs_back")
    try:
        job_id = records.find_job_id(text)
        is_stored = records.find_row(job_id) is not None
        entry = None if is_stored else _find_entry(job_id)
    except records.AmbiguousIdError as error:
        st.warning(describe_error(error), icon=":material/search:")
        return
    except (OSError, StoreError) as error:
        st.error(describe_error(error), icon=":material/database_off:")
        return
    if is_stored or entry:
        # Deleting the job clears the address, which must name it fully for that.
        st.query_params["run"] = job_id
    if is_stored:
        if record := load_record(job_id):
            _draw_record(record)
    elif entry:
        _draw_active(entry)
    else:
        too_short = f" The beginning of an id needs at least {records.MIN_ID_CHARS} characters."
        st.error(
            f"No run with the id {markdown.quote_code(text)} is stored here. It was deleted, or was made on another "
            f"machine.{too_short if len(text) < records.MIN_ID_CHARS else ''}",
            title="There is no such run",
            icon=":material/search_off:",
        )


def _draw_record(record: JobRecord) -> None:
    if isinstance(record, Run):
        _draw_race(record)
    elif isinstance(record, SweepRecord):
        _draw_stored_sweep(record)
    else:
        _draw_stored_measurement(record)


def _draw_race(run: Run) -> None:
    st.title(markdown.escape_markdown(run.snapshot.title))
    st.caption(f"Raced {_describe_origin(run)} · run {markdown.escape_markdown(run.id[:8])}")
    with st.container(horizontal=True, vertical_alignment="center"):
        again = "Race this plan here" if run.imported else "Race it again"
        _draw_links(run.plan, again, "Runs of this plan", run.digest)
        if run.imported:
            _draw_own_comparison_button(run)
        _draw_command_button("race", run.snapshot.command)
        if row := records.find_row(run.id):
            draw_delete_button([row])
    key = f"kept-{run.id}"
    if step := st.query_params.pop("step", None):
        open_step(key, run.id, step)
    view.draw_run(run, key=key, live=False, draw_result=find_result_part(run.plan.workload))


def _draw_own_comparison_button(run: Run) -> None:
    """Compare an imported run with the newest one of its plan that was made here."""
    # Servers on several machines may share the database.
    rows = records.list_rows(limit=records.MAX_EARLIER_RUNS, kind=JobKind.RACE, digest=run.digest, state=State.FINISHED)
    own = [row for row in rows if row.is_from(services.get_machine())][:1]
    why_not = "" if own else "This plan was not raced here yet. Press Race this plan here first."
    st.button(
        "Compare with this machine",
        icon=":material/compare_arrows:",
        disabled=bool(why_not),
        help=why_not or None,
        on_click=_open_own_comparison,
        args=(run.id, *(row.id for row in own)),
    )


def _open_own_comparison(*run_ids: str) -> None:
    clear_url_parameter("run")
    open_comparison(*run_ids)


def _draw_stored_measurement(record: MeasurementRecord) -> None:
    st.title(markdown.escape_markdown(f"{record.snapshot.workload_title}: {record.task_label}"))
    took = f" · took {record.seconds:.0f} s"
    st.caption(f"Measured {_describe_origin(record)}{took} · measurement {record.id[:8]}")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_links(record.plan, "Open its page", "Measurements with these settings", record.digest, record.task)
        draw_download_buttons(record)
        _draw_command_button("measurement", record.snapshot.command)
        if row := records.find_row(record.id):
            draw_delete_button([row])
    draw_edited_warning(record)
    draw_measurement(DisplayedJob(record.id, records.read_status(record.id)), browser.detect_theme())


def _draw_stored_sweep(record: SweepRecord) -> None:
    st.title(markdown.escape_markdown(f"{record.snapshot.workload_title}: {record.task_label}"))
    st.caption(f"Swept {_describe_origin(record)} · sweep {record.id[:8]}")
    with st.container(horizontal=True, vertical_alignment="center"):
        _draw_sweep_page_button(record)
        _draw_continue_button(record)
        draw_download_buttons(record)
        draw_report_button([record], key=f"kept-{record.id}")
        _draw_command_button("sweep", record.snapshot.command)
        if row := records.find_row(record.id):
            draw_delete_button([row])
    draw_edited_warning(record)
    if goes_on(record):
        st.fragment(draw_live_sweep, run_every=REFRESH_S)(record.id)
        return
    draw_end(record)
    draw_sweep(record, browser.detect_theme(), key=f"kept-{record.id}")


def _draw_sweep_page_button(record: SweepRecord) -> None:
    try:
        query = to_query(record.plan) | {records.WORKLOAD_PARAMETER: record.plan.workload}
    except PlanError:
        return  # The workload no longer has this case.
    if st.button("Open its page", icon=":material/replay:"):
        st.switch_page(services.page_script("sweep"), query_params=query)


def _draw_continue_button(record: SweepRecord) -> None:
    if record.state is State.FINISHED:
        return
    why_not = actions.why_not_start() or why_not_continue(record, services.get_machine())
    if st.button("Continue the sweep", icon=":material/resume:", disabled=bool(why_not), help=why_not or None):
        try:
            actions.continue_sweep(record.id)
        except (Denied, PlanError) as error:
            st.error(describe_text(str(error)), icon=":material/error:")
            return
        st.rerun()


def _draw_command_button(what: str, command: str) -> None:
    with st.popover("Command line", icon=":material/terminal:", key="runs_command"):
        draw_command(what, command)


def _describe_origin(record: JobRecord) -> str:
    person = f" by {markdown.escape_markdown(record.requester)}" if record.requester else ""
    machine = markdown.escape_markdown(record.machine.short)
    return f"{format_date_time(record.started)} from the {markdown.escape_markdown(record.origin)}{person} on {machine}"


def _draw_links(plan: Plan, again: str, same: str, digest: str, task: str = "") -> None:
    """A button to the page of `plan`, on the tab of `task`, and one to the jobs with the same digest."""
    # Buttons like those beside them: as a link, the one to this page would be drawn as the selected entry of a menu.
    _draw_page_button(plan, again, task)
    if st.button(same, icon=":material/history:"):
        st.switch_page(services.page_script("runs"), query_params={"plan": digest})


def _draw_page_button(plan: Plan, label: str, task: str) -> None:
    """A button to the page of `plan`, on the tab of `task` if there is one."""
    try:
        link = records.link_to_task(plan.workload, task, to_query(plan))
    except PlanError:
        return  # The workload no longer has this case.
    if link and st.button(label, icon=":material/replay:"):
        st.switch_page(link.page, query_params=link.query)


def _wait_until_stored(job_id: str) -> None:
    """A measurement ends a moment before it is stored. Then the whole page is drawn again."""
    if records.find_row(job_id):
        st.rerun()


def _find_entry(job_id: str) -> QueueEntry | None:
    """The entry of a job that waits or runs and that the visitor may see."""
    visible = [entry for entry in records.list_entries() if entry.kind != records.HIDDEN_KIND]
    return next((entry for entry in visible if entry.job_id == job_id), None)


def _draw_active(entry: QueueEntry) -> None:
    """A measurement is followed here. A race is followed on the page of its workload."""
    if entry.kind is JobKind.MEASUREMENT:
        st.title(markdown.escape_markdown(entry.title))
        job = DisplayedJob(entry.job_id, records.read_status(entry.job_id))
        with st.container(horizontal=True, vertical_alignment="center"):
            job_panel.draw_stop_button(job, key="measurement-stop")
            if plan := records.find_active_plan(entry):
                _draw_page_button(plan, "Open its page", entry.task)
        job_panel.follow_job(job, lambda current: draw_measurement(current, browser.detect_theme()))
        if not job.live:
            st.fragment(_wait_until_stored, run_every=job_panel.REFRESH_S)(entry.job_id)
        return
    st.info(
        f"{markdown.escape_markdown(entry.title)} is still waiting or running. It is stored when it ends.",
        icon=":material/flag:",
    )
    page = workload_page_script(entry.workload)
    if page and entry.kind is JobKind.RACE:
        st.page_link(page, label="Watch it", icon=":material/visibility:", query_params={"run": entry.job_id})
