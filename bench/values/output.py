"""Results that arms hand to the page: pictures and tables."""

from __future__ import annotations

from typing import Literal

from bench.values.base import Value


class Picture(Value):
    """An image that an arm produced, for the page."""

    name: str
    label: str
    media_type: Literal["image/png", "image/jpeg"]
    base64: str
    width: int
    height: int


class Table(Value):
    """A table that an arm produced, for the page."""

    name: str
    label: str
    columns: list[str]
    rows: list[list[str]]


class TextReport(Value):
    """A result of a task as text for people, in the order of display."""

    heading: list[str]
    """Sentences above the tables."""
    tables: list[Table]
    notes: list[str]
    """Sentences below the tables."""
