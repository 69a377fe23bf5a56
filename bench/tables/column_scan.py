"""Follows the texts of a CSV column: where they stop to be what the column began with, and what a number loses."""

# PyArrow makes the functions of pyarrow.compute when it is imported, so pyright cannot see them.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

Kind = Literal["missing", "integer", "number", "boolean", "text"]
MISSING_TEXTS = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"),
    *("NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""The texts that pandas reads as missing values."""
MISSING = pa.array(MISSING_TEXTS)
INTEGER = r"^\s*[+-]?\d+\s*$"
PLAIN_INTEGER = r"^(0|-?[1-9]\d*)$"
LEADING_ZERO = r"^\s*[+-]?0\d"
BOOLEAN = r"^(?i:true|false)$"
DIGIT_GROUPS = r"^\s*[+-]?[1-9]\d{0,2}(,\d{3})+\s*$"
"""Numbers whose commas separate thousands, unless others of the column have another number of digits after them."""
NUMBER_OF_ANY_SIGN = r"^\s*[+-]?\d+([.,'\x{a0}\x{202f}]\d{3})*([.,]\d+)?\s*$"
"""Numbers with separators of thousands and either decimal sign."""
WIDER: dict[Kind, tuple[Kind, ...]] = {
    "missing": ("integer", "number", "boolean", "text"),
    "integer": ("number", "text"),
    "number": ("text",),
    "boolean": ("text",),
    "text": (),
}
"""The kinds that a column can become, the narrowest first."""


@dataclass(frozen=True, slots=True)
class Change:
    """The first value that is not of the kind of those above it."""

    row: int
    was: Kind
    becomes: Kind
    value: str


class ColumnScan:
    """One column. `update` gets its texts from top to bottom."""

    def __init__(self, decimal: str) -> None:
        """`decimal` is the decimal sign."""
        sign = re.escape(decimal)
        number = rf"^\s*[+-]?(\d+({sign}\d*)?|{sign}\d+)([eE][+-]?\d+)?\s*$|^\s*[+-]?(?i:inf|infinity)\s*$"
        self._patterns = {"integer": INTEGER, "number": number, "boolean": BOOLEAN}
        self.kind: Kind = "missing"
        self.changes: list[Change] = []
        self.first_missing = 0
        """The first row without a value; 0 if there is none."""
        self.missing_words: dict[str, int] = {}
        """Texts that are read as missing, such as `NA`, with the number of their rows."""
        self.leading_zeros = 0
        """Number of numbers with leading zeros."""
        self.leading_zero_example = ""
        self.decimal = decimal
        self.has_only_groups = True
        """Whether all texts with a comma are like `2,999`."""
        self.has_only_numbers = True
        """Whether all texts are numbers with any separator of thousands and any decimal sign."""

    def update(self, texts: pa.StringArray, first_row: int) -> None:
        """Add the next texts, the first of which is in row `first_row`. A null is a field that its row lacks."""
        # is_in is false for null, not null.
        missing = pc.or_(pc.is_in(texts, value_set=MISSING), pc.is_null(texts))
        self._note_missing(texts, missing, first_row)
        start = 0
        while self.kind != "text":
            index = self._find_other(texts, missing, start)
            if index is None:
                break
            value = texts[index].as_py()
            becomes: Kind = next(kind for kind in WIDER[self.kind] if kind == "text" or self._matches(kind, value))
            self.changes.append(Change(first_row + index, self.kind, becomes, value))
            self.kind, start = becomes, index
        if self.kind in ("integer", "number"):
            self._count_leading_zeros(texts)
        if self.kind == "number" and self.decimal == "," and self.has_only_groups:
            with_comma = texts.filter(pc.fill_null(pc.match_substring(texts, ","), False))
            self.has_only_groups = _match_all(with_comma, DIGIT_GROUPS)
        if self.kind == "text" and self.has_only_numbers:
            self.has_only_numbers = _match_all(texts.filter(pc.invert(missing)), NUMBER_OF_ANY_SIGN)

    def _matches(self, kind: Kind, value: str) -> bool:
        return bool(pc.match_substring_regex(pa.array([value]), self._patterns[kind])[0].as_py())

    def _find_other(self, texts: pa.StringArray, missing: Any, start: int) -> int | None:
        """The first position from `start` whose text is neither missing nor of the present kind."""
        fits = missing.slice(start)
        if self.kind != "missing":
            pattern = PLAIN_INTEGER if self.kind == "integer" else self._patterns[self.kind]
            fits = pc.or_(fits, pc.fill_null(pc.match_substring_regex(texts.slice(start), pattern), True))
            if self.kind == "integer" and not pc.all(fits).as_py():
                full = pc.match_substring_regex(texts.slice(start), INTEGER)
                fits = pc.or_(fits, pc.fill_null(full, True))
        found = pc.index(fits, False).as_py()
        return None if found < 0 else start + found

    def _note_missing(self, texts: pa.StringArray, missing: Any, first_row: int) -> None:
        if not pc.any(missing).as_py():
            return
        if not self.first_missing:
            self.first_missing = first_row + pc.index(missing, True).as_py()
        for count in pc.value_counts(texts.filter(missing)):
            word = count["values"].as_py()
            if word:
                self.missing_words[word] = self.missing_words.get(word, 0) + count["counts"].as_py()

    def _count_leading_zeros(self, texts: pa.StringArray) -> None:
        zeros = pc.fill_null(pc.match_substring_regex(texts, LEADING_ZERO), False)
        count = pc.sum(zeros).as_py() or 0
        if count and not self.leading_zeros:
            self.leading_zero_example = texts[pc.index(zeros, True).as_py()].as_py()
        self.leading_zeros += count


def _match_all(texts: pa.StringArray, pattern: str) -> bool:
    return pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py()


class ColumnScans:
    """One column, followed with each decimal sign that it can have."""

    def __init__(self, decimals: str) -> None:
        """`decimals` are the signs, the preferred one first."""
        self._scans = [ColumnScan(decimal) for decimal in decimals]

    def update(self, texts: pa.StringArray, first_row: int) -> None:
        for scan in self._scans:
            scan.update(texts, first_row)

    def choose(self) -> ColumnScan:
        """The scan with the sign that makes the column numbers. Commas that can separate thousands make none."""
        preferred = self._scans[0]
        if preferred.kind != "text":
            return preferred
        usable = (scan for scan in self._scans[1:] if scan.kind == "number" and not scan.has_only_groups)
        return next(usable, preferred)
