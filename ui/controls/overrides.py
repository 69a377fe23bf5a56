"""How a tab changes the controls of its page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from bench.plan.plan import Plan
from bench.workload.declaration import Workload
from ui.controls.state import case_key, select_case


@dataclass(frozen=True, slots=True)
class ControlOverrides:
    """How a tab changes the controls of its page."""

    visible: tuple[str, ...] = ()
    """Parameters (or the batch) that are always visible. The others are under More."""
    cases: tuple[str, ...] = ()
    """The cases that the user selects from, the default first; empty: all cases of the workload."""
    races: bool = True
    """False for a tab without a race: it has controls only for the cores and for visible parameters."""
    more: bool = False
    """For a tab without a race: whether the other parameters are offered too, under More."""
    budget: bool = True
    """Whether the time budget is one of the settings of the race."""
    offers_cases: bool = False
    """For a tab without a race: whether the case is selected there too."""

    def covers(self, plan: Plan) -> bool:
        """Whether the tab's controls can make `plan`."""
        return not self.cases or plan.case in self.cases


def select_allowed_case(workload: Workload, overrides: ControlOverrides) -> None:
    """Select a case that the tab allows: the selected one, else the one that was last selected in this tab, else the
    first."""
    if not overrides.cases:
        return
    last_key = f"{workload.name}:case of {'+'.join(overrides.cases)}"
    selected = st.session_state.get(case_key(workload))
    if selected not in overrides.cases:
        selected = st.session_state.get(last_key, overrides.cases[0])
        select_case(workload, selected)
    st.session_state[last_key] = selected
