"""The record and the events of a job of either kind, race or measurement."""

from __future__ import annotations

from collections.abc import Iterable
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


def build_record(events: Iterable[JobEvent]) -> JobRecord:
    """The record of all `events`. Raises ValueError if they are not those of one job, in order."""
    events = iter(events)
    first = next(events, None)
    if first is None:
        raise ValueError("there are no events")
    record = open_record(first)
    for event in events:
        apply_event(record, event)
    return record
