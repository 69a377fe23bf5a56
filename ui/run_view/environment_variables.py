"""The environment variables of the arms' processes."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.run.record import Run
from bench.values.arms import VariableOrigin
from bench.values.base import Arm


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


def list_variable_rows(run: Run) -> list[dict[str, str]]:
    """A row for each variable and origin, with its value in each arm; `not set` if an arm has none of that origin."""
    values: dict[tuple[str, VariableOrigin], dict[Arm, str]] = {}
    for arm in Arm:
        prepared = run.prepared_arm(arm)
        for variable in prepared.environment if prepared else []:
            values.setdefault((variable.name, variable.origin), {})[arm] = variable.value
    return [
        {"variable": name} | {arm.value: by_arm.get(arm, "not set") for arm in Arm} | {"origin": origin.value}
        for (name, origin), by_arm in sorted(values.items())
    ]
