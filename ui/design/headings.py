"""TODO: ui.design.headings."""

from __future__ import annotations

import streamlit as st


def draw_heading(text: str, note: str = "") -> None:
    """A heading of the page's inner parts, with a remark beside it."""
    st.markdown(f"**{text}**" + (f"&ensp;:small[{note}]" if note else ""))
