"""Announces the progress of a race or a measurement to screen readers, without moving the focus.

The text is in a live region: a screen reader reads it aloud whenever it changes. It is not visible, because the page
shows the same.
"""

from __future__ import annotations

import streamlit as st
from streamlit.components.v2 import component

_HTML = """
<p class="announcement" role="status" aria-live="polite" aria-atomic="true"></p>
"""
_STYLE = """
.announcement {
  position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
"""
_SCRIPT = """
export default function ({ data, parentElement }) {
  const region = parentElement.querySelector(".announcement")
  // A region that is filled when it appears is not read, so the first text follows a moment later.
  if (region.textContent !== data.text) setTimeout(() => { region.textContent = data.text }, 100)
}
"""


def draw_announcer(text: str, *, key: str) -> None:
    """Place the live region with the present state of a job, such as 'finished: no claim', as plain text.

    Place it once on a page, always with the same `key`, and only with texts that change rarely: the start, a new state,
    the verdict, an error. A number that changes every second would never let the reader finish.
    """
    mount = component("fairlap_announcer", html=_HTML, css=_STYLE, js=_SCRIPT)
    with st.container(key=f"{key}-region", gap=None):
        mount(key=key, data={"text": text}, height=1)


def draw_job_announcer(job_id: str, text: str, *, live: bool, key: str) -> None:
    """Announce the state of a job that this session has seen live. Of one that was over before, nothing is read."""
    seen_key = f"{key}-of"
    if live:
        st.session_state[seen_key] = job_id
    draw_announcer(text if st.session_state.get(seen_key) == job_id else "", key=key)
