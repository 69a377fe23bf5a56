"""Leaves out documents that mostly repeat others, such as those of generated code and of overridden methods.

A held-out document that nearly equals one that a classifier has learned from measures its memory only.
"""

from __future__ import annotations

import re

import numpy as np

SHINGLE_WORDS = 5
"""Consecutive words that are compared."""
MAX_REPEATED_SHARE = 0.5
"""Largest share of a document's shingles that earlier documents may have."""
FACTOR = 0x9E3779B97F4A7C15
"""Of the polynomial that makes one number of the numbers of the words: odd, with bits everywhere."""
_WORD = re.compile(r"[a-z]+")


class DuplicateFilter:
    """Accepts one document after the other. What it accepts depends on their order."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        """A number for each word."""
        self._seen: set[int] = set()
        """The shingles of the accepted documents."""

    def accepts(self, text: str) -> bool:
        """Whether `text` is new. If it is, later documents are compared with it too."""
        shingles = self._make_shingles(text)
        if len(shingles & self._seen) > MAX_REPEATED_SHARE * len(shingles):
            return False
        self._seen |= shingles
        return True

    def _make_shingles(self, text: str) -> set[int]:
        """A number of 64 bits for every run of SHINGLE_WORDS words; for all words if there are fewer."""
        words = [self._numbers.setdefault(word, len(self._numbers) + 1) for word in _WORD.findall(text.lower())]
        numbers = np.array(words, np.uint64)
        size = min(SHINGLE_WORDS, len(numbers))
        shingles = np.zeros(len(numbers) - size + 1, np.uint64)
        for place in range(size):
            # Overflows wrap around, as in any such hash.
            shingles = shingles * np.uint64(FACTOR) + numbers[place : place + len(shingles)]
        return set(shingles.tolist())
