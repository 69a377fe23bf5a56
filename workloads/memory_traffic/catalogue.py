"""The transformations, and the versions of each: light, so that the declaration and the page can read it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from bench.workload.interface import BadInput

KIB = 1024
MIB = 1024 * KIB
FIELD_COUNTS = (1, 2, 8)
"""Of eight, how many of a particle's fields a kernel may use."""
MAX_SLOW_SIDE = 2049
KERNELS_FOLDER = Path(__file__).parent / "kernels"


@dataclass(frozen=True, slots=True)
class Version:
    """One way to write a kernel, or to compile it."""

    name: str
    label: str
    function: str
    """In the transformation's module; `{fields}` stands for the number of fields used."""
    reorders: bool = True
    """Compiled with leave to add in another order than written, without which no sum can become vectors."""
    threaded: bool = True
    """Whether it may use several threads."""
    promise: Literal["", "vectors", "threads"] = ""
    """What it does not count as having run without."""
    compiled: bool = True
    """False for what a library does."""

    def threads(self, cores: int) -> int:
        """Threads that it runs on where there are so many cores."""
        return cores if self.threaded else 1


@dataclass(frozen=True, slots=True)
class Transformation:
    """What is done to a kernel, from its first version to its best."""

    name: str
    label: str
    short: str
    """As a tab is called."""
    module: str
    """Of `workloads.memory_traffic.kernels`."""
    sentences: tuple[str, ...]
    versions: tuple[Version, ...]
    before: str
    after: str
    size_kib: int
    """Size where none is asked for: beyond most caches, or as large as the slowest version allows."""
    tile: int = 0
    """Side of a tile, or length of a strip, where none is asked for."""
    slow: tuple[str, ...] = ()
    """Versions that are too slow for large sizes."""

    def asked(self, lever: str, wanted: str) -> Version:
        """The version that the side `lever` of a race runs: `wanted`, or the usual one. Raises BadInput for one of
        another transformation."""
        try:
            return self.version(getattr(self, lever) if wanted == "default" else wanted)
        except KeyError:
            has = ", ".join(version.name for version in self.versions)
            raise BadInput(f"{self.label} has no version {wanted}", f"It has {has}.") from None

    @property
    def longest(self) -> int:
        """Longest side for the versions that would take minutes beyond it."""
        return MAX_SLOW_SIDE * (2 if self.name == "stencil" else 1)

    def takes_minutes(self, version: Version, side: int) -> bool:
        return version.name in self.slow and side > self.longest

    def version(self, name: str) -> Version:
        """Raises KeyError."""
        for version in self.versions:
            if version.name == name:
                return version
        raise KeyError(name)


TRANSFORMATIONS: Mapping[str, Transformation] = {
    one.name: one
    for one in (
        Transformation(
            "unit-stride",
            "Unit stride",
            "Stride",
            "unit_stride",
            (
                "The sum of all elements of a large matrix; only the order of two loops differs.",
                "Memory comes in lines of 64 bytes. Down a column, each line is fetched for one float32 of 4 bytes, "
                "and is gone before its neighbour is asked for; along a row, all 16 are used.",
            ),
            (
                Version("columns", "along columns", "columns"),
                Version("rows", "along rows", "rows"),
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
            (
                "Particles with eight float64 fields: each particle's fields together (array of structures), or each "
                "field of all particles together (structure of arrays).",
                "A particle's eight fields fill exactly one line: whoever needs one of them fetches all eight. The "
                "more fields are used, the less there is to gain; vectors still want their elements side by side.",
            ),
            (
                Version("aos", "array of structures", "aos_{fields}"),
                Version("soa", "structure of arrays", "soa_{fields}"),
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
            (
                "An inner product, compiled twice from one source. As written, each addition waits for the one before "
                "it; with leave to reorder the additions, the compiler makes vectors of them.",
                "The compiled code is read, and tells whether it did. Beyond the caches the loop waits for memory, "
                "and the vectors gain far less.",
            ),
            (
                Version("strict", "in the order written", "dot", reorders=False, threaded=False),
                Version("reordered", "additions may be reordered", "dot", threaded=False, promise="vectors"),
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
            (
                "Running sums: every element needs the one before it, so the loop can neither become vectors nor be "
                "shared out as it stands.",
                "Strip-mined, four strips run side by side and threads take shares of their own, for the price of "
                "going over part of the data twice. That does not always pay.",
            ),
            (
                Version("recurrence", "one element after the other", "recurrence", threaded=False),
                Version("strips", "strips side by side", "strips"),
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
            (
                "STREAM's triad, a = b + s · c, on one thread and on as many as there are cores.",
                "Arithmetic grows with the cores, the road to memory does not: beyond the caches the speedup ends "
                "where the bandwidth does.",
            ),
            (
                Version("one", "one thread", "triad", threaded=False),
                Version("all", "a thread a core", "triad", promise="threads"),
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
            (
                "The product of two matrices takes 2n³ operations in whatever order; what differs is how far a value "
                "travels before it is used again.",
                "Permuting the loops gives unit stride; strip-mining and permuting them gives tiles that a cache "
                "holds; blocks of two by four sums keep values in registers. Tiles alone may well lose: they add "
                "loops, and do nothing for the registers. NumPy's BLAS is the upper reference.",
            ),
            (
                Version("ijk", "as defined (ijk)", "ijk"),
                Version("ikj", "permuted (ikj)", "ikj"),
                Version("tiled", "strip-mined and permuted: tiled", "tiled"),
                Version("blocked", "tiled and blocked in registers", "blocked"),
                Version("blas", "NumPy's BLAS", "blas", compiled=False),
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
            (
                "A matrix is copied to its transpose. Reading along rows means writing down columns: one of both "
                "jumps, whichever loop is the inner one.",
                "Inside a tile that the cache holds, all of each line that was fetched is used before it goes.",
            ),
            (
                Version("rows", "row by row", "rows"),
                Version("tiles", "tile by tile", "tiles"),
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
            (
                "Eight sweeps of Jacobi's five-point average over a grid: four additions and products for every "
                "element that is read and written.",
                "Along rows the sweep goes at the speed of memory, and no tile in space can change that. Tiles in "
                "time can: the sweeps follow one another a row behind, and the grid is read and written once for all.",
            ),
            (
                Version("columns", "down the columns", "columns", threaded=False),
                Version("rows", "along the rows, one thread", "rows", threaded=False),
                Version("threads", "along the rows, all threads", "rows"),
                Version("tiles", "tiled in space", "tiles"),
                Version("time", "tiled in space and time", "time"),
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
    """Source of a kernel, read and not imported: the process that serves pages has no compiler in it."""
    text = (KERNELS_FOLDER / f"{module}.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return ast.get_source_segment(text, node) + "\n"
    raise KeyError(function)


def format_version_source(transformation: Transformation, version: Version, fields: int = 1) -> str:
    """Source of a version as it is compiled: with its decorator."""
    text = read_kernel_source(transformation.module, version.function.format(fields=fields))
    if not version.compiled:
        return text
    options = [f"parallel={version.threaded}"]
    options += ["fastmath={'contract', 'reassoc', 'nsz'}" if version.reorders else "fastmath={'contract'}"]
    return f"@njit({', '.join(options)})\n{text}"
