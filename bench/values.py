"""The values that pass between processes: from worker to race, from race to journal, from there to store and page.

Times are in seconds. Clock readings are those of `time.monotonic()`, which all processes share until the next boot; in
a stored run they count from the start of the run. Every model rejects unknown fields, so that mistakes are found where
they are made.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TOTAL = "total"
"""Reserved step name for the sum of all steps of one repetition."""


class Value(BaseModel):
    """Base class of these values: immutable, without unknown fields."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Arm(StrEnum):
    """One side of a race."""

    BASELINE = "baseline"
    ACCELERATED = "accelerated"


class BaselineKind(StrEnum):
    """Whether code is fair to compare with, if it is the baseline of a race."""

    NAIVE = "naive"
    """A plain loop, or a library with its optimizations switched off: slower than what is in common use for the job."""
    LIBRARY = "library"
    """A maintained library with its usual settings."""
    BEST_KNOWN = "best known"
    """The fastest known way to do the job, or the fastest without the technique that the faster code adds."""
    UNKNOWN = "not known"
    """Of runs that were stored before baselines had a kind. No declaration uses it."""


class Phase(StrEnum):
    """The purpose of a sample."""

    EARLY = "early"
    """The first call of an arm, which may overlap with that of the other arm; in no statistics."""
    WARM_UP = "warm-up"
    RACE = "race"
    CORES = "cores"
    """At this and another core count, to find each arm's best."""


class StepTime(Value):
    """The time of one step in a sample."""

    step: str
    seconds: float = Field(ge=0)
    """Wall time per call."""
    cpu_s: float = Field(ge=0)
    """CPU time per call of the arm's whole process tree."""
    calls: int = Field(ge=1)
    """Number of calls inside this sample; more than 1 if one call is too short to time."""
    excluded_from_total: bool = False
    """Whether the declaration excludes the step from the total."""


class Repetition(Value):
    """What a worker reports about one repetition."""

    steps: list[StepTime]
    other_s: float = Field(ge=0)
    """Wall time between the steps."""
    wall_s: float = Field(ge=0)
    """Wall time of the whole repetition, including repeated calls."""
    cpu_s: float = Field(ge=0)
    """CPU time of the arm's process tree during the repetition."""
    began: float
    """Clock reading at the start."""
    threads: int = Field(ge=0)
    """Number of the worker's threads that were active during the repetition."""
    machine_busy_s: float | None = None
    """CPU time of all programs on the machine meanwhile; None if the system does not report it."""
    steal_s: float | None = None
    """Time that the hypervisor took meanwhile, summed over all logical processors; None if unknown."""
    run_delay_s: float | None = Field(default=None, ge=0)
    """Time that the arm's threads, with those of its helper processes, were ready to run and waited for a processor
    meanwhile, summed over the threads; None if the system does not report it."""
    was_stopped: bool | None = None
    """Whether somebody stopped the worker (SIGSTOP) and continued it meanwhile; None if unknown."""
    helper_processes: int | None = Field(default=None, ge=0)
    """Number of other processes that worked for the arm, such as its children; None if unknown."""
    throttled_s: float | None = Field(default=None, ge=0)
    """Time that the CPU quota of a control group kept processors from the arm meanwhile, summed over the processors and
    groups; None if no group reports it."""
    throttled_periods: int | None = Field(default=None, ge=0)
    """Number of periods of the quota in which that happened; None if no group reports it."""
    idle_cpu_s: float = Field(ge=0)
    """CPU time that this arm used while it waited for this repetition and the other arm was timed."""
    idle_s: float = Field(ge=0)
    """How long it waited for this repetition."""


class Sample(Value):
    """One timed repetition of one arm."""

    arm: Arm
    phase: Phase
    cores: int
    """Number of cores of the arm."""
    pair: int
    """Number of the pair, the same for both of its samples."""
    place: int
    """Position in the pair: 0 for the first sample, 1 for the second."""
    repetition: Repetition

    def seconds(self, step: str) -> float:
        """Wall time per call of `step`, or the total. Raises KeyError for an unknown step."""
        if step == TOTAL:
            return self.total_s
        for timed in self.repetition.steps:
            if timed.step == step:
                return timed.seconds
        raise KeyError(step)

    @property
    def total_s(self) -> float:
        """Time per call of all steps that are not excluded, plus the time between the steps."""
        return self.repetition.other_s + sum(
            timed.seconds for timed in self.repetition.steps if not timed.excluded_from_total
        )

    @property
    def effective_cores(self) -> float:
        """CPU time of the arm divided by wall time."""
        return self.repetition.cpu_s / self.repetition.wall_s if self.repetition.wall_s else 0.0


