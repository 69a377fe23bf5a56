"""Plans as command lines."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from bench.plan.plan import Plan, format_setting
from bench.plan.validation import find_workload, make_plan


def format_command(plan: Plan) -> str:
    """The command line that runs `plan` again. Cores, batch and time budget are always included."""
    default = make_plan(plan.workload, plan.case, cores=plan.cores)
    words = ["python -m bench run", plan.workload]
    if plan.case != find_workload(plan.workload).default_case.name:
        words.append(f"--case {plan.case}")
    words += [f"--cores {plan.cores}", f"--batch {plan.batch}"]
    if plan.baseline != default.baseline:
        words.append(f"--baseline {plan.baseline}")
    if plan.accelerated != default.accelerated:
        words.append(f"--accelerated {plan.accelerated}")
    words += _format_parameters(plan, default)
    words.append(f"--budget {format_setting(plan.budget_s)}")
    if plan.target != default.target:
        words.append(f"--target {format_setting(plan.target)}")
    if plan.seed != default.seed:
        words.append(f"--seed {plan.seed}")
    if plan.accuracy_limit != default.accuracy_limit:
        words.append(f"--accuracy-limit {format_setting(plan.accuracy_limit)}")
    return " ".join(words)


def format_measure_command(plan: Plan, task: str, arguments: Mapping[str, Any]) -> str:
    """The command line that measures `task` again, with the settings of `plan`."""
    default = make_plan(plan.workload, plan.case, cores=plan.cores)
    words = ["python -m bench measure", plan.workload, task]
    if plan.case != find_workload(plan.workload).default_case.name:
        words.append(f"--case {plan.case}")
    words.append(f"--cores {plan.cores}")
    words += [
        f"--{name} {getattr(plan, name)}"
        for name in ("batch", "baseline", "accelerated", "seed")
        if getattr(plan, name) != getattr(default, name)
    ]
    words += _format_parameters(plan, default)
    if arguments:
        words.append(f"--arguments {shlex.quote(json.dumps(dict(arguments), ensure_ascii=False))}")
    return " ".join(words)


def _format_parameters(plan: Plan, default: Plan) -> list[str]:
    return [
        f"--set {shlex.quote(f'{name}={format_setting(value)}')}"
        for name, value in plan.parameters.items()
        if value != default.parameters.get(name)
    ]
