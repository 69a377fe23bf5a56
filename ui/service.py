"""What all pages share: the dispatcher and the store, one of each for the server, and what this machine is."""

from __future__ import annotations

import streamlit as st

from bench.dispatch import Dispatcher
from bench.machine import Machine, describe
from bench.store import Store, StoreError


@st.cache_resource(show_spinner=False)
def _dispatcher() -> Dispatcher:
    return Dispatcher()


def dispatcher() -> Dispatcher:
    """The server's dispatcher. Where the store cannot be used, the page says so and ends."""
    try:
        return _dispatcher()
    except StoreError as error:
        st.error(str(error), title="Runs cannot be kept", icon=":material/database_off:")
        st.stop()


def store() -> Store:
    return dispatcher().store


@st.cache_data(ttl="5m", show_spinner=False)
def machine() -> Machine:
    """This machine; read again every five minutes, since its free memory and governor change."""
    return describe()
