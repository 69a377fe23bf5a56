"""Cells of exported CSV files. Spreadsheets run texts that begin like formulas, so such a text gets an apostrophe."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the full-width forms, which some spreadsheets read as the others."""


def protect_cell(value: T) -> T | str:
    """`value` for a cell: a text that a spreadsheet would run begins with an apostrophe, which makes it a text there.

    Numbers stay as they are, negative ones too.
    """
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
