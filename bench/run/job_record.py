"""The record and the events of a job of either kind, race or measurement."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from bench.run.events import Event, RunOpened
from bench.run.measurement import (
    MeasurementEvent,
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
    if isinstance(event, RunOpened):
        return Run.open(event)
    if isinstance(event, MeasurementOpened):
        return MeasurementRecord.open(event)
    raise ValueError("the events do not begin with the opening of a race or a measurement")


def apply_event(record: JobRecord, event: JobEvent) -> None:
    """Add an event to a record. Raises ValueError if it is an event of the other kind of job."""
    if isinstance(record, MeasurementRecord):
        if not isinstance(event, MeasurementEvent):
            raise ValueError(f"a measurement has no event {event.type!r}")
        record.apply(event)
    else:
        if isinstance(event, MeasurementOpened | ProgressReported | ValueReported | ResultReported):
            raise ValueError(f"a race has no event {event.type!r}")
        record.apply(event)
