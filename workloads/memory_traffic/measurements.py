"""What the measurements of memory traffic are asked, report and return. Imports nothing that is measured."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from bench.values.base import Value
from bench.workload.interface import BadInput
from workloads.memory_traffic.catalogue import TRANSFORMATIONS

STRIDE_CASE = "unit-stride"
"""The case whose sweep is over strides. The other sweeps are over tiles or strips."""
SWEPT_CASES = (STRIDE_CASE, "tiling", "transpose", "stencil", "dependence")
"""The cases that the measurement `sweep` is for."""


class SweepPoint(Value):
    """One version at one stride, tile or strip; the time is the best of some passes."""

    version: str
    """For a stride: the type of the elements."""
    label: str
    x: int
    """Stride, side of the tile, or length of the strip, in elements."""
    seconds: float
    """Per call."""
    ns: float
    """Per element."""
    bytes: int
    """Size of the data that the version uses again and again at this tile; 0 for a stride."""
    line: int | None = None
    """For a stride: the stride from which on a cache line holds only one of the elements that are used."""


class SweepLevel(Value):
    """A version without tiles, or at its usual tile, to compare with."""

    version: str
    label: str
    seconds: float
    """Per call."""
    ns: float
    """Per element."""


class SweepResult(Value):
    shape: str
    """Size and type of the arrays, as text."""


class SizePoint(Value):
    """One version, or STREAM's triad, at one size; the time is the best of some passes."""

    version: str
    label: str
    role: Literal["before", "after", "triad"]
    threads: int
    bytes: int
    """Size of all arrays together."""
    seconds: float
    """Per call."""
    gb_s: float
    """1e9 bytes of the plain algorithm per second."""
    gflop_s: float


class ScalingPoint(Value):
    """One kernel on some number of cores, over all rounds."""

    kernel: Literal["triad", "arithmetic"]
    cores: int
    seconds: float
    """Median time of a call."""
    speedup: float
    """Median time on one core over median time on `cores` cores."""
    low: float
    """First quartile of the speedup over the rounds."""
    high: float
    """Third quartile of the speedup over the rounds."""


class BandwidthCeiling(Value):
    """The best bandwidth of STREAM's triad. It is the memory's only if the arrays are larger than the caches."""

    one_gb_s: float
    """On one core."""
    all_gb_s: float
    """On any number of cores."""
    bytes: int
    """Size of the three arrays together."""


class ScalingFit(Value):
    """Amdahl's law through the times of one kernel."""

    kernel: Literal["triad", "arithmetic"]
    serial: float
    """Share of the time on one core that more cores do not shorten."""
    low: float
    high: float
    """Ends of the 95 % interval of `serial`."""
    counts: int
    """Number of different core counts."""
    fits: bool
    """False if there are too few core counts for a fit."""


class ScalingResult(Value):
    shape: str
    """Size and type of the triad's vectors, as text."""


class RooflineArguments(Value):
    kernels: list[str] = Field(default_factory=lambda: list(TRANSFORMATIONS))
    """Names of transformations whose versions are measured."""
    fields: Literal[1, 2, 8] = 1
    """Number of a particle's fields that the versions of the data layout use."""

    @field_validator("kernels")
    @classmethod
    def _check(cls, kernels: list[str]) -> list[str]:
        names = ", ".join(TRANSFORMATIONS)
        if not kernels:
            raise BadInput("No kernels are named", f"List one or more of {names} as kernels.")
        for name in kernels:
            if name not in TRANSFORMATIONS:
                raise BadInput(f"There is no transformation {name}", f"Choose from {names}.")
        return kernels


class TriadPoint(Value):
    """The bandwidth of STREAM's triad at one size."""

    threads: int
    bytes: int
    """Size of the three arrays together."""
    gb_s: float


class PeakRate(Value):
    """The highest rate of float32 multiply-adds."""

    threads: int
    gflop_s: float
    bits: int
    """Width of the vectors."""


class RooflinePoint(Value):
    """One version of a transformation, at the size that its declaration recommends."""

    transformation: str
    """Label of the transformation."""
    version: str
    label: str
    threads: int
    bytes: int
    """Size of its arrays."""
    seconds: float
    """Per call."""
    intensity: float
    """Operations per byte."""
    gflop_s: float
    gb_s: float
    limit_gb_s: float
    """Bandwidth of the triad at the nearest size."""
    share: float
    """Of the roofline's limit; 1 is all of it."""
    machine_code: str
    """Which vectors the compiled code uses, as text."""
    counted: dict[str, int | float] = Field(default_factory=dict[str, int | float])
    """Hardware events per call by name, if the system has counters."""


class RooflineResult(Value):
    uncounted: str
    """Why hardware events are missing; empty if none are."""


class StreamArguments(Value):
    size_kib: int = Field(default=1144 * 1024, ge=1)
    """Size of the three arrays together; by default larger than the caches of most machines."""


class StreamRound(Value):
    """The bandwidth of STREAM's C program and of the triad compiled by Numba, one after the other."""

    c_gb_s: float
    numba_gb_s: float


class StreamResult(Value):
    c_gb_s: float
    """Best of all rounds."""
    numba_gb_s: float
    """Best of all rounds."""
    ratio: float
    """Numba's best over C's best."""
    paired: float
    """Median of the ratios of the rounds."""
    bytes: int
    """Size of the three arrays together."""
    threads: int
