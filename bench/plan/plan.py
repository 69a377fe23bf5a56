"""The plan of a run: validated at the boundary, hashable, and at home in a URL."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from bench.plan.validation import (
    PlanError,
    check_lever_value,
    check_number,
    check_parameter,
    check_parameters,
    check_workload,
)
from bench.values import TOTAL
from bench.workload.declaration import Setting, Step, Workload
from bench.workload.registry import load_workloads

BUDGET_RANGE_S = (2.0, 3600.0)
TARGET_RANGE = (0.0, 0.5)


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
        workload = check_workload(given.get("workload"))
        limit = (info.context or {}).get("core_limit")
        problems: list[str] = []
        known = set(cls.model_fields)
        problems += [
            f"{name}: no such field; a plan has {', '.join(sorted(known))}" for name in given if name not in known
        ]

        plan: dict[str, Any] = {"workload": workload.name}
        for arm in ("baseline", "accelerated"):
            plan[arm] = check_lever_value(workload, arm, given.get(arm, getattr(workload.lever, arm)), problems)
        cores = given.get("cores", limit or 1)
        plan["cores"] = check_number(
            "cores", cores, int, 1, limit, problems, " (the cores this process may use)" if limit else ""
        )
        plan["batch"] = check_parameter(workload.batch, given.get("batch", workload.batch.default), problems)
        plan["parameters"] = check_parameters(workload, given.get("parameters", {}), problems)
        steps = () if problems else workload.steps_of(plan["parameters"])
        if steps and all(step.excluded_from_total for step in steps):
            alone = ", ".join(step.label for step in steps)
            problems.append(
                f"{workload.step_parameter}: {alone} does no work that could be compared; choose more with it"
            )
        plan["budget_s"] = check_number(
            "budget_s", given.get("budget_s", 20.0), float, *BUDGET_RANGE_S, problems, " seconds"
        )
        plan["target"] = check_number("target", given.get("target", 0.03), float, *TARGET_RANGE, problems)
        plan["seed"] = check_number("seed", given.get("seed", 0), int, 0, 2**32 - 1, problems)
        plan["accuracy_limit"] = check_number(
            "accuracy_limit", given.get("accuracy_limit", 0.99), float, 0, 1, problems
        )
        if problems:
            raise PlanError(problems)
        return plan

    @property
    def declaration(self) -> Workload:
        return load_workloads()[self.workload]

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is timed, in order."""
        return self.declaration.steps_of(self.parameters)

    def labels(self) -> dict[str, str]:
        """Label of the whole, and of every step that is timed."""
        told = self.declaration.labels()
        return {name: told[name] for name in (TOTAL, *(step.name for step in self.steps))}

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
        default = make_plan(self.workload, cores=self.cores)
        query = {
            field: _format_setting(getattr(self, field))
            for field in ("baseline", "accelerated", "batch", "budget_s", "target", "seed", "accuracy_limit")
            if getattr(self, field) != getattr(default, field)
        }
        changed = {name: value for name, value in self.parameters.items() if value != default.parameters[name]}
        return {"cores": str(self.cores)} | query | {name: _format_setting(value) for name, value in changed.items()}

    def command(self) -> str:
        """The command line that repeats the run."""
        words = ["python -m bench run", self.workload, f"--cores {self.cores}", f"--batch {self.batch}"]
        default = make_plan(self.workload, cores=self.cores)
        words += [
            f"--{arm} {getattr(self, arm)}"
            for arm in ("baseline", "accelerated")
            if getattr(self, arm) != getattr(default, arm)
        ]
        words += [
            f"--set {shlex.quote(f'{name}={_format_setting(value)}')}"
            for name, value in self.parameters.items()
            if value != default.parameters[name]
        ]
        words += [f"--budget {_format_setting(self.budget_s)}"]
        words += [f"--target {_format_setting(self.target)}"] if self.target != default.target else []
        words += [f"--seed {self.seed}"] if self.seed != default.seed else []
        words += (
            [f"--accuracy-limit {_format_setting(self.accuracy_limit)}"]
            if self.accuracy_limit != default.accuracy_limit
            else []
        )
        return " ".join(words)


def make_plan(workload: str, *, core_limit: int | None = None, **fields: Any) -> Plan:
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


def plan_from_query(workload: str, query: Mapping[str, str], *, core_limit: int | None = None) -> Plan:
    """The plan that a page's URL names; unknown parameters are mistakes. Raises PlanError."""
    fields: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    for name, value in query.items():
        (fields if name in Plan.model_fields and name not in ("workload", "parameters") else parameters)[name] = value
    return make_plan(workload, core_limit=core_limit, parameters=parameters, **fields)


def _format_setting(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    # Fifteen digits bring every number back that a person has written.
    return f"{value:.15g}" if isinstance(value, float) else str(value)
