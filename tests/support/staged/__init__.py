"""An application of four stages of pure-Python work, of which the best can be chosen.

It is part of the tests only. `tests/conftest.py` adds it to the registry through FAIRLAP_EXTRA_WORKLOADS.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, StageChoice, Step
from bench.workload.declaration import Platform, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter

STAGES = {"fast": ("fast-1", "fast-2"), "slow": ("slow",), "same": ("same",), "shy": ("shy",)}
"""If it is accelerated, `fast` takes a quarter of the time, and `slow` four times as much. `same` runs the same code.
`shy` gains only if `slow` is not accelerated beside it."""

WORKLOAD = Workload(
    name="staged",
    title="Staged",
    icon=":material/experiment:",
    summary="Tests the choice of the best stages.",
    story=("Stages of a known amount of work.",),
    lever=Lever(
        name="libraries",
        label="libraries",
        values=(
            LeverValue("stock", "stock", BaselineKind.BEST_KNOWN),
            LeverValue("accelerated", "accelerated", BaselineKind.BEST_KNOWN),
        ),
        baseline="stock",
        accelerated="accelerated",
        changes_arithmetic=False,
    ),
    cases=(
        Case(
            "loops",
            "Loops",
            "Pure-Python loops.",
            steps=tuple(Step(name, name, "a loop") for steps in STAGES.values() for name in steps),
            code=Code(before="work()\n", after="work_fast()\n"),
            stages=StageChoice("accelerate", STAGES),
            parameters=(
                Parameter(
                    "accelerate",
                    "Accelerated stages",
                    "several",
                    "fast",
                    choices={name: f"{name.capitalize()}: a library" for name in STAGES},
                ),
            ),
        ),
    ),
    batch=Parameter("batch", "Batch", "integer", 1, "Multiplies the number of loops.", minimum=1, maximum=1000),
    unit="loops",
    quality="same results",
    arm="tests.support.staged.arm:Staged",
    source="",
    platform=Platform(machines=("x86_64", "AMD64", "aarch64", "arm64")),
    end_to_end=True,
    limits=TimeLimits(prepare_s=30.0, sample_s=5.0),
    hidden=True,
)
