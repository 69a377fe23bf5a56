"""Memory traffic: a laboratory that races loops before and after a transformation of how they use memory.

After the posts on vectorization, threads, unit stride, data layout, strip-mining and tiling. This module declares the
workload and imports no compiler.
"""

from bench.formatting import format_bytes
from bench.workload.cases import Case, Code, Step
from bench.workload.declaration import Platform, Suggestion, Workload
from bench.workload.levers import Lever, LeverValue
from bench.workload.parameters import Parameter
from bench.workload.preparation import declare_preparation
from bench.workload.tasks import NoResult, Task, TaskSet
from workloads.memory_traffic.catalogue import KIB, TRANSFORMATIONS, Transformation, format_version_source
from workloads.memory_traffic.measurements import (
    SWEPT_CASES,
    BandwidthCeiling,
    PeakRate,
    RooflineArguments,
    RooflinePoint,
    RooflineResult,
    ScalingFit,
    ScalingPoint,
    ScalingResult,
    SizePoint,
    StreamArguments,
    StreamResult,
    StreamRound,
    SweepLevel,
    SweepPoint,
    SweepResult,
    TriadPoint,
)
from workloads.memory_traffic.problem_sizes import MATRIX_COUNTS
from workloads.memory_traffic.settings_0_1_0 import upgrade_settings

ORDER = 4

# Powers of two from 16 KiB to 32 GiB.
_SIZES_KIB = tuple(1 << power for power in range(4, 26))


def _declare_lever(transformation: Transformation) -> Lever:
    return Lever(
        name="version",
        label="version",
        values=tuple(
            LeverValue(
                version.name,
                version.label,
                version.baseline_kind,
                subject=transformation.label if version.name == transformation.accelerated else "",
                packages=("numba",),
            )
            for version in transformation.versions
        ),
        baseline=transformation.baseline,
        accelerated=transformation.accelerated,
        changes_arithmetic=True,
    )


def _declare_parameters(transformation: Transformation) -> tuple[Parameter, ...]:
    sizes_kib = tuple(sorted({*_SIZES_KIB, transformation.size_kib}))
    parameters = [
        Parameter(
            "size",
            "Array size",
            "integer",
            transformation.size_kib,
            help="Size of all arrays together in KiB, from the nearest cache to far beyond the last one. Matrix sides "
            "are odd numbers, because powers of two cause cache conflicts.",
            minimum=1,
            maximum=64 * 1024 * 1024,
            stops=sizes_kib,
            stop_labels={size_kib: format_bytes(size_kib * KIB) for size_kib in sizes_kib},
        )
    ]
    if transformation.name in MATRIX_COUNTS:
        parameters.append(
            Parameter(
                "side",
                "Side",
                "integer",
                0,
                help="Number of rows and columns of the matrices; 0 derives it from the array size. 1024 or 8192 show "
                "the cache conflicts of powers of two.",
                minimum=0,
                maximum=65_536,
            )
        )
    if transformation.tile:
        parameters.append(
            Parameter(
                "tile",
                "Tile",
                "integer",
                transformation.tile,
                help="Side of a tile, or length of a strip, in elements.",
                minimum=1,
                maximum=65_536,
                stops=(4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 65_536),
            )
        )
    if transformation.name == "layout":
        parameters.append(
            Parameter(
                "fields",
                "Fields used",
                "choice",
                "1",
                help="How many of a particle's fields the loop uses.",
                choices={"1": "one of eight", "2": "two of eight", "8": "all eight"},
            )
        )
    return tuple(parameters)


def _declare_case(transformation: Transformation) -> Case:
    baseline, accelerated = (
        format_version_source(transformation, transformation.version(name))
        for name in (transformation.baseline, transformation.accelerated)
    )
    return Case(
        transformation.name,
        transformation.label,
        transformation.summary,
        steps=(Step("kernel", "kernel", "calls of the compiled loop, as many as can be timed"),),
        code=Code(before=baseline, after=accelerated),
        parameters=_declare_parameters(transformation),
        text="\n".join(f"- {sentence}" for sentence in transformation.sentences),
        lever=_declare_lever(transformation),
    )


WORKLOAD = Workload(
    name="memory-traffic",
    title="Memory traffic",
    icon=":material/memory:",
    summary="Loops before and after a transformation of how they use memory: the same arithmetic, less traffic.",
    story=(
        "Often a loop spends its time waiting for memory, not computing: a processor computes hundreds of values in "
        "the time that one takes to arrive from main memory.",
        "Each transformation changes the order, the data layout, the vectors or the threads of a loop, but not its "
        "result: every kernel is checked against plain NumPy before it is timed.",
        "Numba compiles the loops as they are shown. Fairlap reads the compiled code to check whether it uses vectors.",
        "The roofline shows what this machine can reach, and how close each kernel comes.",
    ),
    lever=_declare_lever(next(iter(TRANSFORMATIONS.values()))),
    cases=tuple(_declare_case(transformation) for transformation in TRANSFORMATIONS.values()),
    parameters=(
        Parameter(
            "vectors",
            "Vectors",
            "choice",
            "preferred",
            help="On most processors with 512-bit vectors LLVM uses 256 bits, because wide vectors used to lower the "
            "clock rate.",
            choices={"preferred": "chosen by the compiler", "512": "512 bits"},
        ),
    ),
    batch=Parameter(
        "batch",
        "Batch",
        "integer",
        1,
        help="Multiplies the calls of the kernel in one sample. Small kernels are called as often as needed to be "
        "timed, times this number.",
        minimum=1,
        maximum=1000,
    ),
    unit="bytes",
    quality="same results",
    suggestions=(
        Suggestion("Use arrays that fit into a cache", {"size": 256}),
        Suggestion("Use arrays of 64 MiB", {"size": 65_536}),
    ),
    arm="workloads.memory_traffic.arm:MemoryTraffic",
    tasks=TaskSet(
        entries=(
            declare_preparation(
                "compile the memory kernels", 30, ("vectors", "case", "baseline", "accelerated", "fields")
            ),
            Task(
                "sweep",
                "Strides and tiles",
                SweepResult,
                reports={"point": SweepPoint, "level": SweepLevel},
                depends_on=("case", "size", "side", "vectors"),
                cases=SWEPT_CASES,
            ),
            Task(
                "sizes",
                "Array sizes",
                NoResult,
                reports={"point": SizePoint},
                depends_on=("case", "baseline", "accelerated", "fields", "tile", "vectors"),
            ),
            Task(
                "scaling",
                "Scaling over cores",
                ScalingResult,
                reports={"point": ScalingPoint, "ceiling": BandwidthCeiling, "amdahl": ScalingFit},
                depends_on=("case", "size", "vectors"),
            ),
            Task(
                "roofline",
                "Roofline",
                RooflineResult,
                RooflineArguments,
                reports={"triad": TriadPoint, "peak": PeakRate, "kernel": RooflinePoint},
                depends_on=("vectors",),
            ),
            Task(
                "stream",
                "Comparison with STREAM",
                StreamResult,
                StreamArguments,
                reports={"round": StreamRound},
                depends_on=("vectors",),
            ),
        ),
        handler="workloads.memory_traffic.tasks:MemoryTrafficTasks",
    ),
    source="https://www.cs.virginia.edu/stream/ref.html",
    platform=Platform(machines=("x86_64", "AMD64", "aarch64", "arm64")),
    synthetic="random numbers: only their traffic matters",
    upgrade_settings=upgrade_settings,
)
