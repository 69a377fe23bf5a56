"""What was done to a table on the way from its file to its use, as short texts by their kind."""

from __future__ import annotations

from enum import StrEnum

MAX_TEXTS = 8
"""Texts of a kind that are shown. The rest are counted."""


class NoteKind(StrEnum):
    """The label under which texts are shown below the claim."""

    HEADER = "Header"
    ENCODING = "Encoding"
    FOLDERS = "Folders"
    SEPARATOR = "Separator"
    QUOTES = "Quotes"
    WIDENED = "Widened"
    RENAMED = "Renamed"
    CONVERTED = "Converted"
    MISSING = "Read as missing"
    LINE_BREAKS = "Line breaks"
    ADDED = "Added by Fairlap"
    LEFT_OUT = "Left out"


class TableNotes:
    """Texts, grouped by their kind."""

    def __init__(self) -> None:
        self._texts: dict[NoteKind, list[str]] = {}

    def add(self, kind: NoteKind, text: str) -> None:
        self._texts.setdefault(kind, []).append(text)

    def to_json(self) -> list[list[str]]:
        """A label and a text for each kind, in the order of the kinds."""
        return [[kind.value, _join(self._texts[kind])] for kind in NoteKind if kind in self._texts]


def _join(texts: list[str]) -> str:
    rest = len(texts) - MAX_TEXTS
    return "; ".join([*texts[:MAX_TEXTS], *([f"and {rest:,} more"] if rest > 0 else [])])
