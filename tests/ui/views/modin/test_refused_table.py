"""A table that cannot be raced is refused on the page when Run is pressed, and nothing is queued."""

from __future__ import annotations

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bench.paths import ROOT
from bench.scheduler.queue import Queue
from tests.support.modin import needs_ray
from tests.support.pages import read_page
from tests.support.tables import write_file
from ui import services


@pytest.fixture(autouse=True)
def no_caches():
    """The dispatcher is cached per server, but every test has its own data folder."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@needs_ray
def test_the_page_names_the_row_and_queues_nothing(tmp_path):
    rows = "".join(f'{i},"*abc*\n' if i == 10 else f"{i},abc{i}\n" for i in range(2000))
    file = write_file(tmp_path, f"id,v\n{rows}")
    app = AppTest.from_file(str(ROOT / "ui" / "navigation.py"), default_timeout=60)
    app.run()
    app.switch_page(services.page_script("modin"))
    app.query_params["file"] = str(file)
    app.query_params["cores"] = "1"
    app.run()
    app.button(key="modin:run").click().run()
    assert not app.exception
    text = read_page(app)
    assert "Row 12 of own.csv (the header is row 1) opens a quote in column 2 that is never closed" in text
    assert r"\*abc\*" in text, "the content of the file is no Markdown"
    assert "BadInput" not in text and "baseline" not in text.partition("Row 12")[2][:300]
    assert not Queue().entries()
