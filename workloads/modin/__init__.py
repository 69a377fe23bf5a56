"""pandas against Modin on Ray: single DataFrame calls, and an ETL script.

After the posts on scaling pandas by changing one import. This module declares the workload and imports neither library.
"""

import inspect

from bench.values.arms import BaselineKind
from bench.workload.cases import DEFAULT_BUDGET_S, Case, Code, PublishedRatio, Step
from bench.workload.declaration import CacheFolder, Platform, RacePolicy, Suggestion, TimeLimits, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import MAX_TABLE_MB, TABLE_ENDINGS, Parameter, Upload
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import Task, TaskSet
from workloads.modin.calls import CALLS, MAX_SLOW_ROWS, SELECTION, Call, etl
from workloads.modin.measurements import BreakEvenArguments, BreakEvenPoint, BreakEvenResult, EngineStart
from workloads.modin.settings_0_1_0 import upgrade_settings

ORDER = 3

_POST = "Modin's and Intel's posts: read_csv of a large file, 11.7 s to 2.92 s on 24 cores"
_WHY = (
    "The post used 24 cores and a file that is many times larger. Modin parses parts of the file in several "
    "processes, so the ratio grows with cores and rows. On few cores, the costs of processes and of moving data are "
    "a larger share."
)

# Without the types of the arguments, as a user writes it.
_SCRIPT = (
    inspect.getsource(etl)
    .replace(": Any = None", "=None")
    .replace(": Any", "")
    .replace(": Path", "")
    .replace(": str", "")
    .replace(" -> Any", "")
)
_SCRIPT_CODE = Code(before=f"import pandas as pd\n\n\n{_SCRIPT}", after=f"import modin.pandas as pd\n\n\n{_SCRIPT}")
_IMPORT_CODE = Code(before="import pandas as pd\n", after="import modin.pandas as pd\n")

_DESCRIPTIONS = {
    "etl": "read, clean, join, aggregate and write: ten operations in one script",
    "apply": f"a Python function of a row, on the first {MAX_SLOW_ROWS:,} rows at most",
    "map": f"a Python function of a value, on the first {MAX_SLOW_ROWS:,} rows at most",
}

_CALLS_TEXT = """\
- Each call is timed separately in both arms, until its result is complete.
- Modin splits a table into partitions, one per core. A call that works on each partition separately can gain. A call
  that must bring rows together, or that pandas finishes in a few milliseconds, cannot.
- The case selects which calls are timed. *Selected calls* times any calls that you choose under **More**.
"""


def _declare_step(call: Call) -> Step:
    return Step(
        call.name,
        call.code,
        _DESCRIPTIONS.get(call.name, call.code),
        published=PublishedRatio(4.0, _POST, _WHY) if call.name == "read_csv" else None,
        excluded_from_total=call.excluded_from_total,
        waits_for_files=call.uses_files,
    )


def _declare_case(
    name: str, label: str, summary: str, code: Code, text: str = "", budget_s: float = DEFAULT_BUDGET_S
) -> Case:
    """A case whose calls are those that name it."""
    steps = tuple(_declare_step(call) for call in CALLS if name in call.cases)
    return Case(name, label, summary, steps=steps, code=code, text=text, budget_s=budget_s)


