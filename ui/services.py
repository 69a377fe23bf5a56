"""What all pages share: the dispatcher and the store, one of each for the server, and what this machine is."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import streamlit as st

from bench.machine.describe import describe_machine
from bench.machine.model import Machine
from bench.machine.telemetry import Telemetry
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.tasks import Tasks
from bench.storage.store import Store, StoreError
from bench.values import Reading
from bench.workload.registry import load_workloads

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"


def page_script(name: str) -> str:
    """The script of the page called `name`, as st.Page, st.page_link and st.switch_page want it."""
    return str(ROOT / "pages" / f"{name.replace('-', '_')}.py")


@st.cache_resource(show_spinner=False)
def _create_dispatcher() -> Dispatcher:
    """Made by whoever asks first, for all sessions. Raises StoreError where the store cannot be used."""
    return Dispatcher()


def get_dispatcher() -> Dispatcher:
    """The server's dispatcher. Where the store cannot be used, the page says so and ends."""
    try:
        return _create_dispatcher()
    except StoreError as error:
        st.error(str(error), title="Runs cannot be kept", icon=":material/database_off:")
        st.stop()


@st.cache_resource(show_spinner=False)
def get_tasks() -> Tasks:
    """What workloads do when asked, for all sessions."""
    return Tasks()


def get_store() -> Store:
    return get_dispatcher().store


@st.cache_data(ttl="5m", show_spinner=False)
def get_machine() -> Machine:
    """This machine; read again every five minutes, since its free memory and governor change."""
    return describe_machine()


def workload_page_script(workload: str) -> str | None:
    """The script of a workload's page; None where it has none."""
    known = load_workloads().get(workload)
    return page_script(workload) if known and not known.hidden else None


MAX_READING_AGE_S = 1.5
"""How old a reading may be that another session has taken."""


class TelemetryMonitor:
    """The machine's telemetry, read once for all sessions."""

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
    """Take what is loaded out of the garbage collector's sight.

    Streamlit collects all garbage after every redraw, and with all modules in sight that takes a tenth of a second of a
    core, twice a second, beside the race. What is unreachable now is collected first, so that nothing stays for good.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