class Evidence(Value):
    """What the library reports about the path that a step took."""

    step: str
    path: Literal["accelerated", "stock", "unknown"]
    words: list[str]
    """A few lines of the library's own output."""
    calls: int = 0
    """Number of library calls that were observed in this step."""
    accelerated_calls: int = 0
    """How many of them took the accelerated path."""
    reason: str = ""
    """Why it fell back to the stock path; empty if it did not."""
    materialised: bool = True
    """False if the step returned before its work was done."""
    returned_s: float | None = None
    """Median time until the call returned, if it returns before its result is ready."""
    code: str = ""
    """What ran, such as the function and how it was compiled: equal in both arms only if they ran the same code. Empty
    if it is not known."""


class Interval(Value):
    """A value with its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval's width, relative to the value."""
        return (self.high - self.low) / 2 / self.value if self.value else float("inf")

    def includes(self, number: float) -> bool:
        return self.low <= number <= self.high


class LossKind(StrEnum):
    """How the loss of a decisive measure is judged. A measure that is not decisive is not judged."""

    SCORE = "score"
    """Loss relative to the baseline: a score of 99 after 100 has lost 1 %."""
    ERROR = "error"
    """Relative increase of a mean error, such as the mean squared error: 1.01 after 1.00 is 1 % worse."""
    EQUALITY = "equality"
    """No loss is allowed: no element may be wrong that was right before, whatever the plan's limit."""
    UNKNOWN = "not known"
    """Of runs that did not record it. Their measures are judged by the share of the value that is kept."""


class Measure(Value):
    """One measure of the quality of a result."""

    name: str
    label: str
    value: float
    unit: str = ""
    higher_is_better: bool = True
    decisive: bool = False
    """True for measures that a claim depends on; the others are for information."""
    loss: LossKind = LossKind.UNKNOWN
    """How the loss is judged if the measure is decisive."""
    max_score: float | None = None
    """Largest possible score of one observation; None for errors, and for measures that are no scores. The largest one
    that was seen says nothing about what an unseen observation may lose."""
    mean_label: str = ""
    """Label of the mean that the loss is judged by, such as `mean squared error`; empty if it is the value itself."""
    observations: int | None = None
    """Number of observations that the value is a mean over; None if it is not known, or not a mean."""
    observation: str = ""
    """What one observation is, in the singular, such as `question`."""
    selection: str = ""
    """Which observations these are, if they are not all that there are."""
    interval: Interval | None = None
    """Interval of a share of independent observations, in the unit of the value; None if it is not known."""
    bias: str = ""
    """Why the value is biased, so that no claim may depend on it, such as a model that was tuned on the same questions;
    empty if it is not biased."""
    bias_remedy: str = ""
    """How to get a value without that bias."""
    same_work: bool = False
    """True for a count of work, such as iterations: if it differs, the arms did not do the same work."""
    step: str = ""
    """Name of the step whose result is measured; empty for the result of all steps."""


class Picture(Value):
    """An image that an arm produced, for the page."""

    name: str
    label: str
    media_type: Literal["image/png", "image/jpeg"]
    base64: str
    width: int
    height: int


class Table(Value):
    """A table that an arm produced, for the page."""

    name: str
    label: str
    columns: list[str]
    rows: list[list[str]]


class Service(Value):
    """An external service that does the work of an arm, such as a Ray cluster.

    It was running before the run and continues after it. It cannot be paused while the other arm is timed.
    """

    what: str
    """Description for the page."""
    cores: int
    """Number of cores of the service on all its machines."""
    elsewhere: int = 0
    """Number of its machines, without this one."""
    pids: list[int] = Field(default_factory=list[int])
    """Its topmost processes on this machine."""


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


class VariableOrigin(StrEnum):
    """Where an environment variable of an arm's process comes from."""

    RACE = "set by Fairlap"
    """The same in both arms: thread counts, and what makes a process repeatable."""
    LEVER = "set by the arm's setting"
    """Part of what the arms compare."""
    INHERITED = "inherited"
    """Set where Fairlap was started."""
    REMOVED = "removed by Fairlap"
    """Set where Fairlap was started, and not passed on."""


