"""Finds out whether a language writes spaces between words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SCRIPTS_WITHOUT_SPACES = {
    "CJK": "Chinese",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "THAI": "Thai",
    "LAO": "Lao",
    "KHMER": "Khmer",
    "MYANMAR": "Burmese",
}
"""Languages by the first word of the Unicode names of their letters."""


def find_language_without_spaces(texts: Iterable[str]) -> str:
    """The language of texts most of whose letters are of a script without spaces between words; empty if it has them.

    Japanese texts have many Chinese letters, so some kana are enough.
    """
    counts: dict[str, int] = {}
    for text in texts:
        for character in filter(str.isalpha, text):
            language = SCRIPTS_WITHOUT_SPACES.get(unicodedata.name(character, "").partition(" ")[0], "")
            counts[language] = counts.get(language, 0) + 1
    total = sum(counts.values())
    if not total or counts.get("", 0) * 2 >= total:
        return ""
    if "Japanese" in counts and counts["Japanese"] * 10 >= counts.get("Chinese", 0):
        return "Japanese"
    return max((count, language) for language, count in counts.items() if language)[1]
