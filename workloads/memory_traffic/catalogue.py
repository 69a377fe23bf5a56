"""The transformations, and the versions of each loop. Light: the declaration and the page read it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from bench.values.arms import BaselineKind

KIB = 1024
MIB = 1024 * KIB
MAX_SLOW_SIDE = 2049
"""Longest side of a matrix for versions that would take minutes with a longer one."""
KERNELS_FOLDER = Path(__file__).parent / "kernels"


@dataclass(frozen=True, slots=True)
class Version:
    """One way to write a kernel, or to compile it. A value of the lever of its case."""

    name: str
    label: str
    function: str
    """Name of the function in the transformation's module. `{fields}` stands for the number of fields used."""
    baseline_kind: BaselineKind
    """Whether it is a fair baseline. Claims against a naive one say so."""
    reorders: bool = True
    """Whether the compiler may reorder additions. Otherwise no sum can be vectorized."""
    threaded: bool = True
    """Whether it may use several threads."""
    promise: Literal["", "vectors", "threads"] = ""
    """What must have been used for the version to count as accelerated."""
    compiled: bool = True
    """False for a function of a library."""

    def threads(self, cores: int) -> int:
        """The number of threads it uses on `cores` cores."""
        return cores if self.threaded else 1


@dataclass(frozen=True, slots=True)
class Transformation:
    """A transformation of a kernel, with all its versions. A case of the workload."""

    name: str
    label: str
    short: str
    """Name of its tab."""
    module: str
    """Name of its module in `workloads.memory_traffic.kernels`."""
    summary: str
    sentences: tuple[str, ...]
    """Introduction, in Markdown."""
    versions: tuple[Version, ...]
    baseline: str
    """Default version of the baseline arm."""
    accelerated: str
    """Default version of the accelerated arm."""
    size_kib: int
    """Default size: larger than most caches, or the largest that the slowest version can process in time."""
    tile: int = 0
    """Default side of a tile, or length of a strip, in elements; 0 if there are none."""
    slow: tuple[str, ...] = ()
    """Names of the versions that are too slow for large sizes."""

    @property
    def max_slow_side(self) -> int:
        """Longest side for the slow versions."""
        return MAX_SLOW_SIDE * (2 if self.name == "stencil" else 1)

    def takes_minutes(self, version: Version, side: int) -> bool:
        return version.name in self.slow and side > self.max_slow_side

    def version(self, name: str) -> Version:
        """The version `name`. Raises KeyError."""
        for version in self.versions:
            if version.name == name:
                return version
        raise KeyError(name)


