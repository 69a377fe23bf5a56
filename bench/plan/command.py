"""Plans as command lines."""

from __future__ import annotations

import shlex

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
    words += [
        f"--set {shlex.quote(f'{name}={format_setting(value)}')}"
        for name, value in plan.parameters.items()
        if value != default.parameters.get(name)
    ]
    words.append(f"--budget {format_setting(plan.budget_s)}")
    if plan.target != default.target:
        words.append(f"--target {format_setting(plan.target)}")
    if plan.seed != default.seed:
        words.append(f"--seed {plan.seed}")
    if plan.accuracy_limit != default.accuracy_limit:
        words.append(f"--accuracy-limit {format_setting(plan.accuracy_limit)}")
    return " ".join(words)
