"""What all pages share, made once for the server: the dispatcher, the store, and the description of this machine."""

from __future__ import annotations

import gc
import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import streamlit as st

from bench.machine.describe import describe_machine
from bench.machine.exhaustion import describe_failure
from bench.machine.model import Machine
from bench.machine.telemetry import Telemetry
from bench.paths import FolderError
from bench.run.record import Run
from bench.scheduler.background_series import BackgroundSeries
from bench.scheduler.best_stages import SelectedRuns
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.interactive import InteractiveTasks
from bench.scheduler.order import JobOrder
from bench.storage.store import Store, StoreError
from bench.values.readings import Reading
from bench.workload.registry import load_workloads
from ui.access.redaction import public_text
from ui.design.markdown import escape_markdown

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"


def page_script(name: str) -> str:
    """Path of the script of page `name`, for st.Page, st.page_link and st.switch_page."""
    return str(ROOT / "pages" / f"{name.replace('-', '_')}.py")


@st.cache_resource(show_spinner=False)
def _create_dispatcher() -> Dispatcher:
    """Raises StoreError if the store cannot be used, and OSError if the data folder cannot."""
    return Dispatcher()


def get_dispatcher() -> Dispatcher:
    """The server's dispatcher. If the store or the data folder cannot be used, the page shows why and ends."""
    try:
        return _create_dispatcher()
    except (StoreError, OSError) as error:
        draw_store_error(error)
        st.stop()


def find_order(job_id: str) -> JobOrder | None:
    """The order of a job that waits or runs and that this server queued; None for any other, and without a store."""
    try:
        return _create_dispatcher().find_order(job_id)
    except (StoreError, OSError):
        return None


def draw_store_error(error: StoreError | OSError) -> None:
    """Why runs can be neither kept nor read now, and what to do, in place of what would need them."""
    text = str(error) if isinstance(error, StoreError | FolderError) else describe_failure(error, Path.cwd())
    st.error(escape_markdown(public_text(text)), title="Runs cannot be kept", icon=":material/database_off:")


@st.cache_resource(show_spinner=False)
def get_interactive_tasks() -> InteractiveTasks:
    """The processes that answer questions, shared by all sessions."""
    return InteractiveTasks()


@st.cache_resource(show_spinner=False)
def get_background_series() -> BackgroundSeries:
    """The series of races of all visitors."""
    return BackgroundSeries(get_dispatcher())


def get_store() -> Store:
    return get_dispatcher().store


@st.cache_resource(show_spinner=False)
def _keep_selected_runs() -> dict[str, Run | None]:
    return {}


def get_selected_runs(since: datetime | None = None) -> SelectedRuns:
    """The races that chose the stages of an application, read once for all sessions. See `SelectedRuns`."""
    return SelectedRuns(get_store(), get_machine(), since, _keep_selected_runs())


@st.cache_data(ttl="5m", show_spinner=False)
def get_machine() -> Machine:
    """This machine. Read again every five minutes, because its free memory and governor change."""
    return describe_machine()


def workload_page_script(workload: str) -> str | None:
    """Path of the script of a workload's page; None if it has no page."""
    known = load_workloads().get(workload)
    return page_script(workload) if known and not known.hidden else None


MAX_READING_AGE_S = 1.5
"""Largest age of a reading that sessions share."""
LOAD_PERIOD_S = 12.0
"""The load of other programs is their mean over so many seconds."""
MIN_BUSY_CORES = 0.5
"""Other programs that keep fewer cores busy are not worth a warning: the rules of the claims judge each race."""
MIN_LOAD_PERIOD_S = 4.0
"""A mean over less time would mostly be that of drawing the page."""


@dataclass(frozen=True, slots=True)
class _LoadReading:
    """What all programs and this process used between a reading and the one before."""

    at: float
    seconds: float
    busy_s: float
    own_s: float


class TelemetryMonitor:
    """The machine's telemetry. Sessions share its readings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._telemetry = Telemetry()
        self._reading: Reading | None = None
        self._own_cpu_s = time.process_time()
        self._loads: deque[_LoadReading] = deque()

    def read(self) -> Reading:
        with self._lock:
            now = time.monotonic()
            if self._reading is None or now - self._reading.at > MAX_READING_AGE_S:
                before, self._reading = self._reading, self._telemetry.read(now)
                self._note_load(before, self._reading)
            return self._reading

    def measure_other_load(self) -> float | None:
        """Mean number of cores that other programs kept busy in the last seconds; None if that is not known yet."""
        with self._lock:
            period_s = sum(load.seconds for load in self._loads)
            if period_s < MIN_LOAD_PERIOD_S:
                return None
            return max(0.0, sum(load.busy_s - load.own_s for load in self._loads) / period_s)

    def _note_load(self, before: Reading | None, reading: Reading) -> None:
        own_cpu_s = time.process_time()
        own_s, self._own_cpu_s = own_cpu_s - self._own_cpu_s, own_cpu_s
        seconds = reading.at - before.at if before else math.inf
        if seconds <= LOAD_PERIOD_S:
            busy_s = seconds * sum(core.busy for core in reading.cores)
            self._loads.append(_LoadReading(reading.at, seconds, busy_s, own_s))
        while self._loads and self._loads[0].at < reading.at - LOAD_PERIOD_S:
            self._loads.popleft()


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
