"""Plans in URLs: a flat mapping of names to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.plan.plan import Plan, format_setting
from bench.plan.validation import find_case, find_workload, make_plan
from bench.workload.parameters import Parameter

QUERY_FIELDS = ("case", "baseline", "accelerated", "cores", "batch", "budget_s", "target", "seed", "accuracy_limit")
"""Fields of a plan that a query may contain. Every other name is a parameter; the workload comes from the page."""


def to_query(plan: Plan) -> dict[str, str]:
    """The differences between `plan` and the defaults of its case, as query parameters of the workload's page.

    The number of cores is always included, because its default depends on the machine.
    """
    default = make_plan(plan.workload, plan.case, cores=plan.cores)
    query = {"cores": str(plan.cores)}
    if plan.case != find_workload(plan.workload).default_case.name:
        query = {"case": plan.case} | query
    for field in QUERY_FIELDS[1:]:
        if getattr(plan, field) != getattr(default, field):
            query[field] = format_setting(getattr(plan, field))
    changed = {name: value for name, value in plan.parameters.items() if value != default.parameters.get(name)}
    return query | {name: format_setting(value) for name, value in changed.items()}


def from_query(
    workload: str,
    query: Mapping[str, str],
    *,
    core_limit: int | None = None,
    read_value: Callable[[Parameter, str], str] | None = None,
) -> Plan:
    """The plan that a query asks for. Raises PlanError, also for unknown names.

    Queries of older releases are translated first, by the workload's `upgrade_settings`. `read_value` may replace the
    text of a parameter, for example to make a path absolute.
    """
    declared = find_workload(workload)
    settings = declared.upgrade_settings(dict(query))
    case = find_case(declared, settings.get("case"))
    declared_parameters = {parameter.name: parameter for parameter in declared.parameters_of(case)}
    fields: dict[str, Any] = {name: value for name, value in settings.items() if name in QUERY_FIELDS}
    parameters = {name: value for name, value in settings.items() if name not in QUERY_FIELDS}
    if read_value is not None:
        parameters = {
            name: read_value(declared_parameters[name], value) if name in declared_parameters else value
            for name, value in parameters.items()
        }
    fields["case"] = case.name
    return make_plan(workload, core_limit=core_limit, parameters=parameters, **fields)
