"""The record and the events of a job of either kind, race or measurement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, TypeAdapter

from bench.run.events import Event, RunOpened
from bench.run.measurement import (
    MeasurementOpened,
    MeasurementRecord,
    ProgressReported,
    ResultReported,
    ValueReported,
)
from bench.run.record import Run

JobRecord = Run | MeasurementRecord

JobEvent = Annotated[
    Event | MeasurementOpened | ProgressReported | ValueReported | ResultReported, Field(discriminator="type")
]
job_event_adapter: TypeAdapter[JobEvent] = TypeAdapter(JobEvent)


def open_record(event: JobEvent) -> JobRecord:
    """The record that begins with `event`. Raises ValueError if `event` opens neither a race nor a measurement."""
    match event:
        case RunOpened():
            return Run.open(event)
        case MeasurementOpened():
            return MeasurementRecord.open(event)
    raise ValueError("the events do not begin with the opening of a race or a measurement")


def build_record(events: Iterable[JobEvent]) -> JobRecord:
    """The record of all `events`. Raises ValueError if there are none, or the first opens nothing."""
    events = iter(events)
    first = next(events, None)
    if first is None:
        raise ValueError("there are no events")
    record = open_record(first)
    for event in events:
        record.apply(event)
    return record
