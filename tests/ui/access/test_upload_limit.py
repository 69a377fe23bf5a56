"""Files that are refused before Streamlit receives them. tests/browser/test_upload_limit.py has the rest."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from tests.support.pages import run_script
from ui.access import upload_limit
from ui.access.upload_limit import UploadLimit

MAX_UPLOAD_BYTES = 64 << 20
SESSIONS = [f"session {number}" for number in range(30)]


class KeptFiles:
    """What the middleware asks of Streamlit's runtime, with Streamlit's own storage."""

    def __init__(self) -> None:
        self.uploaded_file_mgr = MemoryUploadedFileManager("/_stcore/upload_file")


@pytest.fixture
def files() -> Iterator[MemoryUploadedFileManager]:
    kept = KeptFiles()
    # Undone before the caches are cleared, which asks the real runtime.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runtime, "_instance", kept)
        patch.setattr(upload_limit, "_sessions", OrderedDict.fromkeys(SESSIONS))
        yield kept.uploaded_file_mgr


async def store_nothing(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})


def put(limit: UploadLimit, session: str, size_bytes: int | None, method: str = "PUT") -> int:
    """The status of the answer to a file of this size."""
    headers = [] if size_bytes is None else [(b"content-length", str(size_bytes).encode())]
    path = f"/fairlap/_stcore/upload_file/{session}/file"
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    # In a thread of its own: Playwright leaves an event loop in that of the tests.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, limit(scope, receive, send)).result()
    return sent[0]["status"]


def keep(files: MemoryUploadedFileManager, session: str, file_id: str, size_bytes: int) -> None:
    files.add_file(session, UploadedFileRec(file_id, "a", "text/csv", bytes(size_bytes)))


def test_a_session_without_a_control_and_a_file_without_a_size_are_refused(files) -> None:
    limit = UploadLimit(store_nothing)
    assert put(limit, "another session", 10) == 403
    assert put(limit, "another session", None) == 403
    assert put(limit, SESSIONS[0], None) == 411
    assert put(limit, SESSIONS[0], 10) == 204
    assert put(limit, "another session", 10, "DELETE") == 204


def test_a_session_has_a_limit_that_dropped_files_do_not_count_for(files) -> None:
    limit = UploadLimit(store_nothing)
    keep(files, SESSIONS[0], "first", MAX_UPLOAD_BYTES)
    keep(files, SESSIONS[0], "second", 1000)
    assert put(limit, SESSIONS[0], MAX_UPLOAD_BYTES) == 429
    assert put(limit, SESSIONS[1], MAX_UPLOAD_BYTES) == 204
    files.remove_file(SESSIONS[0], "first")
    assert put(limit, SESSIONS[0], MAX_UPLOAD_BYTES) == 204


def test_all_sessions_together_have_a_limit(files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_limit, "MAX_SERVER_FILES", 3)
    limit = UploadLimit(store_nothing)
    for session in SESSIONS[:2]:
        keep(files, session, "file", MAX_UPLOAD_BYTES)
    assert put(limit, SESSIONS[2], MAX_UPLOAD_BYTES) == 204
    keep(files, SESSIONS[2], "file", 1)
    assert put(limit, SESSIONS[3], MAX_UPLOAD_BYTES) == 429


def test_files_that_arrive_count_until_they_have_arrived(files) -> None:
    statuses: list[int] = []

    async def send_another(scope: Scope, receive: Receive, send: Send) -> None:
        if not statuses:
            statuses.append(0)
            inner = asyncio.get_running_loop().run_in_executor(None, put, limit, SESSIONS[0], 2 * MAX_UPLOAD_BYTES)
            statuses.append(await inner)
        await store_nothing(scope, receive, send)

    limit = UploadLimit(send_another)
    assert put(limit, SESSIONS[0], 1000) == 204
    assert statuses == [0, 429]
    assert put(limit, SESSIONS[0], 2 * MAX_UPLOAD_BYTES) == 204


def test_the_control_lets_its_session_send_files(monkeypatch: pytest.MonkeyPatch) -> None:
    script = 'from ui.controls.uploader import draw_uploader\ndraw_uploader("A table", ("csv",), 64, key="table:file")'
    monkeypatch.setattr(upload_limit, "_sessions", OrderedDict())
    app = run_script(script)
    assert not app.exception
    [session] = upload_limit._sessions
    with monkeypatch.context() as patch:
        patch.setattr(Runtime, "_instance", KeptFiles())
        assert put(UploadLimit(store_nothing), session, 10) == 204
