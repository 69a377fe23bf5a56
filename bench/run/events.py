"""What a race tells, as typed events. The journal is a file of them, one JSON object a line, in order.

Page, command line, store and tests all learn of a run through these alone; `bench.run.record.Run` is their sum.
`at` counts seconds from the opening of the run.
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
    """Where a run stands."""

    PREPARING = "preparing"
    WARMING_UP = "warming up"
    RACING = "racing"
    CORES = "trying core counts"
    MEASURING = "measuring"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def over(self) -> bool:
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
    """The run has come to another state."""

    type: Literal["moved"] = "moved"
    at: float
    state: State
    why: str = ""


class ArmProgressed(Value):
    """What an arm is about, in its own words."""

    type: Literal["progress"] = "progress"
    at: float
    arm: Arm
    cores: int
    text: str


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
    """The statistics so far: the whole and every step."""

    type: Literal["estimate"] = "estimate"
    at: float
    pairs: int
    comparisons: list[values.Comparison]


class EvidenceCollected(Value):
    type: Literal["evidence"] = "evidence"
    at: float
    arm: Arm
    evidence: list[values.Evidence]
    thread_pools: list[values.ThreadPool] = Field(default_factory=list)
    """The BLAS and OpenMP libraries that were loaded in the arm's process."""


class QualityMeasured(Value):
    """Both arms' quality, the pictures they made, and what differs between them."""

    type: Literal["quality"] = "quality"
    at: float
    quality: values.Quality
    pictures: dict[Arm, list[values.Picture]] = Field(default_factory=dict)
    tables: list[values.Table] = Field(default_factory=list)


class CoreCountsTried(Value):
    type: Literal["cores"] = "cores"
    at: float
    counts: list[values.CoreCount]
    best_ratio: values.Interval
    """Baseline at its best core count over accelerated at its best."""


class NoiseMeasured(Value):
    """The noise of the machine at rest."""

    type: Literal["noise"] = "noise"
    at: float
    noise: Noise | None
    why: str = ""
    """Why there is none."""


class ClaimsDecided(Value):
    """The verdict: claims of the whole and of every step, the whole first."""

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
    | ArmPrepared
    | SampleTaken
    | TelemetryRead
    | ThreadsPlaced
    | RatiosEstimated
    | EvidenceCollected
    | QualityMeasured
    | CoreCountsTried
    | NoiseMeasured
    | ClaimsDecided
    | RunFailed,
    Field(discriminator="type"),
]

event_adapter: TypeAdapter[Event] = TypeAdapter(Event)
