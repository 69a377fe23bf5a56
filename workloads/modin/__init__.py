"""pandas against Modin on Ray: DataFrame calls one by one, and an ETL script.

After the posts on scaling pandas by changing one import. This module only declares.
"""

import inspect

from bench.workload.declaration import (
    Case,
    Code,
    Lever,
    LeverValue,
    Parameter,
    Platform,
    PublishedRatio,
    RacePolicy,
    Step,
    Task,
    TaskSet,
    TimeLimits,
    Workload,
)
from workloads.modin.calls import CALLS, MAX_SLOW_ROWS, etl

ORDER = 3

_POST = "Modin's and Intel's posts: read_csv of a large file, 11.7 s to 2.92 s on 24 cores"
_WHY = (
    "That is 24 cores and a file that is many times larger. Modin parses parts of the file in processes of their own, "
    "so the ratio grows with cores and rows; on few cores the costs of processes and of moving data weigh more."
)

# As a person writes it; what types its arguments have is of no interest there.
_SCRIPT = inspect.getsource(etl).replace(": Any", "").replace(": Path", "").replace(": str", "").replace(" -> Any", "")

_WHAT = {
    "etl": "read, clean, join, aggregate and write, ten steps as one",
    "apply": f"a Python function of a row, on the first {MAX_SLOW_ROWS:,} rows at most",
    "map": f"a Python function of a value, on the first {MAX_SLOW_ROWS:,} rows at most",
}

WORKLOAD = Workload(
    name="modin",
    title="pandas to Modin",
    icon=":material/table_chart:",
    summary="DataFrame calls by pandas and by Modin on Ray: what changing one import does, call by call.",
    story=(
        "pandas works in one process and, for most calls, on one core. Modin has the same calls, cuts the table into "
        "partitions, and has Ray's worker processes work on them.",
        "Modin often returns before it has worked: here the clock stops when every partition of the result is there, "
        "and the time to return stands beside it.",
        "Tasks, processes and moving data cost time. On few cores and small tables Modin loses more calls than it "
        "wins; where it wins, and from which size, is what this page finds out.",
        "Ray runs for the Modin arm alone. While pandas is timed, a Ray that was started for the run is stopped, so "
        "that it takes nothing from pandas; an existing cluster is watched instead.",
        "Both arms must come to equal results; a call whose results differ claims nothing.",
    ),
    lever=Lever(
        name="engine",
        label="engine",
        values=(
            LeverValue("pandas", "pandas", packages=("pandas", "pyarrow")),
            LeverValue("modin-ray", "Modin on Ray", packages=("modin", "ray")),
            LeverValue("modin-dask", "Modin on Dask", packages=("modin", "distributed"), extra="distributed"),
        ),
        baseline="pandas",
        accelerated="modin-ray",
        changes_arithmetic=True,
    ),
    cases=(
        Case(
            "calls",
            "Calls",
            "DataFrame calls, and a script of ten steps.",
            code=Code(before=f"import pandas as pd\n\n\n{_SCRIPT}", after=f"import modin.pandas as pd\n\n\n{_SCRIPT}"),
            steps=tuple(
                Step(
                    call.name,
                    call.code,
                    _WHAT.get(call.name, call.code),
                    published=PublishedRatio(4.0, _POST, _WHY) if call.name == "read_csv" else None,
                    groups=call.groups,
                    excluded_from_total=call.excluded_from_total,
                )
                for call in CALLS
            ),
            parameters=(
                Parameter(
                    "steps",
                    "Calls",
                    "several",
                    "common,etl",
                    help="Which calls are raced: groups of them, single ones, or both. All of them take long, and need a "
                    "larger budget.",
                    choices={
                        "common": "common calls",
                        "files": "reading and writing",
                        "calls": "calls on a table",
                        "text": "texts and dates",
                        "all": "all",
                    }
                    | {call.name: call.code for call in CALLS},
                ),
            ),
            step_parameter="steps",
        ),
    ),
    parameters=(
        Parameter(
            "columns", "Columns", "integer", 32, "Of the made up table, the key among them.", minimum=4, maximum=256
        ),
        Parameter(
            "kind",
            "Values",
            "choice",
            "mixed",
            help="Of the made up table: whole numbers, or numbers, dates and texts with missing values.",
            choices={"mixed": "numbers, dates and texts, some missing", "integer": "whole numbers"},
        ),
        Parameter(
            "file",
            "Table",
            "text",
            "synthetic",
            help="Made up from the seed; or the path of a CSV or Parquet file on this machine, of which as many rows "
            "are taken as 'Rows' says.",
            choices={"synthetic": "made up from the seed"},
            path="always",
        ),
        Parameter(
            "cluster",
            "Ray",
            "choice",
            "own",
            help="What Modin on Ray works with: a Ray that begins and ends with the run, or the cluster that is named "
            "where Fairlap was started. Its nodes must see the same files by the same paths.",
            choices={"own": "started for the run", "existing": "an existing cluster"},
            needs={"existing": "RAY_ADDRESS"},
        ),
    ),
    batch=Parameter(
        "batch",
        "Rows",
        "integer",
        1 << 16,
        help="Rows of the table.",
        minimum=16,
        maximum=1 << 24,
        stops=tuple(1 << power for power in range(16, 25)),
    ),
    unit="rows",
    arm="workloads.modin.arm:DataFrameCalls",
    tasks=TaskSet((Task("break_even", "break-even"),), handler="workloads.modin.tasks:ModinTasks"),
    policy=RacePolicy(early_sample=True, pause_idle_arm=True),
    source="https://modin.readthedocs.io/en/stable/",
    platform=Platform(
        machines=("x86_64", "AMD64", "aarch64", "arm64"),
        systems=("Linux",),
        note="Ray's processes are watched, stopped and swept as only Linux allows.",
    ),
    limits=TimeLimits(prepare_s=600.0, sample_s=600.0),
)
