"""What a plan sets differently from another one, in words."""

from __future__ import annotations

from collections.abc import Iterator

from bench.formatting import format_number
from bench.plan.plan import Plan
from bench.plan.resolved import ResolvedPlan, resolve
from bench.plan.validation import PlanError
from bench.run.snapshot import format_parameter_value
from bench.values.base import Arm

FIELD_LABELS = {
    "cores": "cores",
    "budget_s": "time budget",
    "target": "target sampling error",
    "accuracy_limit": "accuracy limit",
    "seed": "seed",
}
"""Labels of the fields that every plan has."""
UNITS = {"budget_s": " s"}
"""What follows the value of a field."""
UNKNOWN = "settings that this version does not know"


def list_differences(plan: Plan, other: Plan) -> list[str]:
    """The settings of `plan` that differ from those of `other`, a plan of the same workload: `cores 1 instead of 2`."""
    try:
        one, two = resolve(plan), resolve(other)
        return list(_compare(one, two))
    except (PlanError, KeyError):
        # A stored plan of a case or with a value that no longer exists.
        return [UNKNOWN]


def describe_differences(plan: Plan, other: Plan) -> str:
    """The same as one text; empty if the plans are equal."""
    return ", ".join(list_differences(plan, other))


def _compare(one: ResolvedPlan, two: ResolvedPlan) -> Iterator[str]:
    if one.case.name != two.case.name:
        yield f"{one.case.label} instead of {two.case.label}"
    for arm in Arm:
        if one.plan.lever_value(arm) != two.plan.lever_value(arm):
            yield f"{arm} {one.lever_value(arm).label} instead of {two.lever_value(arm).label}"
    for name, label in FIELD_LABELS.items():
        if (value := getattr(one.plan, name)) != (before := getattr(two.plan, name)):
            unit = UNITS.get(name, "")
            yield f"{label} {format_number(value)}{unit} instead of {format_number(before)}{unit}"
    if one.plan.batch != two.plan.batch:
        label = one.workload.batch.label.lower()
        yield f"{label} {one.plan.batch:,} instead of {two.plan.batch:,}"
    if one.case.name != two.case.name:
        return
    for parameter in one.parameters:
        value, before = one.plan.parameters.get(parameter.name), two.plan.parameters.get(parameter.name)
        if value is not None and before is not None and value != before:
            new, old = format_parameter_value(parameter, value), format_parameter_value(parameter, before)
            yield f"{parameter.label.lower()} {new} instead of {old}"
