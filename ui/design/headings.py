"""Headings inside a page."""

from __future__ import annotations

import streamlit as st


def draw_heading(text: str, note: str = "") -> None:
    """The heading of a section of a page, with an optional note below it. Both are Markdown.

    A page has one `st.title`, and its sections are of the next level, as those of `st.header`.
    """
    st.markdown(f"## {text}" + (f"\n\n:small[{note}]" if note else ""))
