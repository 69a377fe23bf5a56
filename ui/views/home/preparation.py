"""Prepare this machine: what the first races would wait for, made in advance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from bench.formatting import format_duration
from bench.run.measurement import MeasurementRecord
from bench.scheduler.preparation import WorkloadPreparation, list_preparable_workloads, list_preparations
from bench.scheduler.queue import QueueEntry
from bench.storage.store import StoreError
from bench.workload.interface import BadInput
from bench.workload.preparation import PREPARE_TASK
from ui import actions, records, services
from ui.access.redaction import describe_error, describe_text
from ui.access.visitor import Denied
from ui.components.announcer import draw_job_announcer
from ui.design.markdown import escape_markdown
from ui.design.progress import draw_progress

REFRESH_S = 1.0
"""Time between two redraws while a preparation waits or runs."""
IDLE_REFRESH_S = 10.0
_READ_KEY = "home-preparations"
"""Session key of the _ReadPreparations of the last redraw that read the store."""


@dataclass(frozen=True, slots=True)
class _ReadPreparations:
    """The preparations that the store returned while the jobs `active` waited or ran."""

    active: Mapping[str, str]
    preparations: Sequence[WorkloadPreparation]


def draw_preparation() -> None:
    st.header("Prepare this machine", anchor=False)
    st.markdown("Before a demo: make what the first races would wait for.")
    live = bool(_find_active(services.get_dispatcher().entries()))
    text = "The preparation has started." if live else "The preparation has ended."
    draw_job_announcer("preparation", text, live=live, key="preparation-announcer")
    st.fragment(_draw_content, run_every=REFRESH_S if live else IDLE_REFRESH_S)(live)


def _draw_content(was_live: bool) -> None:
    try:
        entries = services.get_dispatcher().entries()
        active = _find_active(entries)
        if bool(active) is not was_live:
            st.rerun()
        preparations = _load_preparations(active, is_idle=not entries)
        _draw_rows(preparations, active)
    except (OSError, StoreError) as error:
        services.draw_store_error(error)
        return
    open_preparations = [entry for entry in preparations if not entry.is_ready and entry.workload.name not in active]
    st.space("stretch")
    if active:
        _draw_stop_button(active)
    elif open_preparations:
        _draw_start_button("Prepare", open_preparations)
    else:
        st.caption(":material/check: All is ready until the next restart of the machine.")


def _load_preparations(active: Mapping[str, str], *, is_idle: bool) -> Sequence[WorkloadPreparation]:
    """While a job waits or runs, the store is read only if a preparation has begun or ended since: the records of the
    preparations are large, and a page that is open during a race must not take time from it. Raises StoreError."""
    read: _ReadPreparations | None = st.session_state.get(_READ_KEY)
    if read is None or is_idle or read.active != active:
        read = _ReadPreparations(active, list_preparations(services.get_store(), services.get_machine()))
        st.session_state[_READ_KEY] = read
    return read.preparations


def _find_active(entries: Sequence[QueueEntry]) -> dict[str, str]:
    """The ids of the preparations among the jobs that wait or run, by workload."""
    if all(entry.task != PREPARE_TASK for entry in entries):
        return {}
    dispatcher = services.get_dispatcher()
    found = {
        workload.name: dispatcher.find_active(workload.name, PREPARE_TASK) for workload in list_preparable_workloads()
    }
    return {name: entries[0].job_id for name, entries in found.items() if entries}


def _draw_rows(preparations: Sequence[WorkloadPreparation], active: Mapping[str, str]) -> None:
    with st.container(gap="xsmall"):
        for entry in preparations:
            title = escape_markdown(entry.label[:1].upper() + entry.label[1:])
            if entry.workload.name in active:
                _draw_progress(title, active[entry.workload.name], entry.last_s)
            elif entry.is_ready:
                st.markdown(f":green[:material/check_circle:] {title} :gray[· ready]")
            else:
                st.markdown(f":gray[:material/radio_button_unchecked:] {title} :gray[· {_describe_time(entry)}]")


def _describe_time(entry: WorkloadPreparation) -> str:
    return "not yet" if entry.last_s is None else f"took {format_duration(entry.last_s)} last time"


def _draw_progress(title: str, job_id: str, last_s: float | None) -> None:
    status = records.read_status(job_id)
    record = status.record
    if not isinstance(record, MeasurementRecord):
        st.markdown(f":gray[:material/hourglass_empty:] {title} :gray[· waiting]")
        return
    line = record.progress[-1] if record.progress else None
    expected = f" of about {format_duration(last_s)}" if last_s else ""
    text = f"{title} :gray[· {describe_text(line.text) if line else 'starting'}, {record.last_at:.0f} s{expected}]"
    draw_progress((line.share if line else None) or 0.0, text, "Progress of the preparation")


def _draw_start_button(label: str, preparations: Sequence[WorkloadPreparation]) -> None:
    why_not = actions.why_not_start()
    pressed = st.button(
        label,
        icon=":material/bolt:",
        key="home-prepare",
        disabled=bool(why_not),
        help=why_not or "Makes what is not ready, one after the other in the queue. `make warm` does the same.",
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


def _draw_stop_button(active: Mapping[str, str]) -> None:
    why_not = next(filter(None, map(actions.why_not_stop, active.values())), "")
    pressed = st.button(
        "Cancel",
        icon=":material/stop:",
        key="home-prepare-stop",
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
