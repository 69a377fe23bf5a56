"""Which settings of a plan a stranger may choose: no file of this machine, and no model that must be fetched."""

from __future__ import annotations

from collections.abc import Mapping

from bench.plan.plan import Plan
from bench.plan.validation import find_case, find_workload
from bench.storage.uploads import is_upload
from bench.workload.parameters import Parameter, Setting
from ui.access.settings import read_hub_models, read_limits
from ui.access.visitor import Denied, Visitor


def list_allowed_texts(parameter: Parameter, visitor: Visitor) -> frozenset[str] | None:
    """The values of a text parameter that the visitor may choose, apart from uploads; None if any is allowed."""
    if visitor.is_operator or parameter.kind != "text" or not parameter.path:
        return None
    hub_models = read_hub_models() if parameter.path == "if there" else frozenset[str]()
    return frozenset(parameter.choices) | hub_models


def why_not_choose(parameter: Parameter, value: Setting, visitor: Visitor) -> str:
    """Why the visitor may not give `parameter` this value; empty if that is allowed. Looks at no file."""
    allowed = list_allowed_texts(parameter, visitor)
    if allowed is None or value in allowed:
        return ""
    if parameter.upload and is_upload(str(value)):
        return ""
    offered = ", ".join([*sorted(allowed), *(["an uploaded file"] if parameter.upload else [])])
    return f"{parameter.name}: this server does not take a path or a name of the hub from visitors; it has {offered}"


def list_denied_settings(workload: str, case: str, settings: Mapping[str, Setting], visitor: Visitor) -> dict[str, str]:
    """The settings that the visitor may not choose, by name, each with the reason."""
    declared = find_workload(workload)
    parameters = declared.parameters_of(find_case(declared, case))
    reasons = {
        parameter.name: why_not_choose(parameter, settings[parameter.name], visitor)
        for parameter in parameters
        if parameter.name in settings
    }
    return {name: reason for name, reason in reasons.items() if reason}


def check_plan_allowed(plan: Plan, visitor: Visitor) -> None:
    """Raises Denied if the visitor may not run this plan."""
    if find_workload(plan.workload).local_only and not visitor.is_local:
        raise Denied(
            "Scripts are started on the machine itself only, by the user who started Fairlap: on a page that serves "
            "nobody else, or by python -m bench profile SCRIPT."
        )
    if reasons := list_denied_settings(plan.workload, plan.case, plan.parameters, visitor):
        raise Denied(f"{'; '.join(reasons.values())}.")
    largest = max_budget_s(visitor)
    if largest is not None and plan.budget_s > largest:
        raise Denied(
            f"The time budget is {plan.budget_s:g} s, and visitors of this server may use {largest:g} s. Reduce it."
        )


def max_budget_s(visitor: Visitor) -> float | None:
    """The largest time budget that the visitor may choose; None for no limit but that of plans."""
    return None if visitor.is_operator else read_limits().budget_s
