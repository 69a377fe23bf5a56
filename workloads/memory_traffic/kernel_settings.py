"""The settings of a kernel in the parameters of its case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.workload.parameters import Setting


@dataclass(frozen=True, slots=True)
class KernelSettings:
    """Sizes of a kernel's arrays. Settings that a case does not have are 0, and `fields` is 1."""

    size_kib: int
    """Size of all arrays together."""
    side: int
    """Side of the matrices, in elements; 0 derives it from the size."""
    tile: int
    """Side of a tile, or length of a strip, in elements."""
    fields: int
    """Number of particle fields that are used."""


def read_kernel_settings(parameters: Mapping[str, Setting]) -> KernelSettings:
    return KernelSettings(
        size_kib=int(parameters["size"]),
        side=int(parameters.get("side", 0)),
        tile=int(parameters.get("tile", 0)),
        fields=int(parameters.get("fields", 1)),
    )
