"""Limits of a user's own documents, and what both kinds of sources return. Light: the page server reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.formatting import escape_invisible
from bench.values.arms import RacedInput

AUTOMATIC = "automatic"
"""The value of the parameters of columns for a column whose name is obvious."""
MAX_OWN_CLASSES = 30
"""Most classes: with more, no confusion matrix is readable. Of more labels, the most frequent are used."""
MIN_OWN_DOCUMENTS = 100
"""Least number of different documents: with fewer, less than 25 are held out, and one is more than 4 % of accuracy."""
MAX_DOCUMENT_CHARACTERS = 20_000
"""Of a longer document, only the beginning is used."""
MAX_TOTAL_CHARACTERS = 200_000_000
"""Of all documents together."""
MAX_LABEL_CHARACTERS = 200
MAX_FILES = 200_000
"""Most files of a folder, of all kinds."""
MAX_LISTED = 8
"""Names in a text. The rest are counted."""


@dataclass(slots=True)
class SourceDocuments:
    """Documents as they were read: of a part of the source if it has more than were asked for."""

    texts: list[str]
    labels: list[str]
    total: int
    """Documents of the source with a text and one of the labels that are used."""
    is_whole: bool
    """False if only a part of the source was read, to check it."""
    description: str
    """What they are, for the page."""
    notes: list[RacedInput] = field(default_factory=list[RacedInput])
    left_out: list[str] = field(default_factory=list[str])
    """What was left out, as clauses with counts."""


def join_some(names: Sequence[str], counts: Mapping[str, int] | None = None) -> str:
    """Names for a text, shortened, with their counts if there are any; the first of them if there are many."""
    listed = [f"{shorten(name)} ({counts[name]:,})" if counts else shorten(name) for name in names[:MAX_LISTED]]
    more = [f"and {len(names) - MAX_LISTED:,} more"] if len(names) > MAX_LISTED else []
    return ", ".join(listed + more)


def shorten(name: str, characters: int = 40) -> str:
    """A name of bounded length, without characters that are invisible."""
    name = escape_invisible(name)
    return name if len(name) <= characters else f"{name[: characters - 1]}…"
