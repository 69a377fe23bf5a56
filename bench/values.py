"""The values that travel: from a worker to the race, from the race to the journal, from there to store and page.

Times are seconds. Clock readings are `time.monotonic()` seconds, which all processes of one boot share; in a stored
run they count from the run's start. Every model refuses unknown fields, so that a mistake shows where it is made.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TOTAL = "total"
"""Name of the sum of all steps of one repetition; no step may be called so."""


class Value(BaseModel):
    """Base of everything that travels: immutable, strict about its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Arm(StrEnum):
    """Which arm."""

    BASELINE = "baseline"
    ACCELERATED = "accelerated"


class Phase(StrEnum):
    """What a sample was taken for."""

    EARLY = "early"
    """While the other arm was still getting ready: a first look, in no statistics."""
    WARM_UP = "warm-up"
    RACE = "race"
    CORES = "cores"
    """At another core count, to find each arm's best."""


class StepTime(Value):
    """One step's share of a sample."""

    step: str
    seconds: float = Field(ge=0)
    """Wall time per call."""
    cpu_s: float = Field(ge=0)
    """Processor time per call, of the arm's whole process tree."""
    calls: int = Field(ge=1)
    """How often the step was called inside this sample, because one call is too short to time."""
    excluded_from_total: bool = False
    """True where the step is no part of the whole, as its declaration says."""


class Repetition(Value):
    """What a worker reports of one repetition."""

    steps: list[StepTime]
    other_s: float = Field(ge=0)
    """Wall time of the repetition outside its steps."""
    wall_s: float = Field(ge=0)
    """Wall time of the repetition, repeated calls included."""
    cpu_s: float = Field(ge=0)
    """Processor time of the arm's tree during the repetition."""
    began: float
    threads: int = Field(ge=0)
    """Threads of the worker that ran on a processor during the repetition."""
    machine_busy_s: float | None = None
    """Processor time that the whole machine spent meanwhile, all programs; None where the system does not tell."""
    steal_s: float | None = None
    """Time that the hypervisor took meanwhile, over all processors."""
    idle_cpu_s: float = Field(ge=0)
    """Processor time that this arm used while it waited to be asked for this repetition, and the other arm ran."""
    idle_s: float = Field(ge=0)
    """How long it waited."""


class Sample(Value):
    """One timed repetition on one arm."""

    arm: Arm
    phase: Phase
    cores: int
    pair: int
    """Number of the pair; both samples of a pair carry it."""
    place: int
    """0 for the arm that went first in its pair, 1 for the second."""
    repetition: Repetition

    def seconds(self, step: str) -> float:
        """Wall time per call of `step`, or of the whole."""
        if step == TOTAL:
            return self.total_s
        for timed in self.repetition.steps:
            if timed.step == step:
                return timed.seconds
        raise KeyError(step)

    @property
    def total_s(self) -> float:
        """The whole once: every step's time per call, and what lies between them; no steps that stand apart."""
        return self.repetition.other_s + sum(
            timed.seconds for timed in self.repetition.steps if not timed.excluded_from_total
        )

    @property
    def effective_cores(self) -> float:
        """Processor time over wall time of the arm."""
        return self.repetition.cpu_s / self.repetition.wall_s if self.repetition.wall_s else 0.0

    @property
    def background_cores(self) -> float | None:
        """Cores that everything else on the machine kept busy during this sample."""
        busy = self.repetition.machine_busy_s
        if busy is None or not self.repetition.wall_s:
            return None
        return (busy - self.repetition.cpu_s) / self.repetition.wall_s


class Evidence(Value):
    """What the library says of the path a step took."""

    step: str
    path: Literal["accelerated", "stock", "unknown"]
    words: list[str]
    """The library's own words, a few of them."""
    calls: int = 0
    accelerated_calls: int = 0
    reason: str = ""
    """Why it fell back, where it did."""
    materialised: bool = True
    """False where the step returned before its work was done."""
    returned_s: float | None = None
    """Median time until the call returned, where it returns before its result is there."""


class Measure(Value):
    """One measure of quality."""

    name: str
    label: str
    value: float
    unit: str = ""
    higher_is_better: bool = True
    decisive: bool = False
    """True for the measures that a claim stands on; the others inform."""
    same_work: bool = False
    """True for a count of work done (iterations): a difference means that the arms did not do the same."""
    step: str = ""
    """The step whose results it measures, where it is not all of them."""


class Picture(Value):
    """An image that an arm made, for the page."""

    name: str
    label: str
    media_type: Literal["image/png", "image/jpeg"]
    base64: str
    width: int
    height: int


class Table(Value):
    """Rows that an arm has to show."""

    name: str
    label: str
    columns: list[str]
    rows: list[list[str]]


class Service(Value):
    """What works for an arm and is not the arm's own: it ran before the run, goes on after it, and cannot be stopped
    while the other arm is timed."""

    what: str
    """What it is, for a person."""
    cores: int
    elsewhere: int = 0
    """How many of its machines are others than this one."""
    pids: list[int] = Field(default_factory=list)
    """Its processes on this machine; what they have started is found from them."""


