"""What a race and a worker say to each other: JSON objects, one a line, on a pipe of their own in each direction.

Version 1. The race asks, the worker answers; between a request and its answer the worker may send any number of
`progress` lines. A worker sends `hello` unasked when it starts. `broke` may stand for any answer. Both sides validate
every line; a line that does not fit ends the run with a clear error. The worker's stdout and stderr are its log and no
part of the protocol.

    race   -> worker   prepare   repeat   place      testify     conclude    compare    (end of file)
    worker -> race     prepared  repeated placed     testified   concluded   compared   (exit 0)

A task's process (see `bench.scheduler.tasks`) is asked to `do` one, and answers `done`; in between it may send `progress` and
`event` lines.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from bench.values import Evidence, Measure, Measurement, Picture, Service, Table, Value
from bench.workload.declaration import Setting, Settings

VERSION = 1


class Work(Value):
    """What a process is told of the plan, whatever it is to do."""

    version: int = VERSION
    cores: list[int]
    batch: int
    parameters: dict[str, Setting]
    seed: int
    scratch: str
    uploads: str
    cache: str

    def settings(self, lever: str = "") -> Settings:
        """The same as an arm and a desk know it."""
        return Settings(
            lever=lever,
            cores=len(self.cores),
            batch=self.batch,
            parameters=self.parameters,
            seed=self.seed,
            scratch=Path(self.scratch),
            uploads=Path(self.uploads),
            cache=Path(self.cache),
        )


class Prepare(Work):
    type: Literal["prepare"] = "prepare"
    arm: str
    lever: str


class Repeat(Value):
    type: Literal["repeat"] = "repeat"
    repetition: int
    calls: dict[str, int] = Field(default_factory=dict)
    """Calls of each step inside this repetition; 1 where a step is not named."""


class Place(Value):
    """Give each thread that has run a core of its own, or let all threads use all cores again."""

    type: Literal["place"] = "place"
    spread: bool


class Testify(Value):
    type: Literal["testify"] = "testify"


class Conclude(Value):
    type: Literal["conclude"] = "conclude"


class Compare(Value):
    type: Literal["compare"] = "compare"
    other: str
    """Folder of the other arm's results."""


class Hello(Value):
    type: Literal["hello"] = "hello"
    version: int = VERSION
    pid: int


class Progress(Value):
    type: Literal["progress"] = "progress"
    text: str
    share: float | None = Field(default=None, ge=0, le=1)
    """How much of what `text` names is done, where that is known."""


class Prepared(Value):
    type: Literal["prepared"] = "prepared"
    work: float = Field(gt=0)
    work_of: dict[str, float] = Field(default_factory=dict)
    data: str
    facts: dict[str, str] = Field(default_factory=dict)
    synthetic: str = ""
    service: Service | None = None


class Repeated(Value):
    type: Literal["repeated"] = "repeated"
    measurement: Measurement


class Placed(Value):
    type: Literal["placed"] = "placed"
    threads: int


class Testified(Value):
    type: Literal["testified"] = "testified"
    evidence: list[Evidence]


class Concluded(Value):
    type: Literal["concluded"] = "concluded"
    measures: list[Measure]
    pictures: list[Picture]


class Compared(Value):
    type: Literal["compared"] = "compared"
    measures: list[Measure]
    tables: list[Table] = Field(default_factory=list)


class Broke(Value):
    type: Literal["broke"] = "broke"
    what: str
    remedy: str = ""


class Do(Work):
    """Do a task of a workload."""

    type: Literal["do"] = "do"
    desk: str
    task: str
    given: dict[str, Any]
    """What the task alone wants to know."""


class Event(Value):
    """Something of interest that happened in a task."""

    type: Literal["event"] = "event"
    name: str
    value: dict[str, Any]


class Done(Value):
    type: Literal["done"] = "done"
    value: dict[str, Any]


Request = Annotated[Prepare | Repeat | Place | Testify | Conclude | Compare, Field(discriminator="type")]
Reply = Annotated[
    Hello | Progress | Prepared | Repeated | Placed | Testified | Concluded | Compared | Broke,
    Field(discriminator="type"),
]

requests: TypeAdapter[Request] = TypeAdapter(Request)
replies: TypeAdapter[Reply] = TypeAdapter(Reply)
dos: TypeAdapter[Do] = TypeAdapter(Do)
task_replies: TypeAdapter[Progress | Event | Done | Broke] = TypeAdapter(
    Annotated[Progress | Event | Done | Broke, Field(discriminator="type")]
)
