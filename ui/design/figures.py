"""Draws Plotly figures."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from ui.design.browser import detect_theme
from ui.design.disarm import disarm_figure
from ui.design.marking import current_mark, mark_figure
from ui.design.plotly_template import PLOTLY_CONFIG


def draw_figure(figure: go.Figure, *, key: str, alt: str | None = None, config: dict[str, Any] | None = None) -> None:
    """Draw a figure as `st.plotly_chart` does, with the mark of a demonstration. `config` is added to that of all
    figures."""
    if mark := current_mark():
        figure = mark_figure(figure, mark, detect_theme())
        alt = f"{mark}. {alt or ''}".rstrip()
    st.plotly_chart(disarm_figure(figure), theme=None, key=key, alt=alt, config=PLOTLY_CONFIG | (config or {}))
