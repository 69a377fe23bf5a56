"""Preparations of plans: which are ready, their progress, and the buttons that start and stop them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Literal, TypeVar

import streamlit as st

from bench.formatting import format_duration
from bench.plan.plan import Plan
from bench.run.measurement import MeasurementRecord
from bench.scheduler.preparation import PlanPreparation, preparation_key
from bench.scheduler.queue import QueueEntry
from bench.storage.store import StoreError
from bench.workload.interface import BadInput
from bench.workload.preparation import PREPARE_TASK
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress

T = TypeVar("T")
REFRESH_S = 1.0
"""Time between two redraws while a preparation waits or runs."""


def find_active_preparations(plans: Sequence[Plan], entries: Sequence[QueueEntry]) -> dict[str, str]:
    """The ids of the preparations of `plans` among the jobs that wait or run, by the digest of the preparation."""
    if all(entry.task != PREPARE_TASK for entry in entries):
        return {}
    dispatcher, found = services.get_dispatcher(), dict[str, str]()
    for plan in plans:
        digest = preparation_key(plan)
        for entry in dispatcher.find_active(plan.workload, PREPARE_TASK):
            if entry.digest == digest:
                found.setdefault(digest, entry.job_id)
    return found


def read_unless_busy(key: str, mark: Hashable, read: Callable[[], T], *, is_idle: bool) -> T:
    """What `read` returns, kept in the session under `key`. While a job waits or runs, it is called only if `mark` has
    changed, such as the preparations that wait or run: their records are large, and a page that is open during a race
    must not take time from it. Raises what `read` raises."""
    kept: tuple[Hashable, T] | None = st.session_state.get(key)
    if kept is None or is_idle or kept[0] != mark:
        kept = st.session_state[key] = mark, read()
    return kept[1]


def draw_preparation_rows(preparations: Sequence[PlanPreparation], active: Mapping[str, str]) -> None:
    """A line for each, with its progress while it runs."""
    with st.container(gap="xsmall"):
        for entry in preparations:
            title = _describe_title(entry)
            if entry.digest in active:
                _draw_job(title, active[entry.digest], entry.last_s)
            elif entry.is_ready:
                st.markdown(f":green[:material/check_circle:] {title} :gray[· ready]")
            else:
                st.markdown(f":gray[:material/radio_button_unchecked:] {title} :gray[· {_describe_time(entry)}]")


def draw_start_button(
    label: str, preparations: Sequence[PlanPreparation], key: str, kind: Literal["primary", "secondary"] = "secondary"
) -> None:
    """Queues those of `preparations` when it is pressed. Those that the visitor may not queue any more stay open."""
    why_not = actions.why_not_start()
    pressed = st.button(
        label,
        icon=":material/bolt:",
        key=key,
        type=kind,
        disabled=bool(why_not),
        help=why_not or "Makes what is not ready, one after the other in the queue. What is made is kept.",
    )
    if not pressed:
        return
    try:
        for entry in preparations:
            actions.start_measurement(entry.plan, PREPARE_TASK, {})
    except (Denied, BadInput, OSError, StoreError) as error:
        st.error(describe_error(error), title="Not everything is being prepared", icon=":material/error:")
        return
    st.rerun()


def draw_stop_button(active: Mapping[str, str], key: str) -> None:
    """Ends the preparations that wait or run when it is pressed."""
    why_not = next(filter(None, map(actions.why_not_stop, active.values())), "")
    pressed = st.button(
        "Cancel",
        icon=":material/stop:",
        key=key,
        disabled=bool(why_not),
        help=why_not or "What is ready is kept.",
    )
    if not pressed:
        return
    try:
        # The last first, so that none begins while the others are stopped.
        for job_id in reversed(list(active.values())):
            actions.stop_job(job_id)
    except (Denied, OSError, StoreError) as error:
        st.error(describe_error(error), title="It was not stopped", icon=":material/error:")


def _describe_title(entry: PlanPreparation) -> str:
    """What is done, and with which settings, as Markdown."""
    title = entry.task.label[:1].upper() + entry.task.label[1:]
    return escape_markdown(f"{title}: {entry.settings}" if entry.settings else title)


def _describe_time(entry: PlanPreparation) -> str:
    if entry.last_s is None:
        return "not yet"
    return f"{entry.why_open}, took {format_duration(entry.last_s)} last time"


def _draw_job(title: str, job_id: str, last_s: float | None) -> None:
    status = records.read_status(job_id)
    record = status.record
    if not isinstance(record, MeasurementRecord):
        st.markdown(f":gray[:material/hourglass_empty:] {title} :gray[· waiting]")
        return
    line = record.progress[-1] if record.progress else None
    expected = f" of about {format_duration(last_s)}" if last_s else ""
    text = f"{title} :gray[· {describe_text(line.text) if line else 'starting'}, {record.last_at:.0f} s{expected}]"
    draw_progress((line.share if line else None) or 0.0, text, "Progress of the preparation")
