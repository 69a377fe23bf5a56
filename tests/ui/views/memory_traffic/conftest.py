"""Opens the page of memory traffic."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.pages import DRAW_TIMEOUT_S, NAVIGATION
from ui import services


@pytest.fixture
def app():
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S)
    app.run()
    app.switch_page(services.page_script("memory-traffic"))
    return app
