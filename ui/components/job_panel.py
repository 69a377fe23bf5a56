"""A measurement on a page: the buttons that start and stop it, its progress, and where its last result comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
from pydantic import ValidationError

from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.events import State
from bench.run.measurement import MeasurementRecord
from bench.scheduler.dispatcher import JobStatus
from bench.scheduler.order import measurement_key
from bench.storage.store import JobRow, StoreError
from bench.workload.interface import BadInput
from ui import services
from ui.design import markdown
from ui.design.text import format_date_time
from ui.design.theme import Theme

REFRESH_S = 0.5
"""Time between two redraws of a measurement that waits or runs."""
MAX_SHOWN_LINES = 200
"""Number of progress lines shown."""
MAX_SHOWN_ARGUMENT = 40
"""Longest argument, in characters, that is quoted in a sentence."""


@dataclass(frozen=True, slots=True)
class MeasurementRequest:
    """A task and what it would be asked now, by the controls of a page."""

    plan: Plan
    task: str
    arguments: dict[str, Any]

    @property
    def key(self) -> str:
        """Digest of measurements whose results can replace each other; empty if the arguments are not valid."""
        try:
            return measurement_key(self.plan, self.task, self.arguments)
        except BadInput:
            return ""

    @property
    def session_key(self) -> str:
        """Where the session keeps the last measurement of this task that it started."""
        return f"{self.plan.workload}:{self.task}:job"


@dataclass(frozen=True, slots=True)
class DisplayedJob:
    """The measurement that a page shows: one that waits or runs, or the newest result."""

    job_id: str
    status: JobStatus
    same_settings: bool = True
    """False for a result of other settings than those of the controls."""

    @property
    def record(self) -> MeasurementRecord | None:
        return self.status.measurement

    @property
    def live(self) -> bool:
        return not self.status.over


DrawMeasurement = Callable[[DisplayedJob, Theme], None]
"""Draws a measurement of one task, as far as it has come, with its state."""


def find_job(request: MeasurementRequest, *, any_settings: bool = False) -> DisplayedJob | None:
    """The measurement to show for `request`: one that waits or runs, else the newest with the same settings.

    With `any_settings`, one with other settings if there is none with the same.
    """
    try:
        return _find_job(request, any_settings)
    except (OSError, StoreError) as error:
        st.error(markdown.escape_markdown(str(error)), title="Stored measurements cannot be read")
        return None


def _find_job(request: MeasurementRequest, any_settings: bool) -> DisplayedJob | None:
    dispatcher, store = services.get_dispatcher(), services.get_store()
    workload, key = request.plan.workload, request.key
    started_key, started_id = st.session_state.get(request.session_key, ("", ""))
    own = DisplayedJob(started_id, dispatcher.status(started_id), started_key == key) if started_id else None
    if own and own.live and (own.same_settings or any_settings):
        return own
    active = dispatcher.find_active(workload, request.task)
    same = [entry for entry in active if entry.digest == key]
    if same:
        return DisplayedJob(same[-1].job_id, dispatcher.status(same[-1].job_id))
    row = store.last_measurement(workload=workload, task=request.task, digest=key)
    if own and own.same_settings:
        return _choose_newer(own, row)
    if row is not None:
        return DisplayedJob(row.id, dispatcher.status(row.id))
    if not any_settings:
        return None
    if active:
        return DisplayedJob(active[-1].job_id, dispatcher.status(active[-1].job_id), same_settings=False)
    row = store.last_measurement(workload=workload, task=request.task)
    if own:
        return _choose_newer(own, row)
    return DisplayedJob(row.id, dispatcher.status(row.id), same_settings=False) if row else None


def _choose_newer(own: DisplayedJob, row: JobRow | None) -> DisplayedJob:
    """The measurement that this session started, which may have failed, or the stored result `row`."""
    if row is None or (own.record is not None and own.record.started >= row.started):
        return own
    status = services.get_dispatcher().status(row.id)
    # One that got lost has no record: its problem is shown with the stored result.
    problem = own.status.problem if own.record is None else ""
    return DisplayedJob(row.id, JobStatus(record=status.record, problem=problem or status.problem), own.same_settings)


def draw_buttons(
    request: MeasurementRequest, job: DisplayedJob | None, label: str, icon: str, why_not: str = ""
) -> None:
    """The button that starts the measurement, disabled with the reason `why_not`, and the one that stops `job`."""
    key = f"{request.plan.workload}:{request.task}"
    live = job is not None and job.live
    disabled = live or bool(why_not)
    pressed = st.button(label, icon=icon, type="primary", key=f"{key}-button", disabled=disabled, help=why_not or None)
    if pressed and _start(request):
        st.rerun()
    draw_stop_button(job, key=f"{key}-stop")


def draw_stop_button(job: DisplayedJob | None, *, key: str) -> None:
    live = job is not None and job.live
    stop_help = "End the measurement; what it has reported is kept"
    if st.button("Stop", icon=":material/stop:", key=key, disabled=not live, help=stop_help) and job:
        try:
            services.get_dispatcher().stop(job.job_id, origin="page")
        except OSError as error:
            st.error(f"{error}. Press Stop again, or end Fairlap to end the measurement.")


def _start(request: MeasurementRequest) -> bool:
    """Start the measurement, or say why that is not possible."""
    try:
        job_id = services.get_dispatcher().submit_measurement(
            request.plan, request.task, request.arguments, origin="page"
        )
    except BadInput as error:
        st.error(markdown.escape_markdown(error.remedy), title=markdown.escape_markdown(str(error)))
        return False
    except OSError as error:
        st.error(f"{error}. Check that the disk has free space and is writable.", title="The measurement did not start")
        return False
    st.session_state[request.session_key] = (request.key, job_id)
    return True


def follow_job(job: DisplayedJob, draw: Callable[[DisplayedJob], None]) -> None:
    """Draw the measurement, again and again until it is over; then the whole page is drawn once more."""
    if not job.live:
        _draw_safely(job, draw)
        return

    def redraw() -> None:
        status = services.get_dispatcher().status(job.job_id)
        if status.over:
            st.rerun()
        _draw_safely(DisplayedJob(job.job_id, status, job.same_settings), draw)

    st.fragment(redraw, run_every=REFRESH_S)()


def _draw_safely(job: DisplayedJob, draw: Callable[[DisplayedJob], None]) -> None:
    try:
        draw(job)
    except ValidationError:
        # Stored by another version of the workload. The page Runs shows it as plain tables.
        st.info(
            "The workload has changed since this measurement. Measure again, or open **Details** to see its values.",
            icon=":material/history:",
        )


def draw_state(job: DisplayedJob) -> None:
    """Whether the measurement waits or runs, or why it has no result. Nothing for one that finished."""
    record, problem = job.record, job.status.problem
    if problem:
        st.warning(markdown.escape_markdown(problem), icon=":material/info:")
    if record is None:
        if not problem:
            _draw_waiting(job.status.place)
        return
    match record.state:
        case State.PREPARING | State.MEASURING:
            _draw_progress(record)
        case State.STOPPED:
            st.warning(f"Stopped after {record.seconds:.0f} s.", icon=":material/stop_circle:")
        case State.INTERRUPTED:
            why = f": {record.why}" if record.why else ""
            st.warning(f"Interrupted after {record.seconds:.0f} s{why}.", icon=":material/stop_circle:")
        case State.FAILED if record.failure:
            st.error(
                markdown.escape_markdown(record.failure.remedy),
                title=markdown.escape_markdown(record.failure.what),
                icon=":material/error:",
            )
            if record.failure.log:
                with st.expander("The last lines of its output", icon=":material/terminal:"):
                    st.code("\n".join(record.failure.log), language=None, wrap_lines=True)


def _draw_waiting(place: int) -> None:
    jobs = "1 job is" if place == 1 else f"{place} jobs are"
    text = f"{jobs} in front. One at a time runs on this machine." if place else "It starts in a moment."
    st.info(text, icon=":material/hourglass_top:")


def _draw_progress(record: MeasurementRecord) -> None:
    line = record.progress[-1] if record.progress else None
    text = markdown.escape_markdown(line.text) if line else "starting its process"
    text += f" :gray[({record.seconds:.0f} s)]"
    if line and line.share is not None:
        st.progress(line.share, text)
    else:
        st.markdown(f":material/progress_activity: {text}")


def draw_origin(job: DisplayedJob, request: MeasurementRequest) -> None:
    """When a stored result was measured, and at which other settings, if they are not those of the controls."""
    record = job.record
    if record is None or job.live or record.result is None:
        return
    text = f":material/history: Measured {format_date_time(record.started)} on {record.machine.short}"
    if not job.same_settings:
        text += f", **with other settings**: {markdown.escape_markdown(_describe_difference(record, request))}"
    link = services.page_script("runs")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{text}.", width="content")
        st.page_link(link, label="Details", icon=":material/open_in_full:", query_params={"run": job.job_id})


def _describe_difference(record: MeasurementRecord, request: MeasurementRequest) -> str:
    """The settings and arguments of `record` that differ from those of `request`."""
    names = ("cores", "seed", *find_workload(record.plan.workload).tasks.task(record.task).depends_on)
    before, now = _settings_of(record.plan), _settings_of(request.plan)
    differences = [f"{name} {before[name]}" for name in names if name in before and before[name] != now.get(name)]
    for name, value in record.arguments.items():
        if value != request.arguments.get(name):
            text = str(value)
            differences.append(f"{name} {text}" if len(text) <= MAX_SHOWN_ARGUMENT else f"another {name}")
    return ", ".join(differences) or "its version of Fairlap"


def _settings_of(plan: Plan) -> dict[str, Any]:
    return plan.model_dump(exclude={"parameters"}) | plan.parameters


def draw_log(record: MeasurementRecord, label: str) -> None:
    """All progress lines, folded."""
    if not record.progress:
        return
    with st.expander(f"{label} ({len(record.progress)} lines)", icon=":material/list:"):
        lines = [f"{line.at:7.1f} s  {line.text}" for line in record.progress[-MAX_SHOWN_LINES:]]
        st.code("\n".join(lines), language=None, wrap_lines=True)
