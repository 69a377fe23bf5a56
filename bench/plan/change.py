"""A plan with some of its settings changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.plan.plan import Plan
from bench.plan.validation import find_case, find_workload, make_plan
from bench.workload.parameters import Setting

KEPT_BY_ANOTHER_CASE = {"cores", "batch", "budget_s", "target", "seed", "accuracy_limit"}
"""Fields that mean the same in every case. Lever and parameters may be those of one case alone."""


def change_plan(plan: Plan, changes: Mapping[str, Setting], core_limit: int | None = None) -> Plan:
    """`plan` with other values of the case, the fields and the parameters that `changes` names. Another case has its
    own defaults, and its own batch and time budget unless those of `plan` were changed. Raises PlanError."""
    case = str(changes.get("case", plan.case))
    fields: dict[str, Any] = plan.model_dump(exclude={"workload", "case", "parameters"})
    parameters = dict(plan.parameters)
    if case != plan.case:
        workload = find_workload(plan.workload)
        case_before = find_case(workload, plan.case)
        defaults = {"budget_s": case_before.budget_s, "batch": workload.batch_of(case_before).default}
        kept = KEPT_BY_ANOTHER_CASE - {name for name, value in defaults.items() if fields[name] == value}
        fields, parameters = {name: fields[name] for name in kept}, {}
    for name, value in changes.items():
        if name in Plan.model_fields:
            fields[name] = value
        else:
            parameters[name] = value
    fields.pop("case", None)
    return make_plan(plan.workload, case, core_limit=core_limit, parameters=parameters, **fields)
