"""Checks of a plan against the declaration of its workload. Every mistake becomes one sentence of a PlanError."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from bench.formatting import format_number
from bench.plan.plan import MAX_SEED, Plan
from bench.system.limits import explain_own_core_limit
from bench.workload.cases import Case
from bench.workload.declaration import Workload
from bench.workload.levers import Lever
from bench.workload.parameters import Parameter, Setting
from bench.workload.registry import load_workloads

BUDGET_RANGE_S = (2.0, 3600.0)
TARGET_RANGE = (0.0, 0.5)
ACCURACY_LIMIT_RANGE = (0.0, 1.0)
MAX_TEXT_LENGTH = 300
TRUE_WORDS, FALSE_WORDS = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class PlanError(ValueError):
    """A plan that cannot be run. `problems` has one sentence for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def make_plan(workload: str, case: str | None = None, *, core_limit: int | None = None, **fields: Any) -> Plan:
    """A checked plan. Missing fields and parameters get the defaults of the case (None: the workload's default case).

    Values may be text, as in a URL. `core_limit` is the largest allowed number of cores, and the default; without it
    any number is allowed. Raises PlanError with one sentence for each mistake.
    """
    declared = find_workload(workload)
    chosen = find_case(declared, case)
    lever = declared.lever_of(chosen)
    problems = [
        f"{name}: there is no such field; a plan has {', '.join(sorted(Plan.model_fields))}"
        for name in fields
        if name not in Plan.model_fields
    ]
    core_note = f" ({_describe_core_limit(core_limit)})" if core_limit else ""
    plan = Plan(
        workload=declared.name,
        case=chosen.name,
        baseline=_check_lever_value(lever, "baseline", fields.get("baseline", lever.baseline), problems),
        accelerated=_check_lever_value(lever, "accelerated", fields.get("accelerated", lever.accelerated), problems),
        cores=int(
            _check_number("cores", fields.get("cores", core_limit or 1), int, 1, core_limit, problems, core_note)
        ),
        batch=int(_check_parameter(declared.batch, fields.get("batch", declared.batch_of(chosen).default), problems)),
        parameters=_check_parameters(declared, chosen, fields.get("parameters", {}), problems),
        budget_s=_check_number(
            "budget_s", fields.get("budget_s", chosen.budget_s), float, *BUDGET_RANGE_S, problems, " seconds"
        ),
        target=_check_number("target", _value_or_default(fields, "target"), float, *TARGET_RANGE, problems),
        seed=int(_check_number("seed", _value_or_default(fields, "seed"), int, 0, MAX_SEED, problems)),
        accuracy_limit=_check_number(
            "accuracy_limit",
            fields.get("accuracy_limit", declared.accuracy_limit),
            float,
            *ACCURACY_LIMIT_RANGE,
            problems,
        ),
    )
    steps = () if problems else chosen.steps_for(plan.parameters)
    if steps and all(step.excluded_from_total for step in steps):
        names = ", ".join(step.label for step in steps)
        problems.append(f"{chosen.step_parameter}: {names} does no work that could be compared; choose more with it")
    if problems:
        raise PlanError(problems)
    return plan


def _describe_core_limit(core_limit: int) -> str:
    reason = explain_own_core_limit(core_limit)
    return "the cores this process may use" + (f": {reason}" if reason else "")


def check_plan(plan: Plan, core_limit: int | None = None) -> None:
    """Check that `plan` can be run as it is under today's declarations. Raises PlanError."""
    checked = make_plan(**plan.model_dump(), core_limit=core_limit)
    missing = [name for name in checked.parameters if name not in plan.parameters]
    if missing:
        raise PlanError([f"{name}: the plan has no value for this parameter" for name in missing])


def find_workload(name: str) -> Workload:
    """The declared workload `name`. Raises PlanError."""
    known = load_workloads()
    if name not in known:
        visible = ", ".join(sorted(name for name, workload in known.items() if not workload.hidden))
        raise PlanError([f"workload: there is no {name!r}; there are {visible}"])
    return known[name]


def find_case(workload: Workload, name: str | None) -> Case:
    """The case `name` of `workload`, or its default case for None. Raises PlanError."""
    if name is None:
        return workload.default_case
    try:
        return workload.case(name)
    except KeyError:
        names = ", ".join(case.name for case in workload.cases)
        raise PlanError([f"case: {workload.name} has no case {name!r}; it has {names}"]) from None


