"""Fixtures of the page tests: empty caches, and a job that waits in the queue."""

from collections.abc import Iterator

import pytest
import streamlit as st

from bench.scheduler.queue import Queue, Ticket


@pytest.fixture(autouse=True)
def clear_streamlit_caches() -> Iterator[None]:
    """The server's dispatcher and store belong to one data folder: each test has its own."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def racing() -> Iterator[Ticket]:
    """A race of some other process."""
    ticket = Queue().enter(run="f" * 32, workload="colour-quantization", title="Colour quantization", origin="page")
    yield ticket
    ticket.leave()
