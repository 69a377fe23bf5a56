"""The plan of a run: validated at the boundary, hashable, and at home in a URL."""

from __future__ import annotations

import hashlib
import json
import math
import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from bench.workload.declaration import WHOLE, Parameter, Setting, Step, Workload, registry

BUDGET_S = (2.0, 3600.0)
TARGET = (0.0, 0.5)

LONGEST_TEXT = 300

TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}


class PlanError(ValueError):
    """A plan that cannot be run; one sentence for each thing that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Plan(BaseModel):
    """What to run. Build one with `make`, which fills in the workload's defaults and speaks plainly about mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    workload: str
    baseline: str
    accelerated: str
    cores: int
    batch: int
    parameters: dict[str, Setting]
    budget_s: float = 20.0
    """How long to sample, warm-up and core counts included; starting the arms and their accuracy come on top."""
    target: float = 0.03
    """Half-width of the ratio's interval, relative, at which sampling may end; 0 uses the whole budget."""
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    accuracy_limit: float = 0.99
    """Lowest accuracy of the accelerated arm, as a share of the baseline's, under which a claim is made."""

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, given: Any, info: ValidationInfo) -> Any:
        """Fill in defaults and check everything against the workload's declaration.

        `context={'core_limit': n}` bounds the cores by what this process may use; a stored plan of another machine
        is read without.
        """
        if not isinstance(given, Mapping):
            raise ValueError("a plan is a mapping of its fields")
        workload = _workload(given.get("workload"))
        limit = (info.context or {}).get("core_limit")
        problems: list[str] = []
        known = set(cls.model_fields)
        problems += [
            f"{name}: no such field; a plan has {', '.join(sorted(known))}" for name in given if name not in known
        ]

        plan: dict[str, Any] = {"workload": workload.name}
        for side in ("baseline", "accelerated"):
            plan[side] = _lever(workload, side, given.get(side, getattr(workload.lever, side)), problems)
        cores = given.get("cores", limit or 1)
        plan["cores"] = _number(
            "cores", cores, int, 1, limit, problems, " (the cores this process may use)" if limit else ""
        )
        plan["batch"] = _parameter(workload.batch, given.get("batch", workload.batch.default), problems)
        plan["parameters"] = _parameters(workload, given.get("parameters", {}), problems)
        steps = () if problems else workload.steps_of(plan["parameters"])
        if steps and all(step.apart for step in steps):
            alone = ", ".join(step.label for step in steps)
            problems.append(f"{workload.chosen_by}: {alone} does no work that could be compared; choose more with it")
        plan["budget_s"] = _number("budget_s", given.get("budget_s", 20.0), float, *BUDGET_S, problems, " seconds")
        plan["target"] = _number("target", given.get("target", 0.03), float, *TARGET, problems)
        plan["seed"] = _number("seed", given.get("seed", 0), int, 0, 2**32 - 1, problems)
        plan["accuracy_limit"] = _number("accuracy_limit", given.get("accuracy_limit", 0.99), float, 0, 1, problems)
        if problems:
            raise PlanError(problems)
        return plan

    @property
    def declaration(self) -> Workload:
        return registry()[self.workload]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is timed, in order."""
        return self.declaration.steps_of(self.parameters)

    def labels(self) -> dict[str, str]:
        """Label of the whole, and of every step that is timed."""
        told = self.declaration.labels()
        return {name: told[name] for name in (WHOLE, *(step.name for step in self.steps))}

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits that are the same for the same plan, on every machine."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]

    def canonical(self) -> str:
        """JSON with sorted keys and no spaces: equal plans give equal text."""
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def unavailable(self) -> str:
        """Why this plan cannot run here, and what to do about it; empty where it can. Imports nothing."""
        declared = self.declaration
        arms = (declared.lever[self.baseline], declared.lever[self.accelerated])
        told = [declared.unavailable(), *(arm.unavailable() for arm in arms)]
        told += [parameter.unavailable(self.parameters[parameter.name]) for parameter in declared.parameters]
        return next(filter(None, told), "")

    def to_query(self) -> dict[str, str]:
        """What differs from the workload's defaults, as URL query parameters; the page itself names the workload.

        The cores always stand in it, since their default is a machine's own.
        """
        default = make(self.workload, cores=self.cores)
        query = {
            field: _text(getattr(self, field))
            for field in ("baseline", "accelerated", "batch", "budget_s", "target", "seed", "accuracy_limit")
            if getattr(self, field) != getattr(default, field)
        }
        changed = {name: value for name, value in self.parameters.items() if value != default.parameters[name]}
        return {"cores": str(self.cores)} | query | {name: _text(value) for name, value in changed.items()}

    def command(self) -> str:
        """The command line that repeats the run."""
        words = ["python -m bench run", self.workload, f"--cores {self.cores}", f"--batch {self.batch}"]
        default = make(self.workload, cores=self.cores)
        words += [
            f"--{side} {getattr(self, side)}"
            for side in ("baseline", "accelerated")
            if getattr(self, side) != getattr(default, side)
        ]
        words += [
            f"--set {shlex.quote(f'{name}={_text(value)}')}"
            for name, value in self.parameters.items()
            if value != default.parameters[name]
        ]
        words += [f"--budget {_text(self.budget_s)}"]
        words += [f"--target {_text(self.target)}"] if self.target != default.target else []
        words += [f"--seed {self.seed}"] if self.seed != default.seed else []
        words += (
            [f"--accuracy-limit {_text(self.accuracy_limit)}"] if self.accuracy_limit != default.accuracy_limit else []
        )
        return " ".join(words)


def make(workload: str, *, core_limit: int | None = None, **fields: Any) -> Plan:
    """A checked plan. Raises PlanError with one sentence for each mistake."""
    try:
        return Plan.model_validate({"workload": workload} | fields, context={"core_limit": core_limit})
    except PlanError:
        raise
    except ValidationError as error:
        # A validator's own ValueError arrives wrapped: its text is the message.
        problems: list[str] = []
        for item in error.errors():
            cause = item.get("ctx", {}).get("error")
            if isinstance(cause, PlanError):
                problems += cause.problems
            else:
                where = ".".join(str(part) for part in item["loc"])
                problems.append(f"{where}: {cause or item['msg']}" if where else str(cause or item["msg"]))
        raise PlanError(problems) from error


def from_query(workload: str, query: Mapping[str, str], *, core_limit: int | None = None) -> Plan:
    """The plan that a page's URL names; unknown parameters are mistakes. Raises PlanError."""
    fields: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for name, value in query.items():
        (fields if name in Plan.model_fields and name not in ("workload", "parameters") else parameters)[name] = value
    return make(workload, core_limit=core_limit, parameters=parameters, **fields)


