"""Headings inside a page."""

from __future__ import annotations

import streamlit as st


def draw_heading(text: str, note: str = "") -> None:
    """A heading below the level of `st.subheader`, with an optional note beside it. Both are Markdown."""
    st.markdown(f"**{text}**" + (f"&ensp;:small[{note}]" if note else ""))
