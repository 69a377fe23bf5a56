"""Each test of the pages has a dispatcher and a store of its own."""

import importlib
import os
from collections.abc import Callable, Iterator

import pytest
import streamlit as st


@pytest.fixture(autouse=True)
def clear_streamlit_caches() -> Iterator[None]:
    """The server keeps one dispatcher and one store, but each test has a data folder of its own."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(autouse=True)
def connect_as_server_user(monkeypatch) -> None:
    """Streamlit's test driver has no connection, whose user could be looked up."""
    monkeypatch.setattr("ui.access.identity.read_client_uid", os.geteuid)


@pytest.fixture
def interrupt_once(monkeypatch) -> Callable[[str], None]:
    """Start another rerun at the first call of a function, by its full name, as when the browser sends its secret
    while a page is drawn for the first time."""

    def interrupt(name: str) -> None:
        module, _, attribute = name.rpartition(".")
        function = getattr(importlib.import_module(module), attribute)
        interrupted = []

        def call(*args, **kwargs):
            if not interrupted:
                interrupted.append(True)
                st.rerun()
            return function(*args, **kwargs)

        monkeypatch.setattr(name, call)

    return interrupt
