"""What a dispatcher tells the process that runs a job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Required, TypedDict, Unpack

from pydantic import Field

from bench.machine.model import Machine
from bench.plan.command import format_measure_command
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import find_workload
from bench.run.events import RunOpened
from bench.run.files import order_path
from bench.run.job import JobKind, Origin, current_requester
from bench.run.measurement import MeasurementOpened, measurement_digest
from bench.run.opening import open_run
from bench.run.snapshot import take_snapshot
from bench.system.cache_entry import write_atomically
from bench.values.base import Value
from bench.values.selection import Selection
from bench.workload.arguments import check_arguments
from bench.workload.interface import BadInput


class JobOrder(Value):
    """A job as it was submitted; sent as one JSON line."""

    job_id: str
    kind: JobKind
    plan: Plan
    origin: Origin
    requester: str
    owner: str = ""
    """See `RunOpened.owner`."""
    time_limit_s: float | None = None
    """The job is stopped after so many seconds; None for no limit."""
    selection: Selection | None = None
    """Of a race: see `RunOpened.selection`."""
    parent_id: str = ""
    """Of a race: see `RunOpened.parent_id`."""
    ends_without_win: bool = False
    """Of a race: see `RunOpened.ends_without_win`."""
    waits_for_start: bool = False
    """Of a race: its arms get ready, and then it waits for a `StartRequest`. It ends without a trace if another job
    waits for the machine before that, see `bench.scheduler.held_race`."""
    task: str = ""
    """Name of the workload's task, for a measurement."""
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    """The task's arguments, already checked against its declaration."""
    digest: str
    """Equal for jobs whose results can replace each other: the plan's digest, or `measurement_digest`."""


class WaitingOrder(Value):
    """A job that waits, as it is on disk: if its process dies, the next start of Fairlap stores it as interrupted."""

    order: JobOrder
    submitted: datetime


def write_order(order: JobOrder) -> None:
    """Keep an order on disk while it waits. Raises OSError."""
    waiting = WaitingOrder(order=order, submitted=datetime.now(UTC))
    write_atomically(order_path(order.job_id), waiting.model_dump_json().encode())


def open_job(order: JobOrder, machine: Machine, *, started: datetime, pid: int) -> RunOpened | MeasurementOpened:
    """The first event of a job. Raises PlanError or KeyError if today's declarations no longer have its work."""
    if order.kind is JobKind.RACE:
        return open_run(
            order.plan,
            run_id=order.job_id,
            machine=machine,
            started=started,
            origin=order.origin,
            requester=order.requester,
            owner=order.owner,
            selection=order.selection,
            parent_id=order.parent_id,
            ends_without_win=order.ends_without_win,
            pid=pid,
        )
    resolved = resolve(order.plan)
    command = format_measure_command(order.plan, order.task, order.arguments)
    return MeasurementOpened(
        id=order.job_id,
        plan=order.plan,
        snapshot=take_snapshot(resolved).model_copy(update={"command": command}),
        task=order.task,
        task_label=resolved.workload.tasks.task(order.task).label,
        digest=order.digest,
        arguments=order.arguments,
        machine=machine,
        started=started,
        origin=order.origin,
        requester=order.requester,
        owner=order.owner,
        pid=pid,
    )


class Submission(TypedDict, total=False):
    """Who submits a job, from where, how long it may take, how its stages were chosen, and which sweep it belongs to:
    fields of its JobOrder."""

    origin: Required[Origin]
    requester: str
    """`current_requester()` if nothing is given."""
    owner: str
    time_limit_s: float | None
    selection: Selection | None
    parent_id: str
    ends_without_win: bool
    waits_for_start: bool


def order_race(plan: Plan, **submission: Unpack[Submission]) -> JobOrder:
    return _make_order(submission, kind=JobKind.RACE, plan=plan, digest=plan.digest)


def order_measurement(
    plan: Plan, task: str, arguments: Mapping[str, Any], **submission: Unpack[Submission]
) -> JobOrder:
    """Raises BadInput if the arguments or the case do not fit the task, and KeyError if there is no such task."""
    declared = find_workload(plan.workload).tasks.task(task)
    if declared.cases and plan.case not in declared.cases:
        raise BadInput(
            f"{declared.label} cannot be measured for the case {plan.case}",
            f"Select one of the cases {', '.join(declared.cases)}.",
        )
    checked = check_arguments(declared, arguments).model_dump(mode="json")
    return _make_order(
        submission,
        kind=JobKind.MEASUREMENT,
        plan=plan,
        task=task,
        arguments=checked,
        digest=measurement_digest(plan, task, checked, declared.depends_on),
    )


def _make_order(submission: Submission, **job: Any) -> JobOrder:
    return JobOrder(**{"job_id": uuid.uuid4().hex, "requester": current_requester(), **submission, **job})


def measurement_key(plan: Plan, task: str, arguments: Mapping[str, Any]) -> str:
    """The digest that a measurement of `task` would have. Raises BadInput and KeyError like `order_measurement`."""
    return order_measurement(plan, task, arguments, origin="page").digest