def _workload(name: Any) -> Workload:
    known = registry()
    if name not in known:
        visible = ", ".join(sorted(name for name, workload in known.items() if not workload.hidden))
        raise PlanError([f"workload: there is no {name!r}; there are {visible}"])
    return known[name]


def _lever(workload: Workload, side: str, given: Any, problems: list[str]) -> str:
    names = [value.name for value in workload.lever.values]
    if given not in names:
        problems.append(f"{side}: {given!r} is no value of the lever {workload.lever.name}; it has {', '.join(names)}")
    return str(given)


def _parameters(workload: Workload, given: Any, problems: list[str]) -> dict[str, Setting]:
    if not isinstance(given, Mapping):
        problems.append("parameters: a mapping of name to value is wanted")
        given = {}
    names = [parameter.name for parameter in workload.parameters]
    for name in given:
        if name not in names:
            problems.append(f"{name}: {workload.name} has no such parameter; it has {', '.join(names) or 'none'}")
    return {p.name: _parameter(p, given.get(p.name, p.default), problems) for p in workload.parameters}


def _parameter(parameter: Parameter, given: Any, problems: list[str]) -> Setting:
    match parameter.kind:
        case "integer":
            return _number(parameter.name, given, int, parameter.minimum, parameter.maximum, problems)
        case "real":
            return _number(parameter.name, given, float, parameter.minimum, parameter.maximum, problems)
        case "flag":
            text = str(given).lower()
            if text not in TRUE | FALSE:
                problems.append(f"{parameter.name}: {given!r} is neither true nor false")
            return text in TRUE
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
            if not 0 < len(text) <= LONGEST_TEXT or not text.isprintable():
                problems.append(f"{parameter.name}: wanted are 1 to {LONGEST_TEXT} printable characters")
            return text
        case "image":
            digest = str(given).removeprefix("upload:")
            uploaded = str(given).startswith("upload:") and len(digest) == 64 and set(digest) <= set("0123456789abcdef")
            if given not in parameter.choices and not uploaded:
                problems.append(f"{parameter.name}: {given!r} is none of {', '.join(parameter.choices)}, and no upload")
            return str(given)


def _number(
    name: str, given: Any, kind: type, minimum: float | None, maximum: float | None, problems: list[str], note: str = ""
) -> Any:
    """`given` as a finite number within its bounds; adds to `problems` where it is not."""
    low = -math.inf if minimum is None else minimum
    high = math.inf if maximum is None else maximum
    bounds = f"from {spelled(low)}" + (f" to {spelled(high)}" if math.isfinite(high) else " up") + note
    sort = "a whole number" if kind is int else "a number"
    try:
        number = float(given) if not isinstance(given, bool) else math.nan
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number) or (kind is int and number != int(number)):
        problems.append(f"{name}: {given!r} is not {sort}; wanted is {sort} {bounds}")
        return kind(low) if math.isfinite(low) else kind(0)
    if not low <= number <= high:
        problems.append(f"{name}: {spelled(number)} is out of bounds; wanted is {sort} {bounds}")
    return kind(number)


def spelled(number: float) -> str:
    """A number with all its digits, by thousands."""
    return f"{number:,.15g}"


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # Fifteen digits bring every number back that a person has written.
    return f"{value:.15g}" if isinstance(value, float) else str(value)
