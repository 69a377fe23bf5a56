"""The models that answer questions: loaded when the tab Ask opens, if nothing else uses the machine."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.formatting import format_bytes
from bench.plan.plan import Plan
from bench.scheduler.interactive import MAX_IDLE_S, Request, RequestState, settings_digest
from bench.system.limits import available_memory_bytes
from bench.workload.registry import load_workloads
from ui import actions, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.components.announcer import draw_job_announcer
from ui.components.phases import draw_phases

TASK = "load_models"
ANSWER_TASK = "ask"
REFRESH_S = 0.5
"""Time between two redraws of a preparation."""
FREE_CHECK_S = 3.0
"""Time between two checks whether the machine is free."""
MIN_FREE_BYTES = 4_000_000_000
"""Models are loaded without being asked for only if so much memory is available. A choice with room for the race that
may follow; what the process uses depends on the model."""
REQUEST_KEY = "bert:models:request"
WANTED_KEY = "bert:models:wanted"
"""Whether this session's visitor wants the models, and the digest of their settings. Missing before a decision."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How far the models of a plan are loaded."""

    ready: bool
    request: Request | None = None
    """The preparation that this session has asked for, while it waits or works."""
    reason: str = ""
    """Why nothing is loaded now, as Markdown; empty if it is."""
    waits: bool = False
    """Whether the preparation begins by itself when the machine is free."""


def draw_models(plan: Plan, *, asking: bool) -> None:
    """Draw whether both models are loaded. Begins to load them if nothing speaks against it.

    `asking`: a question of this session waits or is being answered. It loads the models itself.
    """
    preparation = _prepare(plan, asking)
    if preparation is None:
        return
    loading = preparation.request is not None
    text = "Both models are loaded." if preparation.ready else "Both models are being loaded." if loading else ""
    draw_job_announcer(_digest(plan), text, live=loading, key="models-announcer")
    if preparation.request is not None:
        _follow(plan, preparation.request)
        return
    if preparation.ready:
        st.caption(
            f":material/check_circle: Both models are loaded. They stay loaded until nobody has asked for "
            f"{MAX_IDLE_S / 60:.0f} minutes."
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/hourglass_empty: {preparation.reason}", width="content")
        if not preparation.waits and not actions.why_not_start():
            st.button("Load models", icon=":material/download:", type="tertiary", on_click=_allow, args=(plan,))
    if preparation.waits:
        st.fragment(_rerun_when_free, run_every=FREE_CHECK_S)()


def _prepare(plan: Plan, asking: bool) -> Preparation | None:
    tasks = services.get_interactive_tasks()
    request = tasks.find(st.session_state.get(REQUEST_KEY, ""))
    if request is not None and not request.state.over:
        if _digest(request.plan) == _digest(plan):
            return Preparation(ready=False, request=request)
        actions.stop_request(request.id)
    if asking:
        return None
    if tasks.is_prepared(plan, ANSWER_TASK):
        return Preparation(ready=True)
    if reason := _why_not(plan, request):
        return Preparation(ready=False, reason=reason)
    if tasks.queue.entries():
        reason = "The machine is busy. The models are loaded when it is free, or by your question."
        return Preparation(ready=False, reason=reason, waits=True)
    try:
        st.session_state[REQUEST_KEY] = actions.prepare(plan, TASK)
    except Denied as denied:
        return Preparation(ready=False, reason=f"{describe_error(denied)} Your question loads the models.")
    except OSError as error:
        return Preparation(ready=False, reason=f"The models were not loaded: {describe_error(error)}.")
    return Preparation(ready=False, request=tasks.find(st.session_state[REQUEST_KEY]))


def _why_not(plan: Plan, last: Request | None) -> str:
    """Why the page does not begin by itself, as Markdown; empty if it does."""
    if reason := actions.why_not_start():
        return reason
    wanted, digest = st.session_state.get(WANTED_KEY, (True, "")), _digest(plan)
    if wanted == (False, digest):
        return "The models are not loaded. Your question loads them."
    if last is not None and last.state is RequestState.FAILED and _digest(last.plan) == digest:
        why = describe_text(last.failure.what) if last.failure else "unknown reason"
        return f"The models were not loaded: {why}"
    free_bytes = available_memory_bytes()
    if 0 < free_bytes < MIN_FREE_BYTES and wanted != (True, digest):
        return f"Only {format_bytes(free_bytes)} of memory are free, so the models wait for your question."
    return ""


def _digest(plan: Plan) -> str:
    """Equal for plans with the same models."""
    return settings_digest(plan, load_workloads()[plan.workload].tasks.task(TASK))


def _follow(plan: Plan, request: Request) -> None:
    """Draw the preparation, again and again until it is over; then the whole page is drawn once more."""

    def redraw() -> None:
        current = services.get_interactive_tasks().find(request.id)
        if current is None or current.state.over:
            st.rerun()
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown("**Loading both models**, so that your first question is answered at once", width="stretch")
                st.button("Cancel", key="bert:models-cancel", on_click=_cancel, args=(plan, request.id))
            if current.state is RequestState.WAITING:
                st.caption("It waits until the machine is free.")
            else:
                draw_phases(current.phases, current.seconds, current.expected_s)
                if not current.expected_s:
                    st.caption("The first time on this machine takes longest: the model is quantized.")

    st.fragment(redraw, run_every=REFRESH_S)()


def _cancel(plan: Plan, request_id: str) -> None:
    st.session_state[WANTED_KEY] = (False, _digest(plan))
    actions.stop_request(request_id)


def _allow(plan: Plan) -> None:
    st.session_state[WANTED_KEY] = (True, _digest(plan))
    st.session_state.pop(REQUEST_KEY, None)


def _rerun_when_free() -> None:
    if not services.get_interactive_tasks().queue.entries():
        st.rerun()
