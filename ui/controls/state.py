"""TODO: ui.controls.form.state."""

from __future__ import annotations

from typing import Any

import streamlit as st

from bench.plan.validation import make_plan
from bench.workload.declaration import Setting, Workload

OWN_IMAGE = "upload"
"""The choice of an image of one's own."""


def control_key(workload: Workload, name: str) -> str:
    """Session key of a control; the workload's name in front, since pages share a session."""
    return f"{workload.name}:{name}"


def control_values(workload: Workload) -> dict[str, Any]:
    """The controls' values. A widget that is not drawn forgets its own; these stay for the session."""
    return st.session_state.setdefault(control_key(workload, "kept"), {})


def fill_controls(workload: Workload, limit: int) -> None:
    """Give every control a value before it is drawn: its own, the one kept, or the default."""
    default = make_plan(workload.name, core_limit=limit)
    fields = default.model_dump(exclude={"workload", "parameters"}) | default.parameters
    for name, value in fields.items():
        key = control_key(workload, name)
        if key in st.session_state and st.session_state[key] is not None:
            control_values(workload)[name] = st.session_state[key]
        else:
            st.session_state[key] = control_values(workload).setdefault(name, value)


def set_control(workload: Workload, name: str, value: Setting) -> None:
    """Set one control, before it is drawn."""
    st.session_state[control_key(workload, name)] = control_values(workload)[name] = value
    if name in _parameters_of_kind(workload, "several"):
        st.session_state[control_key(workload, f"{name}:chosen")] = split_names(value)
    if name in _parameters_of_kind(workload, "image"):
        own = str(value).startswith("upload:")
        st.session_state[control_key(workload, f"{name}:choice")] = OWN_IMAGE if own else value
        if own:
            st.session_state[control_key(workload, f"{name}:own")] = value


def _parameters_of_kind(workload: Workload, kind: str) -> list[str]:
    return [parameter.name for parameter in workload.parameters_of(workload.default_case) if parameter.kind == kind]


def uploadable_parameters(workload: Workload) -> list[str]:
    return _parameters_of_kind(workload, "image") + [
        parameter.name for parameter in workload.parameters_of(workload.default_case) if parameter.upload
    ]


def split_names(value: Setting) -> list[str]:
    return [name for name in str(value).split(",") if name]