class ThreadPool(Value):
    """A library with a thread pool that was loaded in an arm's process."""

    api: str
    """`blas` or `openmp`."""
    library: str
    """Such as `openblas`, `mkl`, `libgomp` or `libiomp5`."""
    version: str | None
    threads: int
    """Number of threads that the pool may use."""
    file: str
    """Path of the library that was really loaded."""
    threading_layer: str | None = None
    """How a BLAS library starts threads, such as `pthreads` or `openmp`; None if unknown."""
    architecture: str | None = None
    """The processor type whose kernels a BLAS library selected; None if unknown."""


class PreparedArm(Value):
    """An arm is ready."""

    arm: Arm
    cores: int
    pid: int
    seconds: float
    """From asking for the process to its being ready: start, imports and data."""
    work: float
    """Of one repetition, in the workload's unit."""
    step_work: dict[str, float] = Field(default_factory=dict)
    """Of the steps that work on another amount."""
    data: str
    facts: dict[str, str] = Field(default_factory=dict)
    synthetic: str = ""
    """Why the weights or the data are not real, where they are not."""
    service: Service | None = None
    """What the arm has its work done by, where that is not its own."""


class Placement(Value):
    """How an arm's threads were laid on the cores."""

    arm: Arm
    cores: int
    before: float
    """Effective cores before spreading."""
    after: float | None = None
    """Effective cores with each busy thread on a core of its own; None where spreading was not tried."""
    kept: bool = False
    reason: str


class CoreReading(Value):
    """One logical processor at one moment."""

    busy: float = Field(ge=0, le=1)
    mhz: float | None = None


class Reading(Value):
    """The machine at one moment, sampled beside the race on the same clock."""

    at: float
    cores: list[CoreReading]
    steal: float | None = None
    """Share of the time since the last reading that the hypervisor took."""
    celsius: float | None = None
    throttled: int | None = None
    """Thermal throttling events since boot, all processors."""
    memory_used: int
    swap_used: int
    swapped_in: int | None = None
    """Pages swapped in since boot."""
    load: float | None = None
    arm_memory: dict[Arm, int] = Field(default_factory=dict)
    """Resident bytes of each arm's process tree."""


class Interval(Value):
    """A value with its confidence interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the interval's width, relative to the value."""
        return (self.high - self.low) / 2 / self.value if self.value else float("inf")

    def includes(self, number: float) -> bool:
        return self.low <= number <= self.high


class Summary(Value):
    """One arm's times of one step."""

    count: int
    median: float
    lower_quartile: float
    upper_quartile: float
    minimum: float
    maximum: float
    p90: float | None
    """None below 64 samples."""
    p99: float | None
    """None below 662 samples."""
    spread: float
    """Interquartile range over the median."""
    outliers: list[int]
    """Places, in order of time, of the samples beyond Tukey's fences; marked, never dropped."""
    throughput: float
    """Units of the workload a second, from the median time."""
    effective_cores: float
    calls: int
    """Calls inside each sample."""


class Comparison(Value):
    """Both arms of one step. The ratio is baseline over accelerated: above 1, the accelerated arm is faster."""

    step: str
    baseline: Summary
    accelerated: Summary
    ratio: Interval
    p_value: float
    """Mann-Whitney, two-sided."""

    def summary(self, arm: Arm) -> Summary:
        """The summary of one arm."""
        return self.baseline if arm is Arm.BASELINE else self.accelerated


class CoreCount(Value):
    """An arm's time of the whole at one core count."""

    arm: Arm
    cores: int
    whole: Summary


class Speed(StrEnum):
    FASTER = "faster"
    SAME = "no difference detected"
    SLOWER = "slower"


class Engagement(StrEnum):
    ENGAGED = "engaged"
    PARTIAL = "partial"
    NOT = "not engaged"
    SAME = "same arm twice"


class Accuracy(StrEnum):
    WITHIN = "within"
    OUTSIDE = "outside"
    NOT_MEASURED = "not measured"


class Verdict(Value):
    """What the run found, of one step or of the whole."""

    speed: Speed
    engagement: Engagement
    accuracy: Accuracy


class Outcome(StrEnum):
    PASSED = "passed"
    ANNOTATED = "annotated"
    REFUSED = "refused"


class Finding(Value):
    """What one claim rule saw."""

    rule: str
    title: str
    source: str
    outcome: Outcome
    seen: str
    remedy: str = ""


class Claim(Value):
    """The one sentence that a run supports, of one step or of the whole, or the refusal."""

    step: str
    made: bool
    sentence: str
    verdict: Verdict
    findings: list[Finding]


class Quality(Value):
    """Both arms' measures, and how far they agree."""

    baseline: list[Measure]
    accelerated: list[Measure]
    agreement: list[Measure] = Field(default_factory=list)
    """A decisive one is a share of equal results in per cent, and is to be held against 100."""


class Failure(Value):
    """Why a run could not be finished."""

    what: str
    """One sentence, for a person."""
    remedy: str
    arm: Arm | None = None
    log: list[str] = Field(default_factory=list)
    """The tail of that arm's output."""
