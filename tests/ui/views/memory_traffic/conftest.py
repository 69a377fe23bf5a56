"""Opens the page of memory traffic."""

import pytest
from streamlit.testing.v1 import AppTest

from ui import services


@pytest.fixture
def app():
    app = AppTest.from_file(str(services.ROOT / "ui" / "navigation.py"), default_timeout=20)
    app.run()
    app.switch_page(services.page_script("memory-traffic"))
    return app
