"""What an arm is, what it runs in and what it reports when it is ready or fails."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from pydantic import Field

from bench.values.base import Arm, Value
from bench.values.statistics import Interval


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


class FasterBaseline(Value):
    """A value of the lever that gives what a race's baseline gives, and was faster in an earlier race on the machine,
    with the same settings."""

    name: str
    label: str
    ratio: Interval
    """The baseline's time over that of this value."""
    run: str
    """Id of that race."""
    raced_on: date
    """Day of that race, UTC."""
    software_differences: list[str] = Field(default_factory=list[str])
    """What of the machine's software changes times and is another version now: `tensorflow: 2.20.0 and 2.21.0`."""


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


class RacedInput(Value):
    """A property of what an arm works on, shown beside the claim: a table's rows, a picture's size, a conversion."""

    label: str
    """Such as `Table`, `Picture` or `Converted`."""
    text: str


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
    inputs: list[RacedInput] = Field(default_factory=list[RacedInput])
    """What the arm works on, in the order of display; equal in both arms. Empty for runs that did not record it."""
    synthetic: str = ""
    """Why weights or data are synthetic; empty if they are real."""
    bias: str = ""
    """Why the chosen input slows some code more than other inputs do, or how the algorithms of the arms differ; empty
    if nothing of that kind is known."""
    handicap: str = ""
    """Why this arm is not a fair baseline on this machine, although its setting usually is; empty if it is fair."""
    service: Service | None = None
    """The external service that does the arm's work, if there is one."""
    first_call_s: dict[str, float] = Field(default_factory=dict[str, float])
    """Seconds of the first call of each step, if the arm has made and timed it; else the first call is a sample."""
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


class Failure(Value):
    """Why a run could not be finished."""

    what: str
    """What happened, as one sentence."""
    remedy: str
    arm: Arm | None = None
    log: list[str] = Field(default_factory=list[str])
    """The last lines of that arm's log."""
