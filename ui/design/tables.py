"""Cells of tables: texts that come from elsewhere, and measured numbers.

`st.table` reads Markdown in cells, column names and row names.
"""

from __future__ import annotations

import pandas as pd

from ui.design.markdown import escape_markdown


def escape_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in which every text is escaped for `st.table`."""
    escaped = frame.map(_escape).rename(columns=_escape)
    return escaped.rename(index=_escape)


def round_measured(number: float) -> float:
    """A measured number with three significant digits, for a column that is sorted by numbers. None of them is known
    more exactly than that."""
    return float(f"{number:.3g}")


def _escape(value: object) -> object:
    return escape_markdown(value) if isinstance(value, str) else value
