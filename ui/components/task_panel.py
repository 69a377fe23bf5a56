"""A task as it goes: followed until it is over, and what is said of it meanwhile and when it has failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from bench.plan.plan import Plan
from bench.scheduler.tasks import Job, JobState
from ui import services
from ui.design import markdown

REFRESH_S = 0.5
"""How often a page looks at a task that is under way."""
MAX_SHOWN_LINES = 200


def start_task(plan: Plan, task: str, given: dict[str, Any], slot: str) -> None:
    """Ask for a task; the session keeps its id under `slot`."""
    try:
        st.session_state[slot] = services.get_tasks().submit(plan, task, given)
    except OSError as error:
        st.error(f"{error}. Check that the disk has room and may be written.", title="That did not work")


def draw_task_buttons(
    plan: Plan, job: Job | None, task: str, given: dict[str, Any], slot: str, label: str, icon: str, why_not: str = ""
) -> None:
    """The one that asks for a task, unless `job` is under way or there is a reason `why_not`, and the one that stops
    it."""
    key = f"{plan.workload}:{task}"
    busy = job is not None and not job.state.over
    barred = busy or bool(why_not)
    if st.button(label, icon=icon, type="primary", key=f"{key}-button", disabled=barred, help=why_not or None):
        start_task(plan, task, given, slot)
        st.rerun()
    if st.button("Stop", icon=":material/stop:", key=f"{key}-stop", disabled=not busy) and job:
        services.get_tasks().stop(job.id)


def find_newest_job(
    slot: str, workload: str, task: str, given: dict[str, Any] | None = None, settings: dict[str, Any] | None = None
) -> Job | None:
    """The job that this session follows, else the newest of the server, or the newest that was given just this, and at
    just these settings: one goes on when its page is closed."""
    return get_session_job(slot) or services.get_tasks().last(workload, task, given, settings)


def relevant_settings(plan: Plan, reads: tuple[str, ...]) -> dict[str, Any]:
    """The settings of a plan that a task which reads these parameters depends on."""
    return {"cores": plan.cores, "seed": plan.seed} | {name: plan.parameters[name] for name in reads}


def get_session_job(slot: str) -> Job | None:
    """The job that this session follows under `slot`."""
    id = st.session_state.get(slot)
    return services.get_tasks().job(id) if id else None


def follow_job(job: Job, draw: Callable[[Job], None]) -> None:
    """Draw the job, anew and anew while it is under way; all of the page when it is over."""
    if job.state.over:
        draw(job)
        return

    def live() -> None:
        now = services.get_tasks().job(job.id)
        if now is None or now.state.over:
            st.rerun()
        draw(now)

    st.fragment(live, run_every=REFRESH_S)()


def draw_job_state(job: Job) -> None:
    """Where a job stands: waiting, at work, or why it came to nothing. Of one that is done, nothing."""
    match job.state:
        case JobState.WAITING:
            words = "It begins in a moment." if not job.place else f"{job.place} in front: one at a time runs here."
            st.info(words, icon=":material/hourglass_top:")
        case JobState.RUNNING:
            line = job.lines[-1] if job.lines else None
            text = f"{markdown.escape_markdown(line.text) if line else 'starting its process'} :gray[({job.seconds:.0f} s)]"
            if line and line.share is not None:
                st.progress(line.share, text)
            else:
                st.markdown(f":material/progress_activity: {text}")
        case JobState.STOPPED:
            st.warning(f"Stopped after {job.seconds:.0f} s.", icon=":material/stop_circle:")
        case JobState.FAILED:
            st.error(
                markdown.escape_markdown(job.remedy),
                title=markdown.escape_markdown(job.problem),
                icon=":material/error:",
            )
            if job.log:
                with st.expander("The last lines of its output", icon=":material/terminal:"):
                    st.code("\n".join(job.log), language=None, wrap_lines=True)


def draw_job_log(job: Job, label: str) -> None:
    """All that it said of its progress, folded."""
    if not job.lines:
        return
    with st.expander(f"{label} ({len(job.lines)} lines)", icon=":material/list:"):
        lines = [f"{line.at:7.1f} s  {line.text}" for line in job.lines[-MAX_SHOWN_LINES:]]
        st.code("\n".join(lines), language=None, wrap_lines=True)
