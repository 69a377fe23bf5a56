"""Pages change nothing past `ui/actions.py`, read no job past `ui/records.py`, draw no figure unescaped, and show the
texts of errors only as the visitor may see them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.paths import ROOT

CHANGES = {"submit_race", "submit_measurement", "submit", "delete", "save", "save_upload"}
READS = {"status", "load", "rows", "row"}
GATES = {"ui/actions.py": CHANGES | {"row"}, "ui/records.py": READS, "ui/views/runs/job_list.py": {"rows"}}
"""The modules that may call them. The list as CSV is redacted where it is made: it is made outside of a session."""
RECEIVERS = {"get_dispatcher", "get_store", "get_interactive_tasks", "dispatcher", "store", "uploads", "tasks"}


def list_sources() -> Iterator[Path]:
    yield from sorted((ROOT / "ui").rglob("*.py"))
    yield from sorted((ROOT / "pages").rglob("*.py"))


def find_receiver(call: ast.Call) -> str:
    """The name before the method: `store` in `store.rows()`, `get_store` in `services.get_store().rows()`."""
    assert isinstance(call.func, ast.Attribute)
    value = call.func.value
    value = value.func if isinstance(value, ast.Call) else value
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""


def list_forbidden_calls(source: str, allowed: set[str]) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    methods = [call for call in calls if isinstance(call.func, ast.Attribute)]
    forbidden = (CHANGES | READS | {"stop"}) - allowed
    return [
        f"{find_receiver(call)}.{call.func.attr}"
        for call in methods
        if isinstance(call.func, ast.Attribute)
        and ((call.func.attr in forbidden and find_receiver(call) in RECEIVERS) or call.func.attr == "plotly_chart")
    ]


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in list_sources()])
def test_pages_use_the_gates(path: str) -> None:
    allowed = GATES.get(path, set()) | ({"stop"} if path == "ui/actions.py" else set())
    calls = list_forbidden_calls((ROOT / path).read_text(), allowed)
    assert path == "ui/design/figures.py" or not calls


def test_the_check_finds_what_it_looks_for() -> None:
    source = (
        "services.get_dispatcher().stop(x, origin='page')\nstore.delete(x)\nst.stop()\nst.plotly_chart(f)\na.rows()"
    )
    assert list_forbidden_calls(source, set()) == ["get_dispatcher.stop", "store.delete", "st.plotly_chart"]


DESCRIBERS = {"describe_error", "describe_text", "describe_bad_input", "public_text", "draw_store_error", "isinstance"}
"""The functions that may get an error that was caught, or a text of it."""
UNREDACTED = {
    "ui/access/errors.py": "for people of this machine",
    "ui/access/roles.py": "for the server's log",
    "ui/tours/catalogue.py": "shown to operators only, by `ui.tours.page`",
    "ui/tours/reading.py": "shown to operators only, by `ui.tours.page`",
    "ui/tours/recordings.py": "a note of the replay, which is passed to `describe_text`",
    "ui/tours/standby.py": "for the server's log",
    "ui/services.py": "`draw_store_error` passes its text to `public_text`",
}


def list_raw_errors(source: str) -> list[str]:
    """The uses of errors that were caught, other than to raise another one or to describe them for the visitor."""
    raw = []
    for handler in ast.walk(ast.parse(source)):
        if not isinstance(handler, ast.ExceptHandler) or not handler.name:
            continue
        described = {
            id(inner)
            for node in ast.walk(handler)
            if (isinstance(node, ast.Call) and find_function(node) in DESCRIBERS)
            or isinstance(node, ast.Raise)
            or (isinstance(node, ast.Attribute) and node.attr == "problems")
            for inner in ast.walk(node)
        }
        raw += [
            f"{node.id} in line {node.lineno}"
            for node in ast.walk(handler)
            if isinstance(node, ast.Name) and node.id == handler.name and id(node) not in described
        ]
    return raw


def find_function(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in list_sources()])
def test_errors_are_shown_as_the_visitor_may_see_them(path: str) -> None:
    assert path in UNREDACTED or not list_raw_errors((ROOT / path).read_text())


def test_the_check_finds_raw_errors() -> None:
    template = "try:\n    f()\nexcept OSError as error:\n    {}"
    for statement in ("st.error(str(error))", "st.error(f'No: {error}')", "show(error.remedy)", "x = error"):
        assert list_raw_errors(template.format(statement)) == ["error in line 4"], statement
    for statement in ("st.error(describe_error(error))", "show(describe_text(error.remedy))", "raise A from error"):
        assert list_raw_errors(template.format(statement)) == [], statement
