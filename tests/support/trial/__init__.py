"""The trial workload: a known amount of pure-Python work, with faults that a test can ask for.

It is part of the tests only. `tests/conftest.py` adds it to the registry through FAIRLAP_EXTRA_WORKLOADS.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, Step
from bench.workload.declaration import Platform, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import Task, TaskSet
from tests.support.trial.measurements import CountArguments, Counted, CountResult

FAULTS = (
    "none",
    "raise",
    "one-question",
    "no-scores",
    "raise-preparing",
    "hang",
    "die",
    "print",
    "garbage",
    "memory",
    "orphan",
    "busy-child",
    "slow-prepare",
    "lazy",
    "not-engaged",
    "same-code",
    "slow-first",
    "meets",
    "times-calls",
    "packed",
    "handicap",
    "bound",
    "cold-call",
    "speeds-up",
)

WORKLOAD = Workload(
    name="trial",
    title="Trial",
    icon=":material/experiment:",
    summary="Tests the core with a known amount of work, and with faults.",
    story=("A known amount of work, so that a test knows the ratio to expect.",),
    lever=Lever(
        name="work",
        label="amount of work",
        values=(
            LeverValue("full", "full work", BaselineKind.BEST_KNOWN),
            LeverValue("half", "half the work", BaselineKind.BEST_KNOWN),
        ),
        baseline="full",
        accelerated="half",
        changes_arithmetic=False,
    ),
    cases=(
        Case(
            "loop",
            "Loop",
            "A pure-Python loop, and an empty function.",
            steps=(Step("spin", "spin", "a pure-Python loop"), Step("nothing", "nothing", "an empty function")),
            code=Code(before="work(2 * loops)\n", after="work(loops)\n"),
        ),
    ),
    parameters=(
        Parameter("loops", "Loops", "integer", 20_000, "Iterations of the pure-Python loop.", minimum=0, maximum=10**9),
        Parameter(
            "fault",
            "Fault",
            "choice",
            "none",
            "What goes wrong in the accelerated arm.",
            choices={fault: fault for fault in FAULTS},
        ),
    ),
    batch=Parameter("batch", "Batch", "integer", 1, "Multiplies the number of loops.", minimum=1, maximum=1000),
    unit="loops",
    quality="same results",
    arm="tests.support.trial.arm:Trial",
    tasks=TaskSet(
        entries=(
            declare_preparation("store the trial's loops", 1, ("loops",)),
            Task(
                "count",
                "Count",
                CountResult,
                CountArguments,
                reports={"counted": Counted},
                depends_on=("loops",),
                silence_limit_s=10.0,
            ),
            Task(
                "stay",
                "Count in a resident process",
                CountResult,
                CountArguments,
                reports={"counted": Counted},
                depends_on=("loops",),
                resident=True,
                silence_limit_s=10.0,
            ),
            Task(
                "load",
                "Prepare the resident process",
                CountResult,
                CountArguments,
                reports={"counted": Counted},
                depends_on=("loops",),
                resident=True,
            ),
        ),
        handler="tests.support.trial.tasks:TrialTasks",
    ),
    source="",
    platform=Platform(machines=("x86_64", "AMD64", "aarch64", "arm64")),
    synthetic="a loop without a purpose of its own",
    limits=TimeLimits(prepare_s=30.0, sample_s=5.0),
    hidden=True,
)
