"""A request that a resident task answers at once: submitted, followed, and drawn until it has an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from bench.formatting import format_count
from bench.plan.plan import Plan
from bench.scheduler.interactive import Request, RequestState
from bench.workload.interface import BadInput
from ui import actions, services
from ui.access.redaction import describe_error, describe_text, redact_failure, shows_everything
from ui.access.visitor import Denied
from ui.components.announcer import draw_job_announcer
from ui.components.phases import draw_phases
from ui.design.markdown import escape_markdown

REFRESH_S = 0.5


def find_request(key: str) -> Request | None:
    """The last request that this session has submitted under `key`."""
    request_id = st.session_state.get(key)
    return services.get_interactive_tasks().find(request_id) if request_id else None


def submit_request(plan: Plan, task: str, arguments: Mapping[str, Any], *, key: str, failed: str) -> bool:
    """Submit a request under `key`, or draw why that is not possible. Bad arguments are refused here, before a process
    is used. `failed` is a title such as "The question was not asked"."""
    try:
        st.session_state[key] = actions.ask(plan, task, arguments)
    except BadInput as error:
        st.error(describe_text(error.remedy), title=describe_error(error))
        return False
    except Denied as denied:
        st.error(describe_error(denied), title=failed)
        return False
    except OSError as error:
        st.error(f"{describe_error(error)}. Check that the disk has free space and is writable.", title=failed)
        return False
    return True


def follow_request(
    request: Request, draw: Callable[[Request], None], announcements: Mapping[RequestState, str], *, key: str
) -> None:
    """Draw the request, again and again until it is over. When its state changes, the whole page is drawn once more.

    `announcements` are what a screen reader hears. `key` is unique on the page.
    """
    draw_job_announcer(request.id, announcements[request.state], live=not request.state.over, key=key)
    if request.state.over:
        draw(request)
        return

    def redraw() -> None:
        current = services.get_interactive_tasks().find(request.id)
        if current is None or current.state is not request.state:
            st.rerun()
        draw(current)

    st.fragment(redraw, run_every=REFRESH_S)()


def draw_unanswered(request: Request, *, cancelled: str, key: str) -> None:
    """How far a request has come, or why it has no answer. Nothing for one with an answer. `cancelled` is a sentence,
    `key` that of its button."""
    match request.state:
        case RequestState.WAITING:
            text = f"{format_count(request.place, 'job')} before yours. One job at a time runs on this machine."
            st.info(text if request.place else "It starts in a moment.", icon=":material/hourglass_top:")
            _draw_cancel(request, key)
        case RequestState.RUNNING:
            draw_phases(request.phases, request.seconds, request.expected_s)
            _draw_cancel(request, key)
        case RequestState.STOPPED:
            st.info(cancelled, icon=":material/cancel:")
        case RequestState.FAILED if request.failure:
            failure = request.failure if shows_everything() else redact_failure(request.failure)
            st.error(
                escape_markdown(failure.remedy),
                title=escape_markdown(failure.what),
                icon=":material/error:",
            )
            if failure.log:
                with st.expander("The last lines of its output", icon=":material/terminal:"):
                    st.code("\n".join(failure.log), language=None, wrap_lines=True)
        case _:
            pass


def _draw_cancel(request: Request, key: str) -> None:
    st.button("Cancel", key=key, on_click=actions.stop_request, args=(request.id,))
