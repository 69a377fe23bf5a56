"""Plotly reads some HTML in texts, so foreign texts must not bring their own. Without Streamlit, for reports too."""

from __future__ import annotations

import re
from typing import Any

import plotly.graph_objects as go

_FOREIGN_TAG = re.compile(r"<(?!/?(?:b|br|extra)>)")
"""The beginning of a tag that the figures of Fairlap do not use themselves, such as a link."""


def disarm_figure(figure: go.Figure) -> go.Figure:
    """The figure with every tag but those for bold text, line breaks and hover boxes shown as it is written."""
    content = figure.to_plotly_json()
    disarmed = _disarm(content)
    return figure if disarmed is content else go.Figure(disarmed)


def _disarm(value: Any) -> Any:
    """`value` itself if nothing in it had to be changed."""
    if isinstance(value, str):
        text = _FOREIGN_TAG.sub("&lt;", value)
        return value if text == value else text
    if isinstance(value, dict):
        changed = {name: _disarm(item) for name, item in value.items()}
        return value if all(changed[name] is item for name, item in value.items()) else changed
    if isinstance(value, list | tuple):
        items = [_disarm(item) for item in value]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value
