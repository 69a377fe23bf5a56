"""Each test has a dispatcher and a store of its own."""

from tests.ui.views.conftest import clear_streamlit_caches  # noqa: F401
