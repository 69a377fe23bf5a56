"""What all pages share: the dispatcher and the store, one of each for the server, and what this machine is."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from bench.machine.describe import Machine, describe
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.tasks import Tasks
from bench.storage.store import Store, StoreError

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"


def page(name: str) -> str:
    """The script of the page called `name`, as st.Page, st.page_link and st.switch_page want it."""
    return str(ROOT / "pages" / f"{name.replace('-', '_')}.py")


@st.cache_resource(show_spinner=False)
def _dispatcher() -> Dispatcher:
    """Made by whoever asks first, for all sessions. Raises StoreError where the store cannot be used."""
    return Dispatcher()


def dispatcher() -> Dispatcher:
    """The server's dispatcher. Where the store cannot be used, the page says so and ends."""
    try:
        return _dispatcher()
    except StoreError as error:
        st.error(str(error), title="Runs cannot be kept", icon=":material/database_off:")
        st.stop()


@st.cache_resource(show_spinner=False)
def tasks() -> Tasks:
    """What workloads do when asked, for all sessions."""
    return Tasks()


def store() -> Store:
    return dispatcher().store


@st.cache_data(ttl="5m", show_spinner=False)
def machine() -> Machine:
    """This machine; read again every five minutes, since its free memory and governor change."""
    return describe()
