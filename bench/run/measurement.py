"""A measurement: one task of a workload, run as a job, with what it reported and its result.

A `MeasurementRecord` is the sum of its events, as a `bench.run.record.Run` is the sum of a race's events. `reports` are
values that arrive while the task works, for example the points of a curve; `result` arrives once, at the end. Both are
stored as plain JSON objects, so that a record stays readable when the workload's models change. Pages read them through
the models that the workload declares for the task: `reports_as`, `result_as`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from bench.machine.model import Machine
from bench.plan.plan import Plan
from bench.run.events import RECORD_VERSION, RunFailed, State, StateChanged
from bench.run.job import JobKind, Origin
from bench.run.snapshot import DeclarationSnapshot
from bench.values.arms import Failure
from bench.values.base import Value

MAX_PROGRESS_LINES = 2_000
"""Longest list of progress lines that a record keeps; the oldest are dropped."""

M = TypeVar("M", bound=BaseModel)


class MeasurementOpened(Value):
    type: Literal["measurement opened"] = "measurement opened"
    at: float = 0.0
    version: Literal[3] = RECORD_VERSION
    id: str
    plan: Plan
    snapshot: DeclarationSnapshot
    task: str
    task_label: str
    digest: str
    """See `measurement_digest`."""
    arguments: dict[str, Any]
    machine: Machine
    started: datetime
    origin: Origin
    requester: str
    owner: str = ""
    """See `RunOpened.owner`."""
    pid: int


class ProgressReported(Value):
    """A line of text that says what the task does now."""

    type: Literal["progress line"] = "progress line"
    at: float
    text: str
    share: float | None = None
    """How much of it is done, 0 to 1; None if that is not known."""


class ValueReported(Value):
    """A value that the task measured."""

    type: Literal["value"] = "value"
    at: float
    name: str
    """One of the names in the task's declaration."""
    value: dict[str, Any]


class ResultReported(Value):
    type: Literal["result"] = "result"
    at: float
    result: dict[str, Any]


MeasurementEvent = MeasurementOpened | ProgressReported | ValueReported | ResultReported | StateChanged | RunFailed


class ProgressLine(Value):
    at: float
    """Seconds since the start of the measurement."""
    text: str
    share: float | None = None


class ReportedValue(Value):
    at: float
    name: str
    value: dict[str, Any]


class MeasurementRecord(BaseModel):
    """A measurement as it is stored, drawn and exported."""

    model_config = ConfigDict(extra="forbid")

    version: int
    id: str
    plan: Plan
    snapshot: DeclarationSnapshot
    task: str
    task_label: str
    digest: str
    arguments: dict[str, Any]
    machine: Machine
    started: datetime
    origin: str
    requester: str
    owner: str = Field(default="", exclude=True, repr=False)
    """See `Run.owner`."""
    state: State = State.PREPARING
    ended_at: float | None = None
    """Seconds from `started` to the end of the measurement."""
    why: str = ""
    """The reason for the present state, if it is not the usual one."""
    progress: list[ProgressLine] = Field(default_factory=list[ProgressLine])
    reports: list[ReportedValue] = Field(default_factory=list[ReportedValue])
    result: dict[str, Any] | None = None
    failure: Failure | None = None
    last_at: float = 0.0
    """Time of the last event, in seconds after `started`."""
    edited: bool = Field(default=False, exclude=True)
    """See `bench.run.record.Run.edited`."""

    @property
    def kind(self) -> JobKind:
        return JobKind.MEASUREMENT

    @classmethod
    def open(cls, opened: MeasurementOpened) -> MeasurementRecord:
        return cls(
            version=opened.version,
            id=opened.id,
            plan=opened.plan,
            snapshot=opened.snapshot,
            task=opened.task,
            task_label=opened.task_label,
            digest=opened.digest,
            arguments=opened.arguments,
            machine=opened.machine,
            started=opened.started,
            origin=opened.origin,
            requester=opened.requester,
            owner=opened.owner,
        )

    @classmethod
    def from_events(cls, events: Iterable[MeasurementEvent]) -> MeasurementRecord:
        """Raises ValueError if the first event does not open a measurement."""
        events = iter(events)
        first = next(events, None)
        if not isinstance(first, MeasurementOpened):
            raise ValueError("the events do not begin with the opening of a measurement")
        record = cls.open(first)
        for event in events:
            record.apply(event)
        return record

    def apply(self, event: MeasurementEvent) -> None:
        self.last_at = event.at
        match event:
            case MeasurementOpened():
                raise ValueError("a measurement is opened once")
            case ProgressReported():
                self._add_progress(ProgressLine(at=event.at, text=event.text, share=event.share))
            case ValueReported():
                self.reports.append(ReportedValue(at=event.at, name=event.name, value=event.value))
            case ResultReported():
                self.result = event.result
            case StateChanged():
                self.state, self.why = event.state, event.why
                if event.state.over:
                    self.ended_at = event.at
            case RunFailed():
                self.failure = event.failure

    def _add_progress(self, line: ProgressLine) -> None:
        last = self.progress[-1] if self.progress else None
        # A larger share continues the previous line: "3 of 10" replaces "2 of 10". The first line of an activity
        # stays, because it says when the activity began.
        if last and last.share is not None and line.share is not None and last.share < line.share:
            activity, _, detail = line.text.partition(":")
            if not detail or (len(self.progress) > 1 and self.progress[-2].text.partition(":")[0] == activity):
                self.progress.pop()
        self.progress.append(line)
        del self.progress[:-MAX_PROGRESS_LINES]

    @property
    def seconds(self) -> float:
        """Duration of the measurement, up to its last event if it has not ended."""
        return self.last_at if self.ended_at is None else self.ended_at

    @property
    def ended(self) -> datetime | None:
        return None if self.ended_at is None else self.started + timedelta(seconds=self.ended_at)

    def reports_as(self, name: str, model: type[M]) -> list[M]:
        """The reports called `name`, in order. Raises pydantic.ValidationError if they do not fit `model`."""
        return [model.model_validate(report.value) for report in self.reports if report.name == name]

    def first_report_as(self, name: str, model: type[M]) -> M | None:
        return next((model.model_validate(report.value) for report in self.reports if report.name == name), None)

    def arguments_as(self, model: type[M]) -> M:
        return model.model_validate(self.arguments)

    def result_as(self, model: type[M]) -> M | None:
        """The result; None if the measurement has not finished."""
        return None if self.result is None else model.model_validate(self.result)

    def report(self) -> dict[str, Any]:
        """The record as JSON for a person or a program."""
        report = self.model_dump(mode="json", exclude={"last_at"})
        return report | {"edited_after_it_was_stored": self.edited}


def measurement_digest(plan: Plan, task: str, arguments: Mapping[str, Any], depends_on: Iterable[str]) -> str:
    """Sixteen hexadecimal digits that are equal for measurements whose results can replace each other.

    Covers the workload, task, arguments, cores and seed, and the settings in `depends_on`: names of parameters or of
    fields of a plan. A parameter that the plan's case does not have is left out. Other settings do not change the
    result.
    """
    settings = {name: value for name, value in _plan_settings(plan).items() if name in set(depends_on)}
    identity = [plan.workload, task, dict(arguments), plan.cores, plan.seed, settings]
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plan_settings(plan: Plan) -> dict[str, Any]:
    """The fields and the parameters of a plan by name."""
    return plan.model_dump(exclude={"parameters"}) | plan.parameters
