"""Open pages with Streamlit's test driver and read their text."""

from streamlit.proto.Block_pb2 import Block
from streamlit.testing.v1 import AppTest

from bench.paths import ROOT
from ui import services

NAVIGATION = ROOT / "ui" / "navigation.py"
DRAW_TIMEOUT_S = 60
"""The first drawing in a process imports what pages need."""


def open_modin_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S)
    app.run()
    app.switch_page(services.page_script("modin"))
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def open_page(page: str = "home", **query: str) -> AppTest:
    """A page of the application, drawn without an exception."""
    app = AppTest.from_file(str(NAVIGATION), default_timeout=DRAW_TIMEOUT_S).run()
    app.query_params.update(query)
    if page != "home":
        app.switch_page(services.page_script(page))
        app.query_params.update(query)
        app.run()
    assert not app.exception, [(error.message, error.stack_trace) for error in app.exception]
    return app


def run_script(source: str) -> AppTest:
    app = AppTest.from_string(source, default_timeout=DRAW_TIMEOUT_S).run()
    assert not app.exception, [(error.message, error.stack_trace) for error in app.exception]
    return app


def read_page(app: AppTest) -> str:
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def list_popovers(app: AppTest) -> list[str]:
    """The labels of the buttons that open something, in the order of the page."""
    blocks = [proto for node in app.main if isinstance(proto := getattr(node, "proto", None), Block)]
    return [block.popover.label for block in blocks if block.WhichOneof("type") == "popover"]


def list_downloads(app: AppTest) -> list[str]:
    """The labels of the buttons that download a file."""
    return [button.proto.label for button in app.main.get("download_button")]


def read_labels(app: AppTest) -> str:
    elements = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info, *app.metric]
    return "\n".join(str(getattr(e, "value", "")) + str(getattr(e, "label", "")) for e in elements)
