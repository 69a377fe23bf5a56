"""Limits the uploaded files that the server holds in memory, before any page sees them.

Streamlit keeps every file that a browser sends for a session, under any id that the browser invents, until the page
drops it or the session ends. So a visitor who may not even start a job could fill the memory.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from http import HTTPStatus
from typing import cast

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

UPLOAD_ROUTE = re.compile(r"/_stcore/upload_file/([^/]+)/")
MAX_SESSION_FILES = 2
"""Files of the largest size that one session may have on the server: one that is shown, and one that replaces it."""
MAX_SERVER_FILES = 16
"""The same for all sessions together."""
MAX_REMEMBERED_SESSIONS = 10_000

_sessions: OrderedDict[str, None] = OrderedDict()
"""The sessions that have a control for a file, the one that was drawn last at the end."""


def expect_upload() -> None:
    """Let the present session send files. For the code that draws the control."""
    context = get_script_run_ctx()
    if context is None:
        return
    _sessions[context.session_id] = None
    _sessions.move_to_end(context.session_id)
    if len(_sessions) > MAX_REMEMBERED_SESSIONS:
        _sessions.popitem(last=False)


class UploadLimit:
    """ASGI middleware that answers for Streamlit if a file must not be received.

    Status 403: the session has no control for a file. 411: the request does not say how large it is. 429: the session,
    or all of them, have too many bytes of files on the server.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._receiving: Counter[str] = Counter()
        """Bytes of the files that arrive now, by session."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = UPLOAD_ROUTE.search(scope["path"]) if scope["type"] == "http" else None
        if route is None or scope["method"] != "PUT":
            await self.app(scope, receive, send)
            return
        session = route[1]
        length = Headers(scope=scope).get("content-length", "")
        size_bytes = int(length) if length.isdecimal() else None
        status = self._choose_status(session, size_bytes)
        if size_bytes is None or status is not None:
            await _refuse(status or HTTPStatus.LENGTH_REQUIRED, scope, receive, send)
            return
        self._receiving[session] += size_bytes
        try:
            await self.app(scope, receive, send)
        finally:
            self._receiving[session] -= size_bytes
            # Without those that count nothing, or the counter would grow with every session.
            self._receiving += Counter()

    def _choose_status(self, session: str, size_bytes: int | None) -> HTTPStatus | None:
        """Why a file is refused; None if it is accepted."""
        if session not in _sessions:
            return HTTPStatus.FORBIDDEN
        if size_bytes is None:
            return HTTPStatus.LENGTH_REQUIRED
        largest = int(st.get_option("server.maxUploadSize")) << 20
        held = _measure_files()
        of_session = held[session] + self._receiving[session] + size_bytes
        of_all = held.total() + self._receiving.total() + size_bytes
        if of_session > MAX_SESSION_FILES * largest or of_all > MAX_SERVER_FILES * largest:
            return HTTPStatus.TOO_MANY_REQUESTS
        return None


def _measure_files() -> Counter[str]:
    """Bytes of the files that the server holds, by session."""
    # The only kind that Streamlit's server makes.
    files = cast(MemoryUploadedFileManager, runtime.get_instance().uploaded_file_mgr).file_storage
    return Counter(
        {session: sum(len(file.data) for file in list(held.values())) for session, held in list(files.items())}
    )


async def _refuse(status: HTTPStatus, scope: Scope, receive: Receive, send: Send) -> None:
    # A browser that is cut off while it sends does not see the answer.
    while (await receive()).get("more_body"):
        pass
    await PlainTextResponse(status.phrase, status)(scope, receive, send)
