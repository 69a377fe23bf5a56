"""How a tab changes the controls of its page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from bench.plan.plan import Plan
from bench.workload.declaration import Setting
from ui.controls.state import Controls, split_names


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
    case: str = ""
    """The case of the tab; empty: the user selects one."""
    races: bool = True
    """False for a tab without a race: it has controls only for the cores and for visible parameters."""

    def hides(self, name: str) -> bool:
        """Whether the parameter `name` has no control."""
        return name in self.fixed or name in self.hidden

    def covers(self, plan: Plan) -> bool:
        """Whether the tab's controls can make `plan`."""
        if self.case and self.case != plan.case:
            return False
        return all(plan.parameters.get(name) == value for name, value in self.fixed.items())


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
