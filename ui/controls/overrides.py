"""How a tab changes the controls of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from bench.plan.plan import Plan
from bench.workload.declaration import Setting, Workload
from ui.controls.state import Controls, case_key, select_case, split_names


@dataclass(frozen=True, slots=True)
class ControlOverrides:
    """How a tab changes the controls of its page."""

    fixed: Mapping[str, Setting] = field(default_factory=dict)
    """Parameters with a fixed value and no control."""
    hidden: tuple[str, ...] = ()
    """Parameters that keep their default and have no control."""
    visible: tuple[str, ...] = ()
    """Parameters (or the batch) that are always visible. The others are under More."""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The choices that are left of a parameter."""
    cases: tuple[str, ...] = ()
    """The cases that the user selects from, the default first; empty: all cases of the workload."""
    races: bool = True
    """False for a tab without a race: it has controls only for the cores and for visible parameters."""

    def hides(self, name: str) -> bool:
        """Whether the parameter `name` has no control."""
        return name in self.fixed or name in self.hidden

    def covers(self, plan: Plan) -> bool:
        """Whether the tab's controls can make `plan`."""
        if self.cases and plan.case not in self.cases:
            return False
        return all(plan.parameters.get(name) == value for name, value in self.fixed.items())


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


def apply_overrides(controls: Controls, overrides: ControlOverrides) -> None:
    """Set the parameters that have no control, and reduce values to the choices that are left.

    The value that a user chose in another tab is stored, and restored where it is allowed again.
    """
    for name, choices in overrides.choices.items():
        _restrict_choice(controls, name, choices)
    for name in overrides.hidden:
        controls.set(name, controls.parameter(name).default)
    for name, value in overrides.fixed.items():
        if controls.get(name) != value:
            st.session_state[_stored_key(controls, name)] = controls.get(name)
        controls.set(name, value)


def _restrict_choice(controls: Controls, name: str, choices: Sequence[str]) -> None:
    """Reduce the value of a parameter to `choices`: the present value, else the stored one, else the default."""
    current = split_names(controls.get(name))
    if set(current) <= set(choices):
        return
    stored = split_names(st.session_state.get(_stored_key(controls, name), ""))
    default = split_names(controls.parameter(name).default)
    allowed = ([choice for choice in names if choice in choices] for names in (stored, current, default))
    controls.set(name, ",".join(next(filter(None, allowed), [])))


def _stored_key(controls: Controls, name: str) -> str:
    return controls.key(f"{name}:stored")
