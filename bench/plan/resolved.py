"""A plan together with the declarations that it refers to today."""

from __future__ import annotations

from dataclasses import dataclass

from bench.plan.plan import Plan
from bench.plan.validation import find_case, find_workload
from bench.values.base import Arm
from bench.values.samples import TOTAL
from bench.workload.cases import TOTAL_LABEL, Case, Code, PublishedRatio, Step
from bench.workload.declaration import Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter


@dataclass(frozen=True, slots=True)
class ResolvedPlan:
    """A plan and what it refers to."""

    plan: Plan
    workload: Workload
    case: Case
    lever: Lever
    steps: tuple[Step, ...]
    """The steps that the plan times, in order."""
    parameters: tuple[Parameter, ...]
    """The declared parameters: those of the workload, then those of the case."""

    def labels(self) -> dict[str, str]:
        """Label of the total and of every timed step, by name."""
        return {TOTAL: TOTAL_LABEL} | {step.name: step.label for step in self.steps}

    def lever_value(self, arm: Arm) -> LeverValue:
        """The lever's value in `arm`. Raises KeyError if the lever has no such value today."""
        return self.lever[self.plan.lever_value(arm)]

    def code(self) -> Code:
        """The code of both arms. Raises KeyError if the lever has no such values today."""
        before, after = (self.lever_value(arm).code for arm in Arm)
        return Code(before, after) if before and after else self.case.code_for(self.plan.parameters)

    def published_ratios(self) -> dict[str, PublishedRatio]:
        """The ratios that were published for the total and for the timed steps, by name, if their sources compared the
        values of the plan."""
        timed, values = {TOTAL, *(step.name for step in self.steps)}, (self.plan.baseline, self.plan.accelerated)
        return {
            name: published
            for name, published in self.case.published_ratios().items()
            if name in timed and published.values in (None, values)
        }

    def own_inputs(self) -> dict[str, str]:
        """The settings that name a file, an upload or a model that does not come with the workload."""
        settings = {parameter.name: self.plan.parameters[parameter.name] for parameter in self.parameters}
        return {
            parameter.name: str(settings[parameter.name])
            for parameter in self.parameters
            if parameter.takes_files and settings[parameter.name] not in parameter.choices
        }

    def unavailable(self) -> str:
        """Why the plan cannot run on this machine, and what to do about it; empty if it can. Imports no library."""
        reasons = [self.workload.unavailable(), *(self.lever_value(arm).unavailable() for arm in Arm)]
        reasons += [parameter.unavailable(self.plan.parameters[parameter.name]) for parameter in self.parameters]
        return next(filter(None, reasons), "")


def resolve(plan: Plan) -> ResolvedPlan:
    """Look up the declarations of `plan`. Raises PlanError if its workload or its case no longer exists."""
    workload = find_workload(plan.workload)
    case = find_case(workload, plan.case)
    return ResolvedPlan(
        plan=plan,
        workload=workload,
        case=case,
        lever=workload.lever_of(case),
        steps=case.steps_for(plan.parameters),
        parameters=workload.parameters_of(case),
    )
