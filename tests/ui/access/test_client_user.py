"""Who has opened a connection, by real sockets: scripts run only for the user who started the server."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.runtime.context import StreamlitHeaders

from ui.access import client_user, identity
from ui.access.client_user import HEADER, ClientUser, find_client_uid, read_client_uid
from ui.access.visitor import Role

OTHER_UID = 65_534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root connects as another user")


@pytest.fixture(params=["127.0.0.1", "::1", "::"])
def listener(request) -> Iterator[socket.socket]:
    family = socket.AF_INET if request.param == "127.0.0.1" else socket.AF_INET6
    try:
        made = socket.create_server((request.param, 0), family=family, dualstack_ipv6=request.param == "::")
    except OSError as error:
        pytest.skip(f"no IPv6: {error}")
    with made:
        yield made


def connect(listener: socket.socket) -> socket.socket:
    address = "127.0.0.1" if listener.getsockname()[0] == "::" else listener.getsockname()[0]
    return socket.create_connection((address, listener.getsockname()[1]))


def test_the_user_of_a_connection_within_this_machine(listener):
    with connect(listener), listener.accept()[0] as served:
        assert find_client_uid(served.getpeername()[:2], served.getsockname()[:2]) == os.geteuid()
        # Of another port there is no connection.
        assert find_client_uid((served.getpeername()[0], 1), served.getsockname()[:2]) is None


def test_a_connection_that_the_client_has_closed_is_not_one_of_root(listener):
    with connect(listener) as client, listener.accept()[0] as served:
        ends = served.getpeername()[:2], served.getsockname()[:2]
        client.close()
        assert find_client_uid(*ends) is None


@needs_root
def test_the_connection_of_another_user():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.seteuid(OTHER_UID)
        try:
            client = connect(listener)
        finally:
            os.seteuid(0)
        with client, listener.accept()[0] as served:
            assert find_client_uid(served.getpeername(), served.getsockname()) == OTHER_UID


@pytest.mark.parametrize(
    ("client", "server"),
    [
        (None, ("127.0.0.1", 8501)),
        (("127.0.0.1", 1), None),
        (("127.0.0.1", 1), ("/run/fairlap.socket", None)),
        (("192.0.2.1", 1), ("192.0.2.2", 8501)),
        (("somewhere", 0), ("127.0.0.1", 8501)),
    ],
)
def test_a_connection_from_elsewhere_has_no_user(client, server):
    assert find_client_uid(client, server) is None


def test_a_system_without_the_table_knows_no_user(monkeypatch, tmp_path):
    monkeypatch.setattr(client_user, "SOCKET_TABLES", (tmp_path / "tcp",))
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(listener), listener.accept()[0] as served:
        assert find_client_uid(served.getpeername(), served.getsockname()) is None


def pass_headers(scope: Scope) -> list[tuple[str, str]]:
    """The headers that the application behind the middleware gets."""
    scopes: list[Scope] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    # In a thread of its own: Playwright leaves an event loop in that of the tests.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, ClientUser(application)(scope, receive, send)).result()
    return [(name.decode(), value.decode()) for name, value in scopes[0]["headers"]]


def show_headers(monkeypatch, headers: list[tuple[str, str]]) -> None:
    class Context:
        ip_address = None

        @property
        def headers(self) -> StreamlitHeaders:
            return StreamlitHeaders(headers)

    for module in (client_user, identity):
        monkeypatch.setattr(module.st, "context", Context())


def test_the_page_gets_the_user_and_a_client_cannot_name_one(monkeypatch):
    forged = (HEADER.title().encode(), str(os.geteuid()).encode())
    with socket.create_server(("127.0.0.1", 0)) as listener, connect(listener), listener.accept()[0] as served:
        scope = {"type": "websocket", "headers": [forged, (b"host", b"localhost")]}
        headers = pass_headers({**scope, "client": served.getpeername(), "server": served.getsockname()})
        unknown = pass_headers({**scope, "client": ("192.0.2.1", 1), "server": ("192.0.2.2", 8501)})
    show_headers(monkeypatch, headers)
    assert read_client_uid() == os.geteuid()
    assert unknown == [("host", "localhost")]
    # Behind another server, where nothing removes it.
    for value in (str(os.geteuid()), f":{os.geteuid()}", f"é:{os.geteuid()}"):
        show_headers(monkeypatch, [(HEADER, value)])
        assert read_client_uid() is None


@pytest.mark.parametrize("uid", [None, OTHER_UID])
@pytest.mark.parametrize("mode", ["", "local"])
def test_another_user_of_this_machine_is_no_visitor_who_runs_code(monkeypatch, uid, mode):
    monkeypatch.setenv("FAIRLAP_MODE", mode)
    show_headers(monkeypatch, [("host", "localhost:8501")])
    for known, allowed in ((uid, False), (os.geteuid(), True), (0, True)):
        monkeypatch.setattr(identity, "read_client_uid", lambda known=known: known)
        visitor = identity.find_visitor()
        assert visitor.role is Role.OPERATOR and visitor.is_local is allowed
