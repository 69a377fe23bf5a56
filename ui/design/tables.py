"""Tables whose texts come from elsewhere. `st.table` reads Markdown in cells, column names and row names."""

from __future__ import annotations

import pandas as pd

from ui.design.markdown import escape_markdown


def escape_table(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in which every text is escaped for `st.table`."""
    escaped = frame.map(_escape).rename(columns=_escape)
    return escaped.rename(index=_escape)


def _escape(value: object) -> object:
    return escape_markdown(value) if isinstance(value, str) else value
