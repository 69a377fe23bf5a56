"""What tests of pages share: caches of the server that are empty for each test, and a race in the queue."""

from collections.abc import Iterator

import pytest
import streamlit as st

from bench.run.job import JobKind
from bench.scheduler.queue import Queue, Ticket


@pytest.fixture(autouse=True)
def clear_streamlit_caches() -> Iterator[None]:
    """The server keeps one dispatcher and one store, but each test has a data folder of its own."""
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def racing() -> Iterator[Ticket]:
    """A race of another process."""
    ticket = Queue().enter(
        job_id="f" * 32,
        kind=JobKind.RACE,
        workload="colour-quantization",
        title="Colour quantization",
        origin="page",
        requester="somebody",
    )
    yield ticket
    ticket.leave()
