"""What a dispatcher tells the process that runs a job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from bench.plan.plan import Plan
from bench.plan.validation import find_workload
from bench.run.job import JobKind, Origin, current_requester
from bench.run.measurement import measurement_digest
from bench.values import Value
from bench.workload.arguments import check_arguments
from bench.workload.interface import BadInput


class JobOrder(Value):
    """A job as it was submitted; sent as one JSON line."""

    job_id: str
    kind: JobKind
    plan: Plan
    origin: Origin
    requester: str
    task: str = ""
    """Name of the workload's task, for a measurement."""
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The task's arguments, already checked against its declaration."""
    digest: str
    """Equal for jobs whose results can replace each other: the plan's digest, or `measurement_digest`."""


def order_race(plan: Plan, *, origin: Origin, requester: str | None = None) -> JobOrder:
    return JobOrder(
        job_id=uuid.uuid4().hex,
        kind=JobKind.RACE,
        plan=plan,
        origin=origin,
        requester=requester or current_requester(),
        digest=plan.digest,
    )


def order_measurement(
    plan: Plan, task: str, arguments: Mapping[str, Any], *, origin: Origin, requester: str | None = None
) -> JobOrder:
    """Raises BadInput if the arguments or the case do not fit the task, and KeyError if there is no such task."""
    declared = find_workload(plan.workload).tasks.task(task)
    if declared.cases and plan.case not in declared.cases:
        raise BadInput(
            f"{declared.label} cannot be measured for the case {plan.case}",
            f"Select one of the cases {', '.join(declared.cases)}.",
        )
    checked = check_arguments(declared, arguments).model_dump(mode="json")
    return JobOrder(
        job_id=uuid.uuid4().hex,
        kind=JobKind.MEASUREMENT,
        plan=plan,
        origin=origin,
        requester=requester or current_requester(),
        task=task,
        arguments=checked,
        digest=measurement_digest(plan, task, checked, declared.depends_on),
    )


def measurement_key(plan: Plan, task: str, arguments: Mapping[str, Any]) -> str:
    """The digest that a measurement of `task` would have. Raises BadInput and KeyError like `order_measurement`."""
    return order_measurement(plan, task, arguments, origin="page").digest
