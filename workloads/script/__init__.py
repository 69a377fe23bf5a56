"""A user's own script: as it is, against the same script with scikit-learn-intelex.

`python -m bench profile` traces it and races it. This module only declares.
"""

from bench.values.arms import BaselineKind
from bench.workload.cases import Case, Code, Step
from bench.workload.declaration import Platform, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter
from bench.workload.tasks import Task, TaskSet
from workloads.script.measurements import OutputLog, ProfileResult

ORDER = 90
MAX_LIMIT_S = 3600
"""Longest time that one run of a script may be allowed to take, in seconds."""

WORKLOAD = Workload(
    name="script",
    title="Your script",
    icon=":material/description:",
    summary="A Python script of your own: stock scikit-learn against scikit-learn-intelex.",
    story=(
        "The script runs unchanged, from the start of its process to its exit, once by Python alone and once by "
        "`python -m sklearnex`, which replaces scikit-learn's estimators before the script is loaded.",
        "Each run is a process of its own in the script's folder. Imports count, as they do for a user.",
        "What both print must be equal, apart from lines that differ between two runs of the stock script.",
    ),
    lever=Lever(
        name="sklearnex",
        label="scikit-learn-intelex",
        values=(
            LeverValue("stock", "stock script", BaselineKind.LIBRARY, packages=("sklearn",)),
            LeverValue(
                "sklearnex",
                "patched script",
                BaselineKind.BEST_KNOWN,
                subject="The patched script",
                packages=("sklearnex",),
            ),
        ),
        baseline="stock",
        accelerated="sklearnex",
        changes_arithmetic=True,
    ),
    cases=(
        Case(
            "script",
            "Script",
            "Run a script from start to exit.",
            code=Code(before="python script.py\n", after="python -m sklearnex script.py\n"),
            steps=(Step("run", "run", "the script's process, from start to exit", waits_for_files=True),),
            budget_s=60.0,
        ),
    ),
    parameters=(
        Parameter(
            "script",
            "Script",
            "text",
            "example",
            help="Path of a Python file.",
            choices={"example": "recognizing hand-written digits"},
            path="always",
        ),
        Parameter(
            "arguments",
            "Arguments",
            "text",
            "[]",
            help='The arguments of the script, as a JSON list of texts: ["--size", "3"].',
        ),
        Parameter(
            "limit",
            "Time limit of a run [s]",
            "integer",
            60,
            help="A run of the script that takes longer is ended, and the job fails.",
            minimum=1,
            maximum=MAX_LIMIT_S,
        ),
    ),
    batch=Parameter("batch", "Batch", "integer", 1, help="Runs per repetition: always one.", minimum=1, maximum=1),
    unit="runs",
    quality="same output",
    arm="workloads.script.arm:ScriptArm",
    tasks=TaskSet(
        entries=(
            Task(
                "profile",
                "Calls of scikit-learn",
                ProfileResult,
                reports={"output": OutputLog},
                depends_on=("script", "arguments", "limit"),
                silence_limit_s=MAX_LIMIT_S + 60.0,
            ),
        ),
        handler="workloads.script.tasks:ScriptTasks",
    ),
    input_check="workloads.script.script_call:check_inputs",
    limits=TimeLimits(prepare_s=2.0 * MAX_LIMIT_S + 120.0, sample_s=MAX_LIMIT_S + 60.0),
    source="https://uxlfoundation.github.io/scikit-learn-intelex/latest/quick-start.html",
    platform=Platform(
        systems=("Linux",),
        note="scikit-learn-intelex is built for x86-64 processors, and running a script needs Linux.",
    ),
    hidden=True,
    local_only=True,
)
