"""A secret by which a server recognizes a browser: random, made and kept by the browser, never in an address.

See docs/adr/0015-strangers.md for what it protects from, and why it is neither a cookie nor a link.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

COMPONENT_KEY = "fairlap-browser"
VISITOR_ID_KEY = "access:browser"
"""Session key of the visitor's id. Only the server writes it."""
TOKEN_PATTERN = "[0-9a-f]{64}"

_SCRIPT = """
export default function ({ data, setStateValue }) {
  if (data.known) return
  const name = "fairlap-browser"
  let token = window.fairlapBrowserToken ?? null
  try {
    token = localStorage.getItem(name) ?? token
  } catch {
    // Storage is blocked: the token lasts until the page is closed.
  }
  if (!/^[0-9a-f]{64}$/.test(token ?? "")) {
    const bytes = crypto.getRandomValues(new Uint8Array(32))
    token = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    try {
      localStorage.setItem(name, token)
    } catch {
      // As above.
    }
  }
  window.fairlapBrowserToken = token
  setStateValue("token", token)
}
"""


def identify_browser() -> str:
    """The id of this session's browser; empty until the browser has sent its secret."""
    return st.session_state.get(VISITOR_ID_KEY, "")


def draw_browser_token() -> None:
    """Ask the browser for its secret, once in a session. Draws nothing."""
    mount = component("fairlap_browser_token", js=_SCRIPT)
    mount(key=COMPONENT_KEY, data={"known": bool(identify_browser())}, on_token_change=_remember_token, height=1)


def _remember_token() -> None:
    state: Any = st.session_state.get(COMPONENT_KEY)
    token = state.get("token") if state is not None else None
    # The first secret counts: a session does not change hands.
    if isinstance(token, str) and re.fullmatch(TOKEN_PATTERN, token) and not identify_browser():
        st.session_state[VISITOR_ID_KEY] = f"browser:{hashlib.sha256(token.encode()).hexdigest()}"