WORKLOAD = Workload(
    name="modin",
    title="pandas to Modin",
    icon=":material/table_chart:",
    summary="DataFrame calls with pandas and with Modin on Ray: the effect of changing one import, call by call.",
    story=(
        "pandas works in one process and, for most calls, on one core. Modin has the same calls. It splits the table "
        "into partitions, and Ray's worker processes work on them.",
        "Modin often returns before the work is done. Here the clock stops when every partition of the result is "
        "complete; the time to return is shown too.",
        "Tasks, processes and moving data cost time. On few cores and small tables most calls are slower with Modin. "
        "This page finds out which calls are faster, and from which table size.",
        "Only the Modin arm uses Ray. A Ray that was started for the run is stopped while pandas is timed, so that it "
        "takes no CPU time from pandas. An existing cluster keeps running, and its CPU use is recorded.",
        "Both arms must produce equal results. Fairlap makes no claim about a call whose results differ.",
    ),
    lever=Lever(
        name="engine",
        label="engine",
        values=(
            LeverValue("pandas", "pandas", BaselineKind.LIBRARY, packages=("pandas", "pyarrow")),
            LeverValue("modin-ray", "Modin on Ray", BaselineKind.LIBRARY, subject="Modin", packages=("modin", "ray")),
            LeverValue(
                "modin-dask",
                "Modin on Dask",
                BaselineKind.LIBRARY,
                packages=("modin", "distributed"),
                optional=True,
                extra="distributed",
            ),
        ),
        baseline="pandas",
        accelerated="modin-ray",
        changes_arithmetic=True,
    ),
    cases=(
        _declare_case("overview", "Overview", "The ETL script and the common calls.", _SCRIPT_CODE, _CALLS_TEXT, 60),
        _declare_case("etl", "ETL script", "A script of ten operations.", _SCRIPT_CODE),
        _declare_case("common", "Common calls", "Calls that most scripts use.", _IMPORT_CODE, _CALLS_TEXT, 40),
        _declare_case("files", "Reading and writing", "Calls that read or write files.", _IMPORT_CODE, _CALLS_TEXT, 40),
        _declare_case(
            "calls", "Calls on a table", "Calls that work on a table in memory.", _IMPORT_CODE, _CALLS_TEXT, 60
        ),
        _declare_case("text", "Texts and dates", "Calls on columns of texts and dates.", _IMPORT_CODE, _CALLS_TEXT),
        _declare_case("all", "All calls", "The ETL script and every call.", _SCRIPT_CODE, _CALLS_TEXT, 120),
        Case(
            SELECTION,
            "Selected calls",
            "Any calls, named by the parameter calls.",
            steps=tuple(_declare_step(call) for call in CALLS),
            code=_IMPORT_CODE,
            text=_CALLS_TEXT,
            parameters=(
                Parameter(
                    "calls",
                    "Calls",
                    "several",
                    ",".join(call.name for call in CALLS if "common" in call.cases),
                    help="The calls that are timed.",
                    choices={call.name: call.code for call in CALLS},
                ),
            ),
            budget_s=40,
            step_parameter="calls",
        ),
    ),
    parameters=(
        Parameter(
            "columns", "Columns", "integer", 32, "Of the generated table, including the key.", minimum=4, maximum=256
        ),
        Parameter(
            "kind",
            "Values",
            "choice",
            "mixed",
            help="Values of the generated table: integers only, or numbers, dates and texts with missing values.",
            choices={"mixed": "numbers, dates and texts, some missing", "integer": "integers"},
        ),
        Parameter(
            "file",
            "Table",
            "text",
            "synthetic",
            help="Generated from the seed, or a CSV or Parquet file of yours: enter a path or upload it. "
            "Rows limits how many rows of a file are used.",
            choices={"synthetic": "generated from the seed"},
            upload=Upload(
                "CSV or Parquet file",
                TABLE_ENDINGS,
                MAX_TABLE_MB,
                "workloads.modin.user_table:check",
            ),
            path="always",
        ),
        Parameter(
            "cluster",
            "Ray",
            "choice",
            "own",
            help="The Ray that Modin uses: one that starts and ends with the run, or the cluster that RAY_ADDRESS "
            "names where Fairlap was started. Its nodes must have the same files at the same paths.",
            choices={"own": "private, for this run", "existing": "existing cluster"},
            needs={"existing": "RAY_ADDRESS"},
        ),
    ),
    batch=Parameter(
        "batch",
        "Rows",
        "integer",
        1 << 16,
        help="Number of rows of the table.",
        minimum=16,
        maximum=1 << 24,
        noun="row",
        stops=tuple(1 << power for power in range(16, 25)),
    ),
    unit="rows",
    quality="equal results",
    suggestions=(
        Suggestion("Use 1,048,576 rows", {"batch": 1 << 20}),
        Suggestion("Time the ETL script", {"case": "etl"}, cases=("overview", "common", "calls", "text", "files")),
        Suggestion("Time the common calls", {"case": "common"}, cases=("etl",)),
    ),
    arm="workloads.modin.arm:DataFrameCalls",
    input_check="workloads.modin.input_check:check_table",
    caches=(CacheFolder("modin", "tables as CSV and Parquet"),),
    tasks=TaskSet(
        entries=(
            declare_preparation("generate the Modin table", 15, ("batch", "columns", "kind", "file")),
            Task(
                "break_even",
                "Break-even size",
                BreakEvenResult,
                BreakEvenArguments,
                reports={"start": EngineStart, "point": BreakEvenPoint},
                depends_on=("columns", "kind"),
            ),
        ),
        handler="workloads.modin.tasks:ModinTasks",
    ),
    policy=RacePolicy(resume_delay_s=0.1),
    source="https://modin.readthedocs.io/en/stable/",
    platform=Platform(
        machines=("x86_64", "AMD64", "aarch64", "arm64"),
        systems=("Linux",),
        note="Fairlap can observe, stop and end Ray's processes only on Linux.",
    ),
    limits=TimeLimits(prepare_s=600.0, sample_s=600.0),
    upgrade_settings=upgrade_settings,
)
