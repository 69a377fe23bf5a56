"""Draws tables whose cells can be selected and copied."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from ui.design.marking import current_mark

MARK_COLUMN = "replay"


def draw_data_table(table: pd.DataFrame, *, alt: str, **options: Any) -> None:
    """Draw a table as `st.dataframe` does, without its index, and with the mark of a demonstration in every row."""
    if mark := current_mark():
        table = table.copy()
        table.insert(0, MARK_COLUMN, mark, allow_duplicates=True)
        alt = f"{mark}. {alt}"
    st.dataframe(table, hide_index=True, alt=alt, **options)
