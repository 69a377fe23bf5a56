"""TODO: ui.design.browser."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from ui.design.theme import Theme


def detect_time_zone() -> ZoneInfo | None:
    """The browser's time zone; None, which means the server's, where it is not known."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def detect_theme() -> Theme:
    """The browser's theme, as far as it is known."""
    return "dark" if st.context.theme.type == "dark" else "light"