def _value_or_default(fields: Mapping[str, Any], name: str) -> Any:
    return fields.get(name, Plan.model_fields[name].default)


def _check_lever_value(lever: Lever, arm: str, value: Any, problems: list[str]) -> str:
    names = [known.name for known in lever.values]
    if value not in names:
        problems.append(f"{arm}: {value!r} is no value of the lever {lever.name}; it has {', '.join(names)}")
    return str(value)


def _check_parameters(workload: Workload, case: Case, values: Any, problems: list[str]) -> dict[str, Setting]:
    if not isinstance(values, Mapping):
        problems.append(f"parameters: expected a mapping of names to values, got {values!r}")
        return {}
    settings = cast(Mapping[str, Any], values)
    declared = workload.parameters_of(case)
    names = [parameter.name for parameter in declared]
    subject = workload.name if len(workload.cases) == 1 else f"{workload.name}, case {case.name},"
    for name in settings:
        if name not in names:
            problems.append(f"{name}: {subject} has no such parameter; it has {', '.join(names) or 'none'}")
    return {
        parameter.name: _check_parameter(parameter, settings.get(parameter.name, parameter.default), problems)
        for parameter in declared
    }


def _check_parameter(parameter: Parameter, value: Any, problems: list[str]) -> Setting:
    choices = ", ".join(parameter.choices)
    match parameter.kind:
        case "integer":
            return int(_check_number(parameter.name, value, int, parameter.minimum, parameter.maximum, problems))
        case "real":
            return _check_number(parameter.name, value, float, parameter.minimum, parameter.maximum, problems)
        case "flag":
            text = str(value).lower()
            if text not in TRUE_WORDS | FALSE_WORDS:
                problems.append(f"{parameter.name}: {value!r} is neither true nor false")
            return text in TRUE_WORDS
        case "choice":
            if value not in parameter.choices:
                problems.append(f"{parameter.name}: {value!r} is none of {choices}")
            return str(value)
        case "several":
            names = [name.strip() for name in str(value).split(",") if name.strip()]
            if not names:
                problems.append(f"{parameter.name}: expected one or more of {choices}")
            problems += [
                f"{parameter.name}: {name!r} is none of {choices}" for name in names if name not in parameter.choices
            ]
            # In the order of the choices, so that the same selection gives the same plan.
            return ",".join(name for name in parameter.choices if name in names)
        case "text":
            text = str(value).strip()
            if not 0 < len(text) <= MAX_TEXT_LENGTH or not text.isprintable():
                problems.append(f"{parameter.name}: expected 1 to {MAX_TEXT_LENGTH} printable characters")
            elif parameter.pattern and text not in parameter.choices and not re.fullmatch(parameter.pattern, text):
                problems.append(
                    f"{parameter.name}: {text!r} is none of {choices}, and does not fit {parameter.pattern}"
                )
            return text
        case "image":
            digest = str(value).removeprefix("upload:")
            uploaded = str(value).startswith("upload:") and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
            if value not in parameter.choices and not uploaded:
                problems.append(f"{parameter.name}: {value!r} is none of {choices}, and no uploaded file")
            return str(value)


def _check_number(
    name: str,
    value: Any,
    kind: type[int] | type[float],
    minimum: float | None,
    maximum: float | None,
    problems: list[str],
    note: str = "",
) -> float:
    """`value` as a number within its bounds. If it is none, adds to `problems` and returns an allowed number."""
    low = -math.inf if minimum is None else minimum
    high = math.inf if maximum is None else maximum
    expected = "an integer" if kind is int else "a number"
    expected += f" from {format_number(low)}" + (f" to {format_number(high)}" if math.isfinite(high) else " up") + note
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (kind is int and number != int(number)):
        problems.append(f"{name}: expected {expected}, got {value!r}")
        return kind(low) if math.isfinite(low) else kind(0)
    if not low <= number <= high:
        # A large integer loses digits as a float.
        problems.append(f"{name}: expected {expected}, got {Decimal(str(value)):,}")
    return kind(min(max(number, low), high))
