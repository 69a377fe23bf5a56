"""The environment variables of the arms' processes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.run.environment import list_variable_rows
from bench.run.record import Run


def draw_environment_variables(run: Run) -> None:
    """A table of the recorded variables of both arms; nothing for runs that did not record them."""
    rows = list_variable_rows(run)
    if not rows:
        return
    st.markdown("**Environment variables of the arms**")
    st.caption(
        "The variables that Fairlap set or removed, and inherited ones that steer threads and numerical libraries. All "
        "other variables are those of the process that started Fairlap."
    )
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")