TRANSFORMATIONS: Mapping[str, Transformation] = {
    transformation.name: transformation
    for transformation in (
        Transformation(
            "unit-stride",
            "Unit stride",
            "Stride",
            "unit_stride",
            "Sum a matrix along its rows instead of its columns.",
            (
                "The sum of all elements of a large matrix. The versions differ only in the order of the two loops.",
                "Memory is read in lines of 64 bytes. Down a column, each line is fetched for one float32 of 4 bytes, "
                "and is evicted before its neighbour is needed. Along a row, all 16 elements of a line are used.",
            ),
            (
                Version("columns", "along columns", "columns", BaselineKind.NAIVE),
                Version("rows", "along rows", "rows", BaselineKind.BEST_KNOWN),
            ),
            "columns",
            "rows",
            256 * KIB,
        ),
        Transformation(
            "layout",
            "Data layout",
            "Layout",
            "layout",
            "Store each field of all particles together, instead of all fields of each particle.",
            (
                "Particles with eight float64 fields. An array of structures stores the fields of each particle "
                "together; a structure of arrays stores each field of all particles together.",
                "The eight fields of a particle fill exactly one cache line, so a loop that needs one field fetches "
                "all eight. The more fields a loop uses, the smaller the gain. Vector instructions still need their "
                "elements next to each other.",
            ),
            (
                Version("aos", "array of structures", "aos_{fields}", BaselineKind.NAIVE),
                Version("soa", "structure of arrays", "soa_{fields}", BaselineKind.BEST_KNOWN),
            ),
            "aos",
            "soa",
            256 * KIB,
        ),
        Transformation(
            "vectorization",
            "Vectorization",
            "Vectors",
            "vectorization",
            "Let the compiler reorder the additions of an inner product.",
            (
                "An inner product, compiled twice from the same source. In the order written, each addition waits for "
                "the one before it. If the compiler may reorder the additions, it can use vector instructions.",
                "Fairlap reads the compiled code to check whether it does. Beyond the caches the loop waits for "
                "memory, and the gain is much smaller.",
            ),
            (
                Version("strict", "additions in order", "dot", BaselineKind.NAIVE, reorders=False, threaded=False),
                Version(
                    "reordered",
                    "additions reordered",
                    "dot",
                    BaselineKind.BEST_KNOWN,
                    threaded=False,
                    promise="vectors",
                ),
            ),
            "strict",
            "reordered",
            1 * KIB,
        ),
        Transformation(
            "dependence",
            "Dependence",
            "Dependence",
            "dependence",
            "Compute running sums in strips.",
            (
                "Running sums: every element needs the previous one, so the loop as written can use neither vectors "
                "nor threads.",
                "In strips, four sums run at the same time and each thread computes its own share. The price is a "
                "second pass over part of the data, so it is not always faster.",
            ),
            (
                Version("recurrence", "one after the other", "recurrence", BaselineKind.NAIVE, threaded=False),
                Version("strips", "in strips", "strips", BaselineKind.BEST_KNOWN),
            ),
            "recurrence",
            "strips",
            256 * KIB,
            tile=512,
        ),
        Transformation(
            "multithreading",
            "Multithreading",
            "Threads",
            "multithreading",
            "Run STREAM's triad on all cores instead of one.",
            (
                "STREAM's triad, a = b + s · c, on one thread and on one thread per core.",
                "Arithmetic scales with the number of cores, memory bandwidth does not: beyond the caches the speedup "
                "ends where the bandwidth is exhausted.",
            ),
            (
                Version("one", "one thread", "triad", BaselineKind.NAIVE, threaded=False),
                Version("all", "one thread per core", "triad", BaselineKind.BEST_KNOWN, promise="threads"),
            ),
            "one",
            "all",
            256 * KIB,
        ),
        Transformation(
            "tiling",
            "Tiling: matrix product",
            "Product",
            "tiling",
            "Permute, tile and block the loops of a matrix product.",
            (
                "The product of two matrices takes 2n³ operations in any order. The order decides how much other data "
                "is read before a value is used again.",
                "Permuting the loops gives unit stride. Strip-mining and permuting them gives tiles that fit into a "
                "cache. Blocks of two by four sums keep values in registers. Tiles alone may be slower, because they "
                "add loops and do nothing for the registers. NumPy's BLAS is the reference.",
            ),
            (
                Version("ijk", "loop order ijk", "ijk", BaselineKind.NAIVE),
                Version("ikj", "loop order ikj", "ikj", BaselineKind.NAIVE),
                Version("tiled", "tiled", "tiled", BaselineKind.NAIVE),
                Version("blocked", "register blocks", "blocked", BaselineKind.NAIVE),
                Version("blas", "NumPy's BLAS", "blas", BaselineKind.LIBRARY, compiled=False),
            ),
            "ijk",
            "blocked",
            12 * KIB,
            tile=512,
            slow=("ijk",),
        ),
        Transformation(
            "transpose",
            "Tiling: transpose",
            "Transpose",
            "transpose",
            "Transpose a matrix tile by tile.",
            (
                "A matrix is copied to its transpose. Reading along rows means writing down columns, so one of the "
                "two has a large stride, whichever loop is the inner one.",
                "In a tile that fits into the cache, all elements of a fetched line are used before it is evicted.",
            ),
            (
                Version("rows", "row by row", "rows", BaselineKind.NAIVE),
                Version("tiles", "tile by tile", "tiles", BaselineKind.BEST_KNOWN),
            ),
            "rows",
            "tiles",
            256 * KIB,
            tile=32,
        ),
        Transformation(
            "stencil",
            "Stencil",
            "Stencil",
            "stencil",
            "Tile the sweeps of a stencil in space and in time.",
            (
                "Eight sweeps of Jacobi's five-point average over a grid: four additions and multiplications for each "
                "element that is read and written.",
                "Along the rows a sweep runs at the speed of memory, and tiles in space cannot change that. Tiles in "
                "time can: the sweeps follow each other one row apart, and the grid is read and written only once.",
            ),
            (
                Version("columns", "down the columns", "columns", BaselineKind.NAIVE, threaded=False),
                Version("rows", "rows, one thread", "rows", BaselineKind.NAIVE, threaded=False),
                Version("threads", "rows, all threads", "rows", BaselineKind.BEST_KNOWN),
                Version("tiles", "tiled in space", "tiles", BaselineKind.BEST_KNOWN),
                Version("time", "tiled in time too", "time", BaselineKind.BEST_KNOWN),
            ),
            "columns",
            "time",
            256 * KIB,
            tile=2048,
            slow=("columns",),
        ),
    )
}


@cache
def read_kernel_source(module: str, function: str) -> str:
    """Source of a kernel. It is read as text, because the process that serves pages does not import Numba."""
    text = (KERNELS_FOLDER / f"{module}.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return f"{ast.get_source_segment(text, node)}\n"
    raise KeyError(function)


def format_version_source(transformation: Transformation, version: Version, fields: int = 1) -> str:
    """Source of a version with its decorator, as it is compiled."""
    text = read_kernel_source(transformation.module, version.function.format(fields=fields))
    if not version.compiled:
        return text
    options = [f"parallel={version.threaded}"]
    options += ["fastmath={'contract', 'reassoc', 'nsz'}" if version.reorders else "fastmath={'contract'}"]
    return f"@njit({', '.join(options)})\n{text}"
