"""A browser that sends more files to the server than the page asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.support.browser import Server, find_run_button, open_more, start_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SEND = """async ([session, name, size]) => {
  const body = new FormData();
  body.append("file", new File([new Uint8Array(size)], name));
  const token = /_streamlit_xsrf=([^;]*)/.exec(document.cookie);
  const headers = token ? { "X-Xsrftoken": decodeURIComponent(token[1]) } : {};
  const answer = await fetch(`/_stcore/upload_file/${session}/${name}`, { method: "PUT", body, headers });
  return answer.status;
}"""


@pytest.fixture
def served(home, no_orphans, tmp_path, monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    server = start_server(tmp_path / "server.log", "--server.maxUploadSize=1")
    yield server
    server.stop()
    log = server.log.read_text()
    assert "Traceback" not in log, log[-3000:]


def test_invented_files_are_refused_and_the_control_works(page, served) -> None:
    sessions: list[str] = []

    def read_session(payload: bytes | str) -> None:
        message = ForwardMsg.FromString(payload) if isinstance(payload, bytes) else ForwardMsg()
        if message.WhichOneof("type") == "new_session":
            sessions.append(message.new_session.initialize.session_id)

    page.on("websocket", lambda socket: socket.on("framereceived", read_session))
    page.goto(f"{served.address}/rules")
    page.get_by_test_id("stSidebar").get_by_text(re.compile("visitor [0-9a-f]{6}")).wait_for()
    # This page has no control for a file.
    assert page.evaluate(SEND, [sessions[-1], "early", 1000]) == 403

    page.goto(f"{served.address}/colour-quantization")
    find_run_button(page).wait_for()
    open_more(page, "upload a file")
    page.get_by_text("upload a file", exact=True).click()
    page.get_by_text(re.compile("1MB per file")).wait_for()
    picture = {"name": "picture.png", "mimeType": "image/png", "buffer": b"not a picture"}
    with page.expect_response(lambda answer: "/upload_file/" in answer.url and answer.request.method == "PUT") as sent:
        page.locator("input[type=file]").first.set_input_files(picture)
    assert sent.value.status in (200, 204)
    page.get_by_text(re.compile("picture.png was not accepted")).wait_for()
    statuses = [page.evaluate(SEND, [sessions[-1], f"invented-{number}", 900_000]) for number in range(4)]
    assert statuses[:2] == [204, 204] and statuses[2:] == [429, 429]
