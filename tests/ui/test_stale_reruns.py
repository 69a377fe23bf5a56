"""Which requests of a browser are ignored. tests/browser/test_page_switch.py shows what happens without that."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from bench.paths import ROOT
from ui import stale_reruns

OPEN = "hash of the open page"
PREVIOUS = "hash of the previous page"
REQUESTS = [
    (OPEN, PREVIOUS, "fragment", False),
    (OPEN, OPEN, "fragment", True),
    # Before the first page is known.
    ("", PREVIOUS, "fragment", True),
    # Of the whole page: a link, for example.
    (OPEN, PREVIOUS, "", True),
    (OPEN, "", "", True),
]


@pytest.fixture
def forwarded(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What Streamlit gets of the requests of a test."""
    requests: list[object] = []
    # Set to themselves, so that both are restored after the test.
    monkeypatch.setattr(AppSession, "request_rerun", AppSession.request_rerun)
    monkeypatch.setattr(ScriptRunner, "_run_script", ScriptRunner._run_script)
    monkeypatch.setattr(stale_reruns, "_request_rerun", lambda session, state: requests.append(state))
    monkeypatch.setattr(stale_reruns, "_run_script", lambda runner, data: requests.append(data))
    stale_reruns.ignore_stale_reruns()
    return requests


def make_owner(shown: str) -> Any:
    """Stands for a session or a runner that shows a page."""
    pages = PagesManager("app.py")
    pages.set_current_page_script_hash(shown)
    return SimpleNamespace(_pages_manager=pages)


@pytest.mark.parametrize(("shown", "page", "fragment", "is_forwarded"), REQUESTS)
def test_a_session_ignores_requests_for_fragments_of_another_page(forwarded, shown, page, fragment, is_forwarded):
    state = ClientState(page_script_hash=page, fragment_id=fragment)
    AppSession.request_rerun(make_owner(shown), state)
    assert forwarded == ([state] if is_forwarded else [])


def test_a_session_reruns_without_a_request_of_the_browser(forwarded):
    AppSession.request_rerun(make_owner(OPEN), None)
    assert forwarded == [None]


@pytest.mark.parametrize(("shown", "page", "fragment", "is_forwarded"), REQUESTS)
def test_a_runner_ignores_queued_requests_for_fragments_of_another_page(forwarded, shown, page, fragment, is_forwarded):
    data = RerunData(page_script_hash=page, fragment_id_queue=[fragment] if fragment else [])
    ScriptRunner._run_script(make_owner(shown), data)
    assert forwarded == ([data] if is_forwarded else [])


def test_the_server_ignores_them():
    code = (
        "import app; from streamlit.runtime.app_session import AppSession as Session; "
        "from streamlit.runtime.scriptrunner.script_runner import ScriptRunner as Runner; "
        "print(Session.request_rerun.__module__, Runner._run_script.__module__)"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "ui.stale_reruns ui.stale_reruns"
