"""Plans as command lines."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from bench.plan.grid import CORES_PER, GridAxis
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


def format_sweep_command(plan: Plan, axes: Sequence[GridAxis]) -> str:
    """The command line that sweeps over `axes` again, with the other settings of `plan`."""
    names = {axis.name for axis in axes}
    default = make_plan(plan.workload, plan.case, cores=plan.cores)
    words = ["python -m bench sweep", plan.workload]
    if plan.case != find_workload(plan.workload).default_case.name:
        words.append(f"--case {plan.case}")
    for axis in axes:
        values = ",".join(format_setting(value) for value in axis.values)
        words.append(f"--over {shlex.quote(f'{axis.name}={values}')}")
    if "cores" not in names and not any(name.startswith(CORES_PER) for name in names):
        words.append(f"--cores {plan.cores}")
    words += [
        f"--{name.replace('_', '-')} {format_setting(getattr(plan, name))}"
        for name in ("batch", "baseline", "accelerated", "target", "seed", "accuracy_limit")
        if name not in names and getattr(plan, name) != getattr(default, name)
    ]
    fixed = {name: value for name, value in plan.parameters.items() if name not in names}
    words += _format_parameters(plan.model_copy(update={"parameters": fixed}), default)
    words.append(f"--budget-per-cell {format_setting(plan.budget_s)}")
    return " ".join(words)


def _format_parameters(plan: Plan, default: Plan) -> list[str]:
    return [
        f"--set {shlex.quote(f'{name}={format_setting(value)}')}"
        for name, value in plan.parameters.items()
        if value != default.parameters.get(name)
    ]
