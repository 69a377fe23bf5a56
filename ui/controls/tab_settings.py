"""Settings of a tab that belong to no plan, such as the arguments of a measurement: in the session and in the URL.

Their names in the URL contain a dot (`search.call`), so that they are not taken for settings of the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

T = TypeVar("T")
SEPARATOR = "."


def is_tab_setting(name: str) -> bool:
    """Whether a parameter of the URL is a setting of a tab."""
    return SEPARATOR in name


@dataclass(frozen=True, slots=True)
class TabSetting(Generic[T]):
    """A setting of a tab. Its widget must have `key` and `persist_state="session"`."""

    workload: str
    tab: str
    name: str
    default: T
    parse: Callable[[str], T | None]
    """The value of a text in the URL; None if the text is not valid."""
    format: Callable[[T], str] = str

    @property
    def key(self) -> str:
        """Session key of the value."""
        return f"{self.workload}:{self.url_name}"

    @property
    def url_name(self) -> str:
        return f"{self.tab}{SEPARATOR}{self.name}"

    def restore(self) -> bool:
        """Set the value to that of a URL that this page did not write, else keep it. Call before drawing the widget.

        Returns whether it is that of such a URL.
        """
        text = st.query_params.get(self.url_name, "")
        value = self.parse(text) if text and text != st.session_state.get(self._written_key) else None
        if value is not None:
            st.session_state[self.key] = value
        elif st.session_state.get(self.key) is None:
            st.session_state[self.key] = self.default
        return value is not None

    def write(self) -> None:
        """Write the value into the URL, or remove it if it is the default. Call after drawing the widget."""
        value: T = st.session_state[self.key]
        text = "" if value == self.default else self.format(value)
        st.session_state[self._written_key] = text
        if text:
            st.query_params[self.url_name] = text
        elif self.url_name in st.query_params:
            del st.query_params[self.url_name]

    def set(self, value: T) -> None:
        """Set the value. Must be called before the widget is drawn."""
        st.session_state[self.key] = value
        # The URL still has the former value, and must not restore it.
        st.session_state[self._written_key] = st.query_params.get(self.url_name, "")

    @property
    def _written_key(self) -> str:
        return f"{self.key}:url"
