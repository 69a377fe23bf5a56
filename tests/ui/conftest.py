"""Each test of the pages has a dispatcher and a store of its own."""

from collections.abc import Iterator

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
