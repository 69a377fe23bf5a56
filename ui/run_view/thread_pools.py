"""The thread pools that were loaded in the arms' processes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.run.environment import list_pool_rows
from bench.run.record import Run


def draw_thread_pools(run: Run) -> None:
    """A table of the BLAS and OpenMP libraries of both arms; nothing if none is known."""
    if rows := list_pool_rows(run):
        st.markdown("**BLAS and OpenMP libraries loaded**")
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")
