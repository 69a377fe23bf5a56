"""A progress bar with a name. Those of Streamlit are all called 'progress'."""

from __future__ import annotations

from html import escape

import streamlit as st


def draw_progress(share: float, text: str, name: str) -> None:
    """A bar that is full at a `share` of 1, below `text` as Markdown. Screen readers read `name`, plain text."""
    percent = round(100 * min(1.0, max(0.0, share)))
    with st.container(gap="xxsmall"):
        st.markdown(text)
        st.html(
            f'<div class="fairlap-progress" role="progressbar" aria-label="{escape(name)}" aria-valuemin="0" '
            f'aria-valuemax="100" aria-valuenow="{percent}"><div style="width: {percent}%"></div></div>'
        )
