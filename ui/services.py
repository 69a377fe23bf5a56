"""What all pages share, made once for the server: the dispatcher, the store, and the description of this machine."""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from bench.machine.describe import describe_machine
from bench.machine.model import Machine
from bench.machine.telemetry import Telemetry
from bench.run.job import JobKind
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.interactive import InteractiveTasks
from bench.scheduler.queue import QueueEntry
from bench.storage.store import Store, StoreError
from bench.values import Reading
from bench.workload.registry import load_workloads

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"


def page_script(name: str) -> str:
    """Path of the script of page `name`, for st.Page, st.page_link and st.switch_page."""
    return str(ROOT / "pages" / f"{name.replace('-', '_')}.py")


@st.cache_resource(show_spinner=False)
def _create_dispatcher() -> Dispatcher:
    """Raises StoreError if the store cannot be used."""
    return Dispatcher()


def get_dispatcher() -> Dispatcher:
    """The server's dispatcher. If the store cannot be used, the page shows why and ends."""
    try:
        return _create_dispatcher()
    except StoreError as error:
        st.error(str(error), title="Runs cannot be kept", icon=":material/database_off:")
        st.stop()


@st.cache_resource(show_spinner=False)
def get_interactive_tasks() -> InteractiveTasks:
    """The processes that answer questions, shared by all sessions."""
    return InteractiveTasks()


def get_store() -> Store:
    return get_dispatcher().store


@st.cache_data(ttl="5m", show_spinner=False)
def get_machine() -> Machine:
    """This machine. Read again every five minutes, because its free memory and governor change."""
    return describe_machine()


def workload_page_script(workload: str) -> str | None:
    """Path of the script of a workload's page; None if it has no page."""
    known = load_workloads().get(workload)
    return page_script(workload) if known and not known.hidden else None


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page with query parameters, for st.page_link."""

    page: str
    query: dict[str, str]


def link_to_entry(entry: QueueEntry) -> PageLink | None:
    """Where a job that waits or runs can be followed; None for a race of a workload without a page.

    A race is followed on the page of its workload, a measurement on the page Runs. An interactive task is seen only by
    the session that asked; the link leads to the page of its workload.
    """
    if entry.kind is JobKind.MEASUREMENT:
        return PageLink(page_script("runs"), {"run": entry.job_id})
    page = workload_page_script(entry.workload)
    if page is None:
        return None
    return PageLink(page, {"run": entry.job_id} if entry.kind is JobKind.RACE else {})


MAX_READING_AGE_S = 1.5
"""Largest age of a reading that sessions share."""


class TelemetryMonitor:
    """The machine's telemetry. Sessions share its readings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._telemetry = Telemetry()
        self._reading: Reading | None = None

    def read(self) -> Reading:
        with self._lock:
            now = time.monotonic()
            if self._reading is None or now - self._reading.at > MAX_READING_AGE_S:
                self._reading = self._telemetry.read(now)
            return self._reading


@st.cache_resource(show_spinner=False)
def get_telemetry_monitor() -> TelemetryMonitor:
    freeze_loaded_objects()
    return TelemetryMonitor()


def freeze_loaded_objects() -> None:
    """Exclude all objects that exist now from garbage collection.

    Streamlit collects garbage after every redraw. With all loaded modules that would take a tenth of a second of a
    core, twice a second, during a race. Unreachable objects are collected first, so that none is kept for ever.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