class EnvironmentVariable(Value):
    """An environment variable that may change how an arm computes."""

    name: str
    value: str
    """For a removed variable, the value that was not passed on."""
    origin: VariableOrigin


class PreparedArm(Value):
    """What an arm reported when it was ready."""

    arm: Arm
    cores: int
    """Number of cores of the arm."""
    pid: int
    seconds: float
    """Time from starting the process until it was ready, with imports and loading data."""
    work: float
    """Amount of work of one repetition, in the workload's unit."""
    step_work: dict[str, float] = Field(default_factory=dict[str, float])
    """Amount of work by step, for steps that work on another amount."""
    data: str
    """Digest of the input data."""
    facts: dict[str, str] = Field(default_factory=dict[str, str])
    """Further properties for the page, as label and text."""
    synthetic: str = ""
    """Why weights or data are synthetic; empty if they are real."""
    bias: str = ""
    """Why the chosen input slows some code more than other inputs do; empty if nothing of that kind is known."""
    service: Service | None = None
    """The external service that does the arm's work, if there is one."""
    environment: list[EnvironmentVariable] = Field(default_factory=list[EnvironmentVariable])
    """The variables that Fairlap set or removed for the arm's process, and the inherited ones that steer threads and
    numerical libraries, sorted by name. Empty for runs that did not record them."""


class Placement(Value):
    """Whether an arm's threads were spread over the cores, and why. See `bench.race.thread_placement`."""

    arm: Arm
    cores: int
    before: float
    """Effective cores before spreading."""
    after: float | None = None
    """Effective cores with each active thread on a core of its own; None if this was not tried."""
    kept: bool = False
    """Whether the threads stayed spread."""
    reason: str


class CoreReading(Value):
    """One logical processor at one moment."""

    busy: float = Field(ge=0, le=1)
    """Share of the time since the previous reading."""
    mhz: float | None = None


class Reading(Value):
    """The state of the machine at one moment of a race. None means unknown."""

    at: float
    cores: list[CoreReading]
    steal: float | None = None
    """Share of the time since the previous reading that the hypervisor took."""
    celsius: float | None = None
    throttled: int | None = None
    """Thermal throttling events of all processors since boot."""
    memory_used: int
    """Bytes, like all sizes here."""
    swap_used: int
    swapped_in: int | None = None
    """Pages swapped in since boot."""
    load: float | None = None
    """Load average of the last minute."""
    arm_memory: dict[Arm, int] = Field(default_factory=dict[Arm, int])
    """Resident memory of each arm's process tree."""


class Summary(Value):
    """Summary of one arm's times of one step."""

    count: int
    median: float
    lower_quartile: float
    upper_quartile: float
    minimum: float
    maximum: float
    p90: float | None
    """90th percentile; None for fewer than 64 samples."""
    p99: float | None
    """99th percentile; None for fewer than 662 samples."""
    spread: float
    """Interquartile range divided by the median."""
    outliers: list[int]
    """Positions, in order of time, of the samples beyond Tukey's fences. They are marked and never dropped."""
    throughput: float
    """Units of work per second, from the median time."""
    effective_cores: float
    calls: int
    """Number of calls inside each sample."""


class Comparison(Value):
    """Both arms' times of one step. The ratio is baseline over accelerated: above 1, the accelerated arm is faster."""

    step: str
    baseline: Summary
    accelerated: Summary
    ratio: Interval
    p_value: float
    """Of the two-sided test that the ratio is 1. Those of the steps are adjusted for their number."""
    p_test: str = "Mann-Whitney"
    """The name of the test."""
    sampling_half_width: float | None = None
    """Half-width of the interval, relative to the ratio, without the difference between processes of the same program.
    None if it is not known, as in runs whose interval did not include that difference."""
    block_ratios: list[float] = Field(default_factory=list[float])
    """The ratio in each of a few blocks of consecutive pairs, in the order of time; empty if it is not known."""
    is_stable: bool | None = None
    """False if the blocks differ by more than their pairs explain; None if it is not known."""
    pairs_needed: int | None = None
    """Number of pairs after which the ratio would be distinguished from 1; None if that is not known or impossible."""

    @property
    def precision(self) -> float:
        """The half-width that more pairs make smaller, relative to the ratio."""
        return self.ratio.half_width if self.sampling_half_width is None else self.sampling_half_width

    def summary(self, arm: Arm) -> Summary:
        """The summary of one arm."""
        return self.baseline if arm is Arm.BASELINE else self.accelerated


