"""Which user of this machine has opened a connection to the server.

The kernel knows it: on Linux, `/proc/net/tcp` has the user of every socket, also of the client's end of a connection
within this machine. The page gets it by a header that only this server can write.
"""

from __future__ import annotations

import ipaddress
import secrets
import sys
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

HEADER = "x-fairlap-client-uid"
SOCKET_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
ESTABLISHED = "01"
"""Other states have no user: a socket that its process has closed is listed as one of root."""
_SECRET = secrets.token_hex(16)
"""In the header's value, so that a server without this middleware believes no client."""

Endpoint = tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]
"""Address and port."""


class ClientUser:
    """ASGI middleware that adds the user of the client to each websocket connection within this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != HEADER.encode()]
        if scope["type"] == "websocket":
            uid = await run_in_threadpool(find_client_uid, scope.get("client"), scope.get("server"))
            if uid is not None:
                headers.append((HEADER.encode(), f"{_SECRET}:{uid}".encode()))
        await self.app({**scope, "headers": headers}, receive, send)


def read_client_uid() -> int | None:
    """The user of the present session's client; None if that is not known."""
    for value in st.context.headers.get_all(HEADER):
        secret, _, uid = value.partition(":")
        if secrets.compare_digest(secret.encode(), _SECRET.encode()) and uid.isdecimal():
            return int(uid)
    return None


def find_client_uid(client: tuple[str, int] | None, server: tuple[str, int | None] | None) -> int | None:
    """The user whose process has opened the connection from `client` to `server`, each an address and a port.

    None if it does not come from this machine, or if the kernel does not list it.
    """
    ends = [_parse_endpoint(end) for end in (client, server)]
    if ends[0] is None or ends[1] is None or not ends[0][0].is_loopback:
        return None
    for table in SOCKET_TABLES:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue  # Not Linux, or without IPv6.
        for line in lines:
            _, local, remote, state, _, _, _, uid, *_ = line.split()
            if state == ESTABLISHED and [_read_endpoint(local), _read_endpoint(remote)] == ends:
                return int(uid)
    return None


def _parse_endpoint(end: tuple[str, int | None] | None) -> Endpoint | None:
    if end is None or end[1] is None:
        return None
    try:
        return _unmap(ipaddress.ip_address(end[0])), end[1]
    except ValueError:
        return None  # The path of a Unix socket, or the name that a proxy gave.


def _read_endpoint(text: str) -> Endpoint:
    """From `0100007F:2135`: the address in words of 32 bits, each in the byte order of the machine."""
    address, _, port = text.partition(":")
    words = [int(address[place : place + 8], 16) for place in range(0, len(address), 8)]
    return _unmap(ipaddress.ip_address(b"".join(word.to_bytes(4, sys.byteorder) for word in words))), int(port, 16)


def _unmap(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that a socket for both has as `::ffff:127.0.0.1`."""
    return (isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped) or address
