"""Who the visitor of the present session is. Nothing that the page or the address says counts here."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import streamlit as st

from bench.run.job import current_requester
from ui.access.browser_token import identify_browser
from ui.access.client_user import read_client_uid
from ui.access.roles import identify_person, is_sign_in_configured, read_rules
from ui.access.settings import Mode, find_server_mode, is_loopback, read_forced_mode
from ui.access.visitor import Role, Visitor

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
HOST_PATTERN = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:@/\[\]]+)(?::\d+)?")
"""The header Host: a name or an address, and a port."""
SHOWN_ID_CHARS = 6
ROOT_UID = 0


def find_mode() -> Mode:
    """The mode for this visitor: that of the server, but served for a connection that does not come from this machine.

    A proxy or a tunnel on this machine makes strangers look local, so without a setting of the operator the headers
    decide. A page of another site can also let its own name point to this machine (DNS rebinding); its browser then
    sends that name as the host.
    """
    mode = find_server_mode()
    if mode is Mode.LOCAL and read_forced_mode() is None and _comes_from_elsewhere():
        return Mode.SERVED
    return mode


def _comes_from_elsewhere() -> bool:
    address = st.context.ip_address
    # Streamlit's test driver has no connection, and no text as its address.
    remote = isinstance(address, str) and not is_loopback(address)
    headers = st.context.headers
    return remote or any(name in headers for name in PROXY_HEADERS) or not all(map(_is_local_host, _list_hosts()))


def _list_hosts() -> list[str]:
    """The headers Host of the connection: one, and none only without a connection."""
    return st.context.headers.get_all("Host")


def _is_local_host(header: str) -> bool:
    host = HOST_PATTERN.fullmatch(header.strip())
    return host is not None and is_loopback(host["name"])


def _may_run_code() -> bool:
    """Whether the visitor is the user who started the server, or root, on this machine: code that a page starts has the
    rights of that user. Who cannot be recognized may not, whatever mode an operator has declared."""
    return not _comes_from_elsewhere() and read_client_uid() in (os.geteuid(), ROOT_UID)


def find_visitor() -> Visitor:
    """The visitor of this session. Raises SettingsError."""
    return remember_visitor()()


def remember_visitor() -> Callable[[], Visitor]:
    """A function that returns the visitor of this session with the rights of the moment when it is called. It can be
    called outside of the session, and raises SettingsError. So does this function."""
    if find_mode() is Mode.LOCAL:
        person = Visitor(Role.OPERATOR, name=current_requester(), is_local=_may_run_code())
        return lambda: person
    if is_sign_in_configured() and st.user.is_logged_in:
        claims = st.user.to_dict()
        return lambda: identify_person(claims, read_rules())
    browser = identify_browser()
    return lambda: _identify_anonymous(browser)


def _identify_anonymous(browser: str) -> Visitor:
    role = read_rules().anonymous if is_sign_in_configured() else Role.RUNNER
    name = f"visitor {browser.partition(':')[2][:SHOWN_ID_CHARS]}" if browser else "visitor"
    return Visitor(role, browser, name)
