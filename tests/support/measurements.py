"""Measurements that were never run: records with given reports and result."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from bench.machine.describe import describe_machine
from bench.plan.command import format_measure_command
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.events import RECORD_VERSION, State, StateChanged
from bench.run.measurement import MeasurementRecord, ProgressReported, ResultReported, ValueReported
from bench.run.snapshot import take_snapshot
from bench.scheduler.order import order_measurement
from bench.storage.store import Store

DURATION_S = 7.0


def make_measurement(
    workload: str,
    task: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    reports: Sequence[tuple[str, BaseModel]] = (),
    result: BaseModel | None = None,
    state: State = State.FINISHED,
    plan: Mapping[str, Any] | None = None,
    **fields: Any,
) -> MeasurementRecord:
    """A measurement on this machine that took `DURATION_S`. `fields` are fields of the record to replace."""
    resolved = resolve(make_plan(workload, **({"cores": 1} | dict(plan or {}))))
    order = order_measurement(resolved.plan, task, arguments or {}, origin="page", requester="ada")
    snapshot = take_snapshot(resolved)
    command = format_measure_command(resolved.plan, task, order.arguments)
    record = MeasurementRecord(
        version=RECORD_VERSION,
        id=order.job_id,
        plan=resolved.plan,
        snapshot=snapshot.model_copy(update={"command": command}),
        task=task,
        task_label=resolved.workload.tasks.task(task).label,
        digest=order.digest,
        arguments=order.arguments,
        machine=describe_machine(),
        started=datetime.now(UTC),
        origin=order.origin,
        requester=order.requester,
    )
    record.apply(ProgressReported(at=0.5, text="importing the libraries"))
    for name, value in reports:
        record.apply(ValueReported(at=1.0, name=name, value=value.model_dump(mode="json")))
    if result is not None:
        record.apply(ResultReported(at=DURATION_S, result=result.model_dump(mode="json")))
    record.apply(StateChanged(at=DURATION_S, state=state))
    return record.model_copy(update=fields)


def store_measurement(*args: Any, **fields: Any) -> MeasurementRecord:
    """`make_measurement`, stored."""
    record = make_measurement(*args, **fields)
    Store().save(record)
    return record
