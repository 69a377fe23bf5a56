"""The messages between a race and its workers, and between the owner of a task and its process.

JSON objects, one per line, on a pipe of their own in each direction. The owner asks and the worker answers; between a
request and its answer the worker may send any number of `progress` messages. An arm's worker sends `hello` when it
starts. `broke` may replace any answer. Both sides validate every line; a line that does not fit ends the job with an
error. Standard output and standard error of a worker are its log and not part of the protocol.

    race   -> worker   prepare   repeat   place      testify     conclude    compare    (end of file)
    worker -> race     prepared  repeated placed     testified   concluded   compared   (exit 0)

The process of a task (see `bench.scheduler.task_process`) is asked to `do` one and answers with its `result`; before
that it may send `progress` and `report` messages.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from bench.values.arms import RacedInput, Service, ThreadPool
from bench.values.base import Value
from bench.values.output import Picture, Table
from bench.values.quality import Measure
from bench.values.samples import Evidence, Repetition
from bench.workload.interface import Settings
from bench.workload.parameters import Setting

VERSION = 1


class WorkRequest(Value):
    """The settings of a plan that every process gets."""

    version: int = VERSION
    case: str
    baseline: str
    """The lever's value in the baseline arm."""
    accelerated: str
    """The lever's value in the accelerated arm."""
    cores: list[int]
    batch: int
    parameters: dict[str, Setting]
    seed: int
    scratch: str
    uploads: str
    cache: str

    def settings(self, lever: str = "") -> Settings:
        """The same for an arm or a task handler."""
        return Settings(
            case=self.case,
            lever=lever,
            cores=len(self.cores),
            batch=self.batch,
            parameters=self.parameters,
            seed=self.seed,
            scratch=Path(self.scratch),
            uploads=Path(self.uploads),
            cache=Path(self.cache),
            baseline=self.baseline,
            accelerated=self.accelerated,
        )


class Prepare(WorkRequest):
    type: Literal["prepare"] = "prepare"
    arm: str
    lever: str


class Repeat(Value):
    type: Literal["repeat"] = "repeat"
    repetition: int
    calls: dict[str, int] = Field(default_factory=dict)
    """Number of calls of each step inside this repetition; 1 for a step without an entry."""
    requests: list[str] = Field(default_factory=list)
    """The steps whose calls are requests: each call is timed on its own."""
    in_race: bool = False
    """Whether the sample is one of a pair of the race."""


class Place(Value):
    """Give each thread that has run a core of its own (`spread`), or give all threads back their earlier cores."""

    type: Literal["place"] = "place"
    spread: bool


class CollectEvidence(Value):
    type: Literal["testify"] = "testify"


class MeasureQuality(Value):
    type: Literal["conclude"] = "conclude"


class CompareResults(Value):
    type: Literal["compare"] = "compare"
    other: str
    """Path of the folder with the other arm's results."""


class Hello(Value):
    type: Literal["hello"] = "hello"
    version: int = VERSION
    pid: int


class ProgressMessage(Value):
    type: Literal["progress"] = "progress"
    text: str
    share: float | None = Field(default=None, ge=0, le=1)
    """How much of the work is done; None if that is not known."""


class PreparedReply(Value):
    type: Literal["prepared"] = "prepared"
    work: float = Field(gt=0)
    step_work: dict[str, float] = Field(default_factory=dict)
    data: str
    facts: dict[str, str] = Field(default_factory=dict)
    inputs: list[RacedInput] = Field(default_factory=list)
    synthetic: str = ""
    bias: str = ""
    handicap: str = ""
    service: Service | None = None
    first_call_s: dict[str, float] = Field(default_factory=dict)
    """Seconds of the first call of each step; empty if the arm has made none."""
    call_s: dict[str, float] = Field(default_factory=dict)
    """Seconds of a later call of each of these steps."""

    @model_validator(mode="after")
    def _check_calls(self) -> Self:
        if self.first_call_s.keys() != self.call_s.keys():
            raise ValueError(
                f"first_call_s has steps {list(self.first_call_s)} and call_s {list(self.call_s)}: they must be equal"
            )
        return self


class RepeatedReply(Value):
    type: Literal["repeated"] = "repeated"
    repetition: Repetition


class PlacedReply(Value):
    type: Literal["placed"] = "placed"
    threads: int


class EvidenceReply(Value):
    type: Literal["testified"] = "testified"
    evidence: list[Evidence]
    thread_pools: list[ThreadPool] = Field(default_factory=list)


class QualityReply(Value):
    type: Literal["concluded"] = "concluded"
    measures: list[Measure]
    pictures: list[Picture]


class ComparisonReply(Value):
    type: Literal["compared"] = "compared"
    measures: list[Measure]
    tables: list[Table] = Field(default_factory=list)


class ErrorReply(Value):
    type: Literal["broke"] = "broke"
    what: str
    remedy: str = ""
    is_input: bool = False
    """Whether the input is at fault, and not the process that read it."""


class DoTask(WorkRequest):
    """Do a task of a workload."""

    type: Literal["do"] = "do"
    workload: str
    task: str
    arguments: dict[str, Any]
    """Fits the model that the task declares."""


class ReportMessage(Value):
    """A value that a task has measured."""

    type: Literal["report"] = "report"
    name: str
    value: dict[str, Any]
    """Fits the model that the task declares for `name`."""


class ResultReply(Value):
    type: Literal["result"] = "result"
    value: dict[str, Any]
    """Fits the result model that the task declares."""


Request = Annotated[
    Prepare | Repeat | Place | CollectEvidence | MeasureQuality | CompareResults, Field(discriminator="type")
]
Reply = Annotated[
    Hello
    | ProgressMessage
    | PreparedReply
    | RepeatedReply
    | PlacedReply
    | EvidenceReply
    | QualityReply
    | ComparisonReply
    | ErrorReply,
    Field(discriminator="type"),
]

request_adapter: TypeAdapter[Request] = TypeAdapter(Request)
reply_adapter: TypeAdapter[Reply] = TypeAdapter(Reply)
task_request_adapter: TypeAdapter[DoTask] = TypeAdapter(DoTask)
task_reply_adapter: TypeAdapter[ProgressMessage | ReportMessage | ResultReply | ErrorReply] = TypeAdapter(
    Annotated[ProgressMessage | ReportMessage | ResultReply | ErrorReply, Field(discriminator="type")]
)
