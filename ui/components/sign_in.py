"""Who the visitor is, in the sidebar: name, role, and the buttons to sign in and out. Nothing on a local server."""

from __future__ import annotations

import streamlit as st

from ui.access.browser_token import draw_browser_token
from ui.access.identity import find_mode, find_visitor
from ui.access.roles import is_sign_in_configured
from ui.access.settings import Mode
from ui.access.visitor import Role
from ui.design.markdown import escape_markdown

ROLE_TEXTS = {
    Role.VIEWER: "may look only",
    Role.RUNNER: "may start jobs, and stop and delete their own",
    Role.OPERATOR: "operator of this server",
}


def draw_identity() -> None:
    if find_mode() is Mode.LOCAL:
        return
    visitor = find_visitor()
    with st.sidebar:
        if not visitor.signed_in:
            draw_browser_token()
        st.caption(
            f":material/person: {escape_markdown(visitor.name)}, {visitor.role}",
            help=f"{escape_markdown(visitor.name)} {ROLE_TEXTS[visitor.role]}. Others see this name beside the runs.",
        )
        if visitor.signed_in:
            st.button("Sign out", icon=":material/logout:", key="access-sign-out", on_click=st.logout, type="tertiary")
        elif is_sign_in_configured():
            st.button("Sign in", icon=":material/login:", key="access-sign-in", on_click=st.login, type="tertiary")
