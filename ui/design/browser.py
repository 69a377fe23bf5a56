"""What the reader's browser tells about itself."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from ui.design.theme import Theme


def set_tab_title(text: str) -> None:
    """Name the browser's tab after what the page shows. Its history and bookmarks get the same name."""
    st.set_page_config(page_title=f"{text} - Fairlap" if text else "Fairlap")


def detect_theme() -> Theme:
    """The theme in the browser; light if it is unknown."""
    return "dark" if st.context.theme.type == "dark" else "light"


def remember_theme() -> None:
    """Store the theme in which this rerun draws the page."""
    st.session_state["theme"] = detect_theme()


def rerun_after_theme_change() -> None:
    """Draw the page again if the user has switched the theme since. For a fragment that runs on a timer.

    Streamlit does not rerun by itself, and arms and texts in charts would keep the colours of the other theme.
    """
    if st.session_state.get("theme", detect_theme()) != detect_theme():
        st.rerun()


def detect_time_zone() -> ZoneInfo | None:
    """The browser's time zone. None if it is unknown; `astimezone` then uses the server's."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None
