"""The events of a race. A journal is a file of them in order, one JSON object per line.

Page, command line, store and tests get everything about a run from these events; a `bench.run.record.Run` is the sum of
them. `at` is the time of an event in seconds after the opening of the run.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bench import values
from bench.machine.model import Machine
from bench.machine.noise import Noise
from bench.plan.plan import Plan
from bench.run.job import Origin
from bench.run.snapshot import DeclarationSnapshot
from bench.values import Arm, Value

RECORD_VERSION = 2
"""Version of the schema of journals and stored records. Version 1 is that of Fairlap 0.1.0."""


class State(StrEnum):
    """What a job is doing, or how it ended."""

    PREPARING = "preparing"
    WARMING_UP = "warming up"
    RACING = "racing"
    CHECKING = "checking the results"
    CORES = "trying core counts"
    NOISE = "measuring the noise"
    MEASURING = "measuring"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self in (State.FINISHED, State.STOPPED, State.FAILED, State.INTERRUPTED)


class RunOpened(Value):
    type: Literal["opened"] = "opened"
    at: float = 0.0
    version: Literal[2] = RECORD_VERSION
    run: str
    plan: Plan
    snapshot: DeclarationSnapshot
    digest: str
    """Digest of the plan."""
    machine: Machine
    started: datetime
    origin: Origin
    requester: str
    """User name of the person who asked for the run."""
    pid: int


class StateChanged(Value):
    """The run has entered another state."""

    type: Literal["moved"] = "moved"
    at: float
    state: State
    why: str = ""
    """The reason, if it is not the usual course of a run."""


class ArmProgressed(Value):
    """What an arm is doing while nothing of it is timed."""

    type: Literal["progress"] = "progress"
    at: float
    arm: Arm
    cores: int
    text: str
    """The activity, and after a colon how far it has come: `measuring accuracy: 120 of 425 questions`."""
    share: float | None = Field(default=None, ge=0, le=1)
    """How much of the activity is done; None if that is not known."""


class ArmRested(Value):
    """An arm has done what it was asked for, and waits."""

    type: Literal["rested"] = "rested"
    at: float
    arm: Arm
    cores: int


class ArmPrepared(Value):
    type: Literal["prepared"] = "prepared"
    at: float
    prepared: values.PreparedArm


class SampleTaken(Value):
    type: Literal["sample"] = "sample"
    at: float
    sample: values.Sample


class TelemetryRead(Value):
    type: Literal["telemetry"] = "telemetry"
    at: float
    reading: values.Reading


class ThreadsPlaced(Value):
    type: Literal["placed"] = "placed"
    at: float
    placement: values.Placement


class RatiosEstimated(Value):
    """The statistics so far, of the total and of every step."""

    type: Literal["estimate"] = "estimate"
    at: float
    pairs: int
    comparisons: list[values.Comparison]


class EvidenceCollected(Value):
    type: Literal["evidence"] = "evidence"
    at: float
    arm: Arm
    evidence: list[values.Evidence]
    thread_pools: list[values.ThreadPool] = Field(default_factory=list[values.ThreadPool])
    """The BLAS and OpenMP libraries that were loaded in the arm's process."""


class QualityMeasured(Value):
    """The quality of both arms, the pictures that they made, and tables of what differs between them."""

    type: Literal["quality"] = "quality"
    at: float
    quality: values.Quality
    pictures: dict[Arm, list[values.Picture]] = Field(default_factory=dict[Arm, list[values.Picture]])
    tables: list[values.Table] = Field(default_factory=list[values.Table])


class CoreCountsTried(Value):
    type: Literal["cores"] = "cores"
    at: float
    counts: list[values.CoreCount]
    best_ratio: values.Interval | None
    """Median time of the baseline at its best core count over that of the accelerated arm at its best; None from too
    few rounds. Journals of older versions have it from three rounds on: see `bench.claims.best_core_counts`."""


class CoreCountSkipped(Value):
    """Another core count was not tried."""

    type: Literal["skipped"] = "skipped"
    at: float
    cores: int
    why: str
    """The reason, as a clause."""


class NoiseMeasured(Value):
    """The noise of the machine at rest, measured after the race."""

    type: Literal["noise"] = "noise"
    at: float
    noise: Noise | None
    why: str = ""
    """Why the noise was not measured."""


class ClaimsDecided(Value):
    """The claims of the total and of every step, the total first."""

    type: Literal["verdict"] = "verdict"
    at: float
    claims: list[values.Claim]


class RunFailed(Value):
    type: Literal["failed"] = "failed"
    at: float
    failure: values.Failure


Event = Annotated[
    RunOpened
    | StateChanged
    | ArmProgressed
    | ArmRested
    | ArmPrepared
    | SampleTaken
    | TelemetryRead
    | ThreadsPlaced
    | RatiosEstimated
    | EvidenceCollected
    | QualityMeasured
    | CoreCountsTried
    | CoreCountSkipped
    | NoiseMeasured
    | ClaimsDecided
    | RunFailed,
    Field(discriminator="type"),
]

event_adapter: TypeAdapter[Event] = TypeAdapter(Event)
