"""The events of a race. A journal is a file of them in order, one JSON object per line.

Page, command line, store and tests get everything about a run from these events; a `bench.run.record.Run` is the sum of
them. `at` is the time of an event in seconds after the opening of the run.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from bench.machine.model import Machine
from bench.machine.noise import Noise
from bench.plan.plan import Plan
from bench.run.job import Origin
from bench.run.snapshot import DeclarationSnapshot
from bench.values.arms import Failure, Placement, PreparedArm, ThreadPool
from bench.values.base import Arm, Value
from bench.values.claims import Claim
from bench.values.output import Picture, Table
from bench.values.quality import Quality
from bench.values.readings import Reading
from bench.values.samples import Evidence, Sample
from bench.values.selection import Selection
from bench.values.statistics import Comparison, CoreCount, Interval

RECORD_VERSION = 3
"""Version of the schema of journals and stored records. Version 1 is that of Fairlap 0.1.0."""


class State(StrEnum):
    """What a job is doing, or how it ended."""

    PREPARING = "preparing"
    READY = "ready to start"
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
    version: Literal[3] = RECORD_VERSION
    run: str
    plan: Plan
    snapshot: DeclarationSnapshot
    digest: str
    """Digest of the plan."""
    machine: Machine
    started: datetime
    origin: Origin
    requester: str
    """Name of the person who asked for the run."""
    owner: str = ""
    """Digest that identifies the visitor of a served dashboard who asked for the run; empty for its operator. It is
    stored beside the record and never exported."""
    selection: Selection | None = None
    """How the stages of the plan were chosen; None if no race was looked at, and in journals that did not record it."""
    parent_id: str = ""
    """Id of the sweep that the race is a part of; empty for a race of its own."""
    ends_without_win: bool = False
    """Whether sampling ends as soon as the accelerated arm cannot win any more: see `bench.stats.no_win`."""
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
    prepared: PreparedArm


class SampleTaken(Value):
    type: Literal["sample"] = "sample"
    at: float
    sample: Sample


class TelemetryRead(Value):
    type: Literal["telemetry"] = "telemetry"
    at: float
    reading: Reading


class WarmUpEnd(Value):
    """The first pairs were still warm-up, as they or the following ones show: they are in no statistics."""

    type: Literal["warm"] = "warm"
    at: float
    first_pair: int
    """Pairs with a lower number do not count."""


class ThreadsPlaced(Value):
    type: Literal["placed"] = "placed"
    at: float
    placement: Placement


class RatiosEstimated(Value):
    """The statistics so far, of the total and of every step."""

    type: Literal["estimate"] = "estimate"
    at: float
    pairs: int
    comparisons: list[Comparison]


class EvidenceCollected(Value):
    type: Literal["evidence"] = "evidence"
    at: float
    arm: Arm
    evidence: list[Evidence]
    thread_pools: list[ThreadPool] = Field(default_factory=list[ThreadPool])
    """The BLAS and OpenMP libraries that were loaded in the arm's process."""


class QualityMeasured(Value):
    """The quality of both arms, the pictures that they made, and tables of what differs between them."""

    type: Literal["quality"] = "quality"
    at: float
    quality: Quality
    pictures: dict[Arm, list[Picture]] = Field(default_factory=dict[Arm, list[Picture]])
    tables: list[Table] = Field(default_factory=list[Table])


class CoreCountsTried(Value):
    type: Literal["cores"] = "cores"
    at: float
    counts: list[CoreCount]
    best_ratio: Interval | None
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
    claims: list[Claim]


class RunFailed(Value):
    type: Literal["failed"] = "failed"
    at: float
    failure: Failure


Event = Annotated[
    RunOpened
    | StateChanged
    | ArmProgressed
    | ArmRested
    | ArmPrepared
    | SampleTaken
    | TelemetryRead
    | WarmUpEnd
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