class CoreCount(Value):
    """An arm's total time at one core count."""

    arm: Arm
    cores: int
    whole: Summary


class Speed(StrEnum):
    """Whether the accelerated arm was faster."""

    FASTER = "faster"
    SAME = "no difference detected"
    SLOWER = "slower"
    SAME_CODE = "same code"
    """Both arms ran the same code. Neither is faster, whatever the times."""


class Engagement(StrEnum):
    """Whether the accelerated path really ran. `SAME`: both arms ran the same code."""

    ENGAGED = "engaged"
    PARTIAL = "partial"
    NOT = "not engaged"
    SAME = "same arm twice"


class Accuracy(StrEnum):
    """Whether the accuracy stayed within the limit of the plan."""

    WITHIN = "within"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"
    """The interval of the loss reaches beyond the limit, or the measure is biased."""
    NOT_MEASURED = "not measured"


class Verdict(Value):
    """The result of a run for one step or for the total."""

    speed: Speed
    engagement: Engagement
    accuracy: Accuracy


class Outcome(StrEnum):
    """What a rule did to the claim."""

    PASSED = "passed"
    ANNOTATED = "annotated"
    REFUSED = "refused"


class Finding(Value):
    """The result of one claim rule."""

    rule: str
    title: str
    source: str
    outcome: Outcome
    seen: str
    remedy: str = ""


class Claim(Value):
    """The sentence that a run supports for one step or for the total, or the refusal to make one."""

    step: str
    made: bool
    sentence: str
    verdict: Verdict
    findings: list[Finding]


class IntervalMethod(StrEnum):
    """How the interval of a difference between paired scores is computed."""

    BOOTSTRAP = "paired bootstrap"
    TANGO = "Tango's score interval of paired shares"


class MeasureDifference(Value):
    """How far a measure of the arms differs, over the same observations in both arms."""

    name: str
    """Name of the measure."""
    label: str
    """The mean that is compared: `F1`, or `mean squared error` for PSNR."""
    observations: int = Field(ge=1)
    groups: int = Field(ge=1)
    """Number of scores: of observations, or of groups of them if neighbours are not independent."""
    baseline: float
    """Mean of the baseline arm's scores."""
    accelerated: float
    difference: Interval
    """Accelerated minus baseline, with its 95 % interval."""
    deviation: float = Field(ge=0)
    """Standard deviation of the differences of the pairs of scores."""
    largest: float | None = None
    """Largest possible score of an observation; None for errors."""
    higher_is_better: bool
    method: IntervalMethod

    @property
    def loss(self) -> Interval | None:
        """How much worse the accelerated arm is, as a share of the baseline's mean; negative if it is better.

        None if the baseline's mean is not positive, so that there is nothing to compare with.
        """
        if self.baseline <= 0:
            return None
        ends = (self.difference.value, self.difference.low, self.difference.high)
        value, low, high = (end / self.baseline for end in ends)
        if self.higher_is_better:
            return Interval(value=-value, low=-high, high=-low)
        return Interval(value=value, low=low, high=high)


class Quality(Value):
    """The measures of both arms, and of the agreement between their results."""

    baseline: list[Measure]
    accelerated: list[Measure]
    agreement: list[Measure] = Field(default_factory=list[Measure])
    """A decisive measure of agreement is a share of equal results in percent; it is compared with 100."""
    differences: list[MeasureDifference] = Field(default_factory=list[MeasureDifference])
    """Of the measures whose scores the arms reported; empty for runs that did not record them."""

    def difference(self, name: str) -> MeasureDifference | None:
        """The difference of a measure; None if it is not known."""
        return next((difference for difference in self.differences if difference.name == name), None)


class Failure(Value):
    """Why a run could not be finished."""

    what: str
    """What happened, as one sentence."""
    remedy: str
    arm: Arm | None = None
    log: list[str] = Field(default_factory=list[str])
    """The last lines of that arm's log."""
