"""Ignore fragment reruns that were requested for the previous page.

The request for a fragment rerun carries the hash of the page that the browser shows. If the server switches pages
before it runs the fragment, Streamlit 1.67 still sends a NewSession message with the old hash. The browser then clears
the new page: it stays empty, or stops with "Cannot set a node at a delta path".
"""

from __future__ import annotations

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

_request_rerun = AppSession.request_rerun
_run_script = ScriptRunner._run_script


def ignore_stale_reruns() -> None:
    """Patch Streamlit for this process. A fragment on both pages, such as that of the sidebar, is requested again at
    its next interval. A click in a fragment during the switch is lost."""
    AppSession.request_rerun = _request_unless_stale
    ScriptRunner._run_script = _run_unless_stale


def _is_other_page(page_hash: str, pages: PagesManager) -> bool:
    return pages.current_page_script_hash not in ("", page_hash)


def _request_unless_stale(self: AppSession, client_state: ClientState | None) -> None:
    """Drop requests that arrive after the switch. They must not start a new ScriptRunner: AppSession ignores events of
    the previous runner, so the browser would not learn that its run has ended."""
    page_hash = client_state.page_script_hash if client_state and client_state.fragment_id else None
    if page_hash is None or not _is_other_page(page_hash, self._pages_manager):
        _request_rerun(self, client_state)


def _run_unless_stale(self: ScriptRunner, rerun_data: RerunData) -> None:
    """Drop requests that arrived before the switch and were queued until the new page was complete."""
    if not rerun_data.fragment_id_queue or not _is_other_page(rerun_data.page_script_hash, self._pages_manager):
        _run_script(self, rerun_data)
