"""A workload of known cost, by which `python -m bench check` measures the core itself."""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, Step
from bench.workload.declaration import Platform, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter

WORKLOAD = Workload(
    name="selftest",
    title="Self-test",
    icon=":material/experiment:",
    summary="A known amount of pure-Python work, by which the core measures its own overhead.",
    story=("The accelerated arm does half the work of the baseline, so the expected ratio of the spin step is 2.",),
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
            code=Code(before="spin(loops)\n", after="spin(loops // 2)\n"),
        ),
    ),
    parameters=(
        Parameter("loops", "Loops", "integer", 20_000, "Iterations of the pure-Python loop.", minimum=0, maximum=10**9),
    ),
    batch=Parameter("batch", "Batch", "integer", 1, "Multiplies the number of loops.", minimum=1, maximum=1000),
    unit="loops",
    quality="same results",
    arm="workloads.selftest.arm:SelfTest",
    source="",
    platform=Platform(machines=("x86_64", "AMD64", "aarch64", "arm64")),
    synthetic="a loop without a purpose of its own",
    limits=TimeLimits(prepare_s=30.0, sample_s=5.0),
    hidden=True,
)
