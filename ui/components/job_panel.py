"""A measurement on a page: the buttons that start and stop it, its progress, and where its last result comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from bench.formatting import format_count
from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.events import State
from bench.run.measurement import MeasurementRecord
from bench.run.phases import list_phases, measure_phases
from bench.scheduler.job_status import JobStatus
from bench.scheduler.order import measurement_key
from bench.storage.job_row import JobRow
from bench.storage.store import StoreError
from bench.workload.interface import BadInput
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.components.announcer import draw_job_announcer
from ui.components.phases import draw_phases
from ui.design.markdown import escape_markdown
from ui.design.text import format_date_time
from ui.design.theme import Theme

ANNOUNCER_KEY = "job-announcer"
ANNOUNCEMENTS = {
    State.FINISHED: "The measurement has finished.",
    State.STOPPED: "The measurement was stopped.",
    State.FAILED: "The measurement has failed.",
    State.INTERRUPTED: "The measurement was interrupted.",
}
"""By state; every other state is that of a measurement that has started."""
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
    expected_s: Mapping[str, float] = field(default_factory=dict[str, float])
    """Seconds that each phase took the last time with the same settings; empty if that is not known."""

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
        st.error(describe_error(error), title="Stored measurements cannot be read")
        return None


def _find_job(request: MeasurementRequest, any_settings: bool) -> DisplayedJob | None:
    dispatcher, store = services.get_dispatcher(), services.get_store()
    workload, key = request.plan.workload, request.key
    started_key, started_id = st.session_state.get(request.session_key, ("", ""))
    own = DisplayedJob(started_id, records.read_status(started_id), started_key == key) if started_id else None
    if own and own.live and (own.same_settings or any_settings):
        return own
    active = dispatcher.find_active(workload, request.task)
    same = [entry for entry in active if entry.digest == key]
    if same:
        return DisplayedJob(same[-1].job_id, records.read_status(same[-1].job_id))
    row = store.last_measurement(workload=workload, task=request.task, digest=key)
    if own and own.same_settings:
        return _choose_newer(own, row)
    if row is not None:
        return DisplayedJob(row.id, records.read_status(row.id))
    if not any_settings:
        return None
    if active:
        return DisplayedJob(active[-1].job_id, records.read_status(active[-1].job_id), same_settings=False)
    row = store.last_measurement(workload=workload, task=request.task)
    if own:
        return _choose_newer(own, row)
    return DisplayedJob(row.id, records.read_status(row.id), same_settings=False) if row else None


def _choose_newer(own: DisplayedJob, row: JobRow | None) -> DisplayedJob:
    """The measurement that this session started, which may have failed, or the stored result `row`."""
    if row is None or (own.record is not None and own.record.started >= row.started):
        return own
    status = records.read_status(row.id)
    # One that got lost has no record: its problem is shown with the stored result.
    problem = own.status.problem if own.record is None else ""
    return DisplayedJob(row.id, JobStatus(record=status.record, problem=problem or status.problem), own.same_settings)


def draw_buttons(
    request: MeasurementRequest,
    job: DisplayedJob | None,
    label: str,
    icon: str,
    why_not: str = "",
    *,
    is_main: bool = True,
    start: bool = False,
    stop_label: str = "Stop",
    messages: DeltaGenerator | None = None,
) -> None:
    """The button that starts the measurement, disabled with the reason `why_not`, and the one that stops `job`.

    `is_main` says whether the measurement is the main action of its page: a page has one primary button.
    `start` starts the measurement as if the button was pressed. `messages` is a container for the reason why it does
    not start; without one, the reason is beside the buttons.
    """
    key = f"{request.plan.workload}:{request.task}"
    live = job is not None and job.live
    why_not = why_not or actions.why_not_start()
    disabled = live or bool(why_not)
    pressed = st.button(
        label,
        icon=icon,
        type="primary" if is_main else "secondary",
        key=f"{key}-button",
        disabled=disabled,
        help=why_not or None,
    )
    if pressed or (start and not disabled):
        with messages or nullcontext():
            is_started = _start(request)
        if is_started:
            st.rerun()
    draw_stop_button(job, key=f"{key}-stop", label=stop_label)


def draw_stop_button(job: DisplayedJob | None, *, key: str, label: str = "Stop", noun: str = "measurement") -> None:
    """`noun` is what the job is, for the texts."""
    live = job is not None and job.live
    why_not = actions.why_not_stop(job.job_id) if job is not None and live else ""
    stop_help = why_not or f"End the {noun}; what it has reported is kept"
    disabled = not live or bool(why_not)
    if st.button(label, icon=":material/stop:", key=key, disabled=disabled, help=stop_help) and job:
        try:
            actions.stop_job(job.job_id)
        except Denied as denied:
            st.error(describe_error(denied), title=f"The {noun} was not stopped")
        except (OSError, StoreError) as error:
            st.error(f"{describe_error(error)}. Press {label} again, or end Fairlap to end the {noun}.")


def _start(request: MeasurementRequest) -> bool:
    """Start the measurement, or say why that is not possible."""
    try:
        job_id = actions.start_measurement(request.plan, request.task, request.arguments)
    except BadInput as error:
        st.error(describe_text(error.remedy), title=describe_error(error))
        return False
    except Denied as denied:
        st.error(describe_error(denied), title="The measurement did not start")
        return False
    except (OSError, StoreError) as error:
        text = f"{describe_error(error)}. Check that the disk has free space and is writable."
        st.error(text, title="The measurement did not start")
        return False
    st.session_state[request.session_key] = (request.key, job_id)
    return True


def follow_job(job: DisplayedJob, draw: Callable[[DisplayedJob], None]) -> None:
    """Draw the measurement, again and again until it is over. When it starts and when it ends, the whole page is drawn
    once more."""
    draw_job_announcer(job.job_id, describe_announcement(job), live=job.live, key=ANNOUNCER_KEY)
    if not job.live:
        _draw_safely(job, draw)
        return
    job = replace(job, expected_s=_find_expected_times(job))

    def redraw() -> None:
        status = records.read_status(job.job_id)
        if status.over or (status.record is not None and job.record is None):
            st.rerun()
        _draw_safely(replace(job, status=status), draw)

    st.fragment(redraw, run_every=REFRESH_S)()


def describe_announcement(job: DisplayedJob) -> str:
    """What a screen reader hears of a measurement: a text that changes only when it starts and ends."""
    record = job.record
    if record is None:
        return job.status.problem or "The measurement waits for its turn."
    text = ANNOUNCEMENTS.get(record.state, "The measurement has started.")
    return f"{text} {record.failure.what}." if record.state is State.FAILED and record.failure else text


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
        st.warning(escape_markdown(problem), icon=":material/info:")
    if record is None:
        if not problem:
            _draw_waiting(job.status.place, job.status.delay)
        return
    match record.state:
        case State.PREPARING | State.MEASURING:
            _draw_progress(record, job.expected_s)
        case State.STOPPED:
            why = f": {escape_markdown(record.why)}" if record.why else ""
            st.warning(f"Stopped after {record.seconds:.0f} s{why}.", icon=":material/stop_circle:")
        case State.INTERRUPTED:
            why = f": {escape_markdown(record.why)}" if record.why else ""
            st.warning(f"Interrupted after {record.seconds:.0f} s{why}.", icon=":material/stop_circle:")
        case State.FAILED if record.failure:
            st.error(
                escape_markdown(record.failure.remedy),
                title=escape_markdown(record.failure.what),
                icon=":material/error:",
            )
            if record.failure.log:
                with st.expander("The last lines of its output", icon=":material/terminal:"):
                    st.code("\n".join(record.failure.log), language=None, wrap_lines=True)


def _draw_waiting(place: int, delay: str) -> None:
    if delay:
        st.warning(describe_text(delay), icon=":material/hourglass_disabled:")
        return
    jobs = "1 job is" if place == 1 else f"{place} jobs are"
    text = f"{jobs} in front. One at a time runs on this machine." if place else "It starts in a moment."
    st.info(text, icon=":material/hourglass_top:")


def _draw_progress(record: MeasurementRecord, expected_s: Mapping[str, float]) -> None:
    # Its events may be far apart.
    seconds = max(record.seconds, (datetime.now(UTC) - record.started).total_seconds())
    draw_phases(list_phases(record.progress), seconds, expected_s)


def _find_expected_times(job: DisplayedJob) -> dict[str, float]:
    """Seconds of each phase of the last finished measurement with the settings of `job`; empty if there is none."""
    record = job.record
    if record is None:
        return {}
    last = find_last_record(record.plan.workload, record.task, record.digest)
    return measure_phases(list_phases(last.progress), last.seconds) if last else {}


def find_last_record(workload: str, task: str, digest: str | None = None) -> MeasurementRecord | None:
    """The last finished measurement of a task, or the last with this digest; None if there is none."""
    try:
        row = services.get_store().last_measurement(workload=workload, task=task, digest=digest)
        return records.read_status(row.id).measurement if row else None
    except (OSError, StoreError):
        return None  # It is only for a forecast, and the page shows the error elsewhere.


def draw_origin(job: DisplayedJob, request: MeasurementRequest) -> None:
    """When a stored result was measured, and at which other settings, if they are not those of the controls."""
    record = job.record
    if record is None or job.live or record.result is None:
        return
    text = f":material/history: Measured {format_date_time(record.started)} on {escape_markdown(record.machine.short)}"
    if not job.same_settings:
        text += f", **with other settings**: {escape_markdown(_describe_difference(record, request))}"
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
    with st.expander(f"{label} ({format_count(len(record.progress), 'line')})", icon=":material/list:"):
        lines = [f"{line.at:7.1f} s  {line.text}" for line in record.progress[-MAX_SHOWN_LINES:]]
        st.code("\n".join(lines), language=None, wrap_lines=True)
