"""TODO: bench.plan.plan.validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bench.formatting import format_number
from bench.workload.declaration import Parameter, Setting, Workload
from bench.workload.registry import load_workloads

MAX_TEXT_LENGTH = 300


TRUE_WORDS, FALSE_WORDS = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class PlanError(ValueError):
    """A plan that cannot be run; one sentence for each thing that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def check_workload(name: Any) -> Workload:
    known = load_workloads()
    if name not in known:
        visible = ", ".join(sorted(name for name, workload in known.items() if not workload.hidden))
        raise PlanError([f"workload: there is no {name!r}; there are {visible}"])
    return known[name]


def check_lever_value(workload: Workload, arm: str, given: Any, problems: list[str]) -> str:
    names = [value.name for value in workload.lever.values]
    if given not in names:
        problems.append(f"{arm}: {given!r} is no value of the lever {workload.lever.name}; it has {', '.join(names)}")
    return str(given)


def check_parameters(workload: Workload, given: Any, problems: list[str]) -> dict[str, Setting]:
    if not isinstance(given, Mapping):
        problems.append("parameters: a mapping of name to value is wanted")
        given = {}
    names = [parameter.name for parameter in workload.parameters]
    for name in given:
        if name not in names:
            problems.append(f"{name}: {workload.name} has no such parameter; it has {', '.join(names) or 'none'}")
    return {p.name: check_parameter(p, given.get(p.name, p.default), problems) for p in workload.parameters}


def check_parameter(parameter: Parameter, given: Any, problems: list[str]) -> Setting:
    match parameter.kind:
        case "integer":
            return check_number(parameter.name, given, int, parameter.minimum, parameter.maximum, problems)
        case "real":
            return check_number(parameter.name, given, float, parameter.minimum, parameter.maximum, problems)
        case "flag":
            text = str(given).lower()
            if text not in TRUE_WORDS | FALSE_WORDS:
                problems.append(f"{parameter.name}: {given!r} is neither true nor false")
            return text in TRUE_WORDS
        case "choice":
            if given not in parameter.choices:
                problems.append(f"{parameter.name}: {given!r} is none of {', '.join(parameter.choices)}")
            return str(given)
        case "several":
            named = [name.strip() for name in str(given).split(",") if name.strip()]
            if not named:
                problems.append(f"{parameter.name}: wanted are one or more of {', '.join(parameter.choices)}")
            problems += [
                f"{parameter.name}: {name!r} is none of {', '.join(parameter.choices)}"
                for name in named
                if name not in parameter.choices
            ]
            # In the order of the choices, so that the same choice is the same plan.
            return ",".join(name for name in parameter.choices if name in named)
        case "text":
            text = str(given).strip()
            if not 0 < len(text) <= MAX_TEXT_LENGTH or not text.isprintable():
                problems.append(f"{parameter.name}: wanted are 1 to {MAX_TEXT_LENGTH} printable characters")
            return text
        case "image":
            digest = str(given).removeprefix("upload:")
            uploaded = str(given).startswith("upload:") and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
            if given not in parameter.choices and not uploaded:
                problems.append(f"{parameter.name}: {given!r} is none of {', '.join(parameter.choices)}, and no upload")
            return str(given)


def check_number(
    name: str, given: Any, kind: type, minimum: float | None, maximum: float | None, problems: list[str], note: str = ""
) -> Any:
    """`given` as a finite number within its bounds; adds to `problems` where it is not."""
    low = -math.inf if minimum is None else minimum
    high = math.inf if maximum is None else maximum
    bounds = f"from {format_number(low)}" + (f" to {format_number(high)}" if math.isfinite(high) else " up") + note
    sort = "a whole number" if kind is int else "a number"
    try:
        number = float(given) if not isinstance(given, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (kind is int and number != int(number)):
        problems.append(f"{name}: {given!r} is not {sort}; wanted is {sort} {bounds}")
        return kind(low) if math.isfinite(low) else kind(0)
    if not low <= number <= high:
        problems.append(f"{name}: {format_number(number)} is out of bounds; wanted is {sort} {bounds}")
    return kind(number)
