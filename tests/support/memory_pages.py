"""Open the page of memory traffic, with made-up measurements."""

import pytest
from streamlit.testing.v1 import AppTest

from bench.machine.model import Cache

CACHES = [Cache(level=1, kind="Data", bytes=48 * 1024, shared_by=1)]


def open_with_query(app: AppTest, **query: str) -> AppTest:
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    if app.warning:
        pytest.skip(app.warning[0].value)
    return app
