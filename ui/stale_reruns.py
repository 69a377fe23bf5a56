"""Keeps reruns of a page that was left from emptying the page that is open.

A browser asks for the rerun of a fragment in the name of the page that it shows. If the server switches to another page
meanwhile, Streamlit 1.67 runs the fragment afterwards in the name of the first page. The browser takes that for one
more switch, removes all elements, and shows an empty page or stops with "Cannot set a node at a delta path".
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
    """Have this server ignore requests for fragments of another page than the session shows. A fragment that both pages
    have, such as that of the sidebar, is asked for again at its next interval."""
    AppSession.request_rerun = _request_unless_stale
    ScriptRunner._run_script = _run_unless_stale


def _is_of_other_page(page_hash: str, pages: PagesManager) -> bool:
    return pages.current_page_script_hash not in ("", page_hash)


def _request_unless_stale(self: AppSession, client_state: ClientState | None) -> None:
    """For requests that arrive after the switch. A runner must not be made for them: one that runs nothing hides the
    end of the run before it from the browser."""
    page_hash = client_state.page_script_hash if client_state and client_state.fragment_id else None
    if page_hash is None or not _is_of_other_page(page_hash, self._pages_manager):
        _request_rerun(self, client_state)


def _run_unless_stale(self: ScriptRunner, rerun_data: RerunData) -> None:
    """For requests that have arrived before the switch, and waited while the other page was drawn."""
    if not rerun_data.fragment_id_queue or not _is_of_other_page(rerun_data.page_script_hash, self._pages_manager):
        _run_script(self, rerun_data)
