"""The values of the controls, in the session.

Pages share a session, so every key begins with the name of the workload. Settings that belong to one case have keys of
their own, because cases may use one name for different settings. Widgets are drawn with `persist_state="session"`, so
that a value also outlives its control.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.values.base import Arm
from bench.workload.cases import DEFAULT_BUDGET_S, Case
from bench.workload.declaration import Workload
from bench.workload.file_summary import UPLOAD_PREFIX
from bench.workload.levers import Lever
from bench.workload.parameters import Parameter, Setting

BUDGET_FIELD, BATCH_FIELD = "budget_s", "batch"
NEXT_SUFFIX = ":next"
"""Ends the session key of a value that a control takes at the next rerun."""
UPLOAD_CHOICE = "upload"
"""The option of an image control that lets the user upload a file."""


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of one case of a workload."""

    workload: Workload
    case: Case

    @property
    def lever(self) -> Lever:
        return self.workload.lever_of(self.case)

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, the batch first."""
        return (self.workload.batch_of(self.case), *self.workload.parameters_of(self.case))

    def parameter(self, name: str) -> Parameter:
        """The parameter `name`. Raises KeyError."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def uploadable_parameters(self) -> list[str]:
        """Names of the parameters whose value may be an uploaded file."""
        return [parameter.name for parameter in self.parameters if parameter.upload]

    def adopt_uploads(self) -> None:
        """Give parameters the files that were uploaded when their controls were already drawn. Must be called before
        any control is drawn: which ones there are may depend on the file."""
        for name in self.uploadable_parameters():
            key = f"{self.key(name)}{NEXT_SUFFIX}"
            # Removed last: a rerun may be interrupted at any access to the session.
            if (value := st.session_state.get(key)) is not None:
                self.set(name, value)
                del st.session_state[key]

    def key(self, name: str) -> str:
        """Session key of the control of a plan's field or parameter."""
        if name in _case_settings(self.case):
            return f"{self.workload.name}:{self.case.name}:{name}"
        return f"{self.workload.name}:{name}"

    def get(self, name: str) -> Any:
        """The value of a field or parameter."""
        return st.session_state.get(self.key(name))

    def set(self, name: str, value: Setting) -> None:
        """Set a field or parameter. Must be called before its control is drawn."""
        st.session_state[self.key(name)] = value
        kind = next((parameter.kind for parameter in self.parameters if parameter.name == name), "")
        if kind == "several":
            st.session_state[self.key(f"{name}:chosen")] = split_names(value)
        if kind == "image":
            uploaded = str(value).startswith(UPLOAD_PREFIX)
            st.session_state[self.key(f"{name}:choice")] = UPLOAD_CHOICE if uploaded else value
            if uploaded:
                st.session_state[self.key(f"{name}:uploaded")] = value

    def set_plan(self, plan: Plan) -> None:
        """Set all fields and parameters to those of `plan`, a plan of this case."""
        for name, value in _settings(plan):
            self.set(name, value)

    def fill(self, core_limit: int) -> None:
        """Give every control without a value its default."""
        for name, value in _settings(make_plan(self.workload.name, self.case.name, core_limit=core_limit)):
            if self.get(name) is None:
                self.set(name, value)

    def assign_all(self) -> None:
        """Assign every field and parameter its own value, so that the next widget with its key gets it."""
        plan_fields = [name for name in Plan.model_fields if name not in ("workload", "case", "parameters")]
        for name in (*plan_fields, *(parameter.name for parameter in self.parameters)):
            value = self.get(name)
            if value is not None:
                self.set(name, value)

    def default(self, name: str) -> Setting:
        """The default of a parameter, or of a field that does not depend on the machine."""
        if name == BUDGET_FIELD:
            return self.case.budget_s
        if name in set(Arm):
            return getattr(self.lever, name)
        try:
            return self.parameter(name).default
        except KeyError:
            return Plan.model_fields[name].default


def current_controls(workload: Workload) -> Controls:
    """The controls of the case that is selected on the workload's page."""
    name = st.session_state.get(case_key(workload))
    return Controls(workload, next((case for case in workload.cases if case.name == name), workload.default_case))


def case_key(workload: Workload) -> str:
    """Session key of the selected case."""
    return f"{workload.name}:case"


def select_case(workload: Workload, name: str) -> None:
    """Select a case. Must be called before the selector is drawn."""
    st.session_state[case_key(workload)] = name


def split_names(value: Setting) -> list[str]:
    """The names in the value of a parameter of kind `several`."""
    return [name for name in str(value).split(",") if name]


def _case_settings(case: Case) -> set[str]:
    """Names of the fields and parameters that belong to `case` alone."""
    names = {parameter.name for parameter in case.parameters}
    if case.budget_s != DEFAULT_BUDGET_S:
        names.add(BUDGET_FIELD)
    if case.batch:
        names.add(BATCH_FIELD)
    return names | set(Arm) if case.lever else names


def _settings(plan: Plan) -> Iterator[tuple[str, Setting]]:
    """Every field and parameter of a plan that has a control."""
    yield from plan.model_dump(exclude={"workload", "case", "parameters"}).items()
    yield from plan.parameters.items()
