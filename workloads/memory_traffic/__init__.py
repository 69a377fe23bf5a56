"""Memory traffic: a laboratory in which loops are raced before and after a transformation of how they use memory.

After the posts on vectorization, threads, unit stride, data layout, strip-mining and tiling. This module only declares.
"""

from bench.formatting import format_bytes
from bench.workload.declaration import (
    Case,
    Code,
    Lever,
    LeverValue,
    NoResult,
    Parameter,
    Platform,
    RacePolicy,
    Step,
    Task,
    TaskSet,
    Workload,
)
from workloads.memory_traffic.catalogue import (
    KIB,
    TRANSFORMATIONS,
    format_version_source,
)
from workloads.memory_traffic.measurements import (
    BandwidthCeiling,
    PeakRate,
    RooflineArguments,
    RooflinePoint,
    RooflineResult,
    ScalingFit,
    ScalingPoint,
    ScalingResult,
    SizePoint,
    StreamResult,
    StreamRound,
    SweepArguments,
    SweepLevel,
    SweepPoint,
    SweepResult,
    TriadPoint,
)

ORDER = 4

_TILING = TRANSFORMATIONS["tiling"]
# By name: two transformations may have a version of the same name, and mean another kernel.
_VERSIONS = {version.name: version.name for one in TRANSFORMATIONS.values() for version in one.versions}
# In KiB: 16 KiB to 32 GiB.
_SIZES = tuple(4**power * step for power in range(2, 13) for step in (1, 2))


WORKLOAD = Workload(
    name="memory-traffic",
    title="Memory traffic",
    icon=":material/memory:",
    summary="Loops before and after a transformation of how they use memory: the same arithmetic, other traffic.",
    story=(
        "Not arithmetic is what costs, but waiting for memory: a processor computes hundreds of values in the time in "
        "which one arrives from far away.",
        "Each transformation takes a loop and changes the order, the layout, the vectors or the threads, never the "
        "result: every kernel is checked against plain NumPy before it is timed.",
        "Numba compiles the loops as they are shown; the compiled code is read to tell whether it has vectors.",
        "The roofline tells what this machine allows, and how near each kernel comes.",
    ),
    lever=Lever(
        name="version",
        label="version",
        values=(
            LeverValue("before", "before", packages=("numba",)),
            LeverValue("after", "after", packages=("numba",)),
        ),
        baseline="before",
        accelerated="after",
        changes_arithmetic=True,
    ),
    cases=(
        Case(
            "kernel",
            "Kernel",
            "One kernel before and after its transformation.",
            steps=(Step("kernel", "kernel", "calls of the compiled loop, enough to be timed"),),
            code=Code(
                before=format_version_source(_TILING, _TILING.version("ijk")),
                after=format_version_source(_TILING, _TILING.version("ikj")),
            ),
        ),
    ),
    parameters=(
        Parameter(
            "transformation",
            "Transformation",
            "choice",
            "unit-stride",
            help="What is done to the loop.",
            choices={one.name: one.label for one in TRANSFORMATIONS.values()},
        ),
        Parameter(
            "size",
            "Array size",
            "integer",
            0,
            help="KiB of all arrays together, from inside the nearest cache to far beyond the last; 0 is as "
            "suits the transformation. Sides of matrices are odd: powers of two exaggerate.",
            minimum=0,
            maximum=64 * 1024 * 1024,
            stops=(0, *_SIZES),
            stop_labels={0: "as suits"} | {size: format_bytes(size * KIB) for size in _SIZES},
        ),
        Parameter(
            "side",
            "Side",
            "integer",
            0,
            help="Rows and columns of the matrices, instead of a size: 1024 or 8192 show what powers of two do. "
            "0 follows the size.",
            minimum=0,
            maximum=65_536,
        ),
        Parameter(
            "tile",
            "Tile",
            "integer",
            0,
            help="Side of a tile, or length of a strip, in elements; 0 is as suits the transformation.",
            minimum=0,
            maximum=65_536,
            stops=(0, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 65_536),
            stop_labels={0: "as suits"},
        ),
        Parameter(
            "fields",
            "Fields used",
            "choice",
            "1",
            help="Of the layout's particles.",
            choices={"1": "one of eight", "2": "two of eight", "8": "all eight"},
        ),
        Parameter(
            "before",
            "Before",
            "choice",
            "default",
            help="Another version to begin with, of this transformation.",
            choices={"default": "as suits", **_VERSIONS},
        ),
        Parameter(
            "after",
            "After",
            "choice",
            "default",
            help="Another version to end with, of this transformation.",
            choices={"default": "as suits", **_VERSIONS},
        ),
        Parameter(
            "vectors",
            "Vectors",
            "choice",
            "preferred",
            help="LLVM prefers 256 bits on most processors that have 512, since wide ones once slowed the clock.",
            choices={"preferred": "as the compiler prefers", "512": "512 bits"},
        ),
    ),
    batch=Parameter(
        "batch",
        "Batch",
        "integer",
        1,
        help="Calls of the kernel in one sample; what is small is called as often as can be timed, times this.",
        minimum=1,
        maximum=1000,
    ),
    unit="bytes",
    arm="workloads.memory_traffic.arm:MemoryTraffic",
    tasks=TaskSet(
        entries=(
            Task(
                "sweep",
                "Strides and tiles",
                SweepResult,
                SweepArguments,
                reports={"point": SweepPoint, "level": SweepLevel},
                depends_on=("size", "side", "vectors"),
            ),
            Task(
                "sizes",
                "Array sizes",
                NoResult,
                reports={"point": SizePoint},
                depends_on=("transformation", "before", "after", "fields", "tile", "vectors"),
            ),
            Task(
                "scaling",
                "Scaling over cores",
                ScalingResult,
                reports={"point": ScalingPoint, "ceiling": BandwidthCeiling, "amdahl": ScalingFit},
                depends_on=("size", "vectors"),
            ),
            Task(
                "roofline",
                "Roofline",
                RooflineResult,
                RooflineArguments,
                reports={"triad": TriadPoint, "peak": PeakRate, "kernel": RooflinePoint},
                depends_on=("fields", "vectors"),
            ),
            Task(
                "stream",
                "Comparison with STREAM",
                StreamResult,
                reports={"round": StreamRound},
                depends_on=("size", "vectors"),
            ),
        ),
        handler="workloads.memory_traffic.tasks:MemoryTrafficTasks",
    ),
    policy=RacePolicy(quality_after_race=True),
    source="https://www.cs.virginia.edu/stream/ref.html",
    platform=Platform(machines=("x86_64", "AMD64", "aarch64", "arm64")),
    synthetic="random numbers: only their traffic matters",
)
