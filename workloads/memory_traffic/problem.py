"""The work of one kernel: its arrays, the result to expect, and what the plain algorithm moves and computes.

Bytes are counted as STREAM counts them: each element that the algorithm must read or write counts once, at its own
size. That a cache line is read before it is written, or evicted with most of it unused, is not counted; it shows in the
time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.workload.interface import BadInput
from workloads.memory_traffic.catalogue import KIB

SAMPLE_BYTES = 64 * 1024 * KIB
"""Traffic of the plain algorithm in one sample, unless SAMPLE_FLOPS is reached with fewer calls."""
SAMPLE_FLOPS = 1 << 24
"""Operations of the plain algorithm in one sample, unless SAMPLE_BYTES is reached with fewer calls."""
MAX_CALLS = 10_000
"""Most calls in one sample. Each call may start threads, however little work there is."""
CHECKED_ELEMENTS = 1 << 16
"""Number of elements that are checked at a time: what that needs beside the arrays stays in a near cache."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The work of one kernel."""

    description: str
    """Number, shape and type of the arrays."""
    arguments: Mapping[str, tuple[Any, ...]]
    """Arguments by name of the version; under "" those of all versions that are not named."""
    out: np.ndarray | None
    """The array that the kernel writes; None if it returns a number."""
    reference: np.ndarray | float
    """The result to expect."""
    tolerance: float
    """Largest error allowed, relative to the largest element of the reference."""
    tolerance_reason: str
    bytes: int
    """Bytes that one call of the plain algorithm moves."""
    flops: int
    """Floating-point operations of one call."""
    digest: str
    """SHA-256 of the shape and of the first input elements."""
    version_traffic: Mapping[str, int] = field(default_factory=dict)
    """Bytes that one call moves, for versions whose algorithm moves more or less than the plain one."""
    version_touched: Mapping[str, int] = field(default_factory=dict)
    """Bytes of their arrays that versions touch, for those that do not touch all."""
    border: int = 0
    """Width of the border of `out` and `intermediate`, in elements, that a kernel may leave unchanged."""
    intermediate: tuple[np.ndarray, ...] = ()
    """Arrays that a kernel writes before it writes `out`."""

    @property
    def calls(self) -> int:
        """Number of calls in one sample, the same for all versions: enough for some milliseconds.

        A sample of very small work is shorter, because of MAX_CALLS.
        """
        limits = [MAX_CALLS, SAMPLE_BYTES // self.bytes]
        if self.flops:
            limits.append(SAMPLE_FLOPS // self.flops)
        return max(1, min(limits))

    @property
    def max_side(self) -> int:
        """Longest side of all arrays, in elements."""
        arrays = [array for arguments in self.arguments.values() for array in _select_arrays(arguments)]
        return max(max(array.shape) for array in arrays)

    def require_out(self) -> np.ndarray:
        """The array that the kernel writes. Raises TypeError if it returns a number instead."""
        if self.out is None:
            raise TypeError(f"a kernel with {self.description} writes no array")
        return self.out

    def arguments_for(self, version: str) -> tuple[Any, ...]:
        return self.arguments.get(version, self.arguments.get("", ()))

    def array_bytes(self, version: str) -> int:
        """Bytes of all arrays that a version gets as arguments."""
        arrays = {id(array): array.nbytes for array in _select_arrays(self.arguments_for(version))}
        return sum(arrays.values())

    def touched_bytes(self, version: str) -> int:
        """Bytes of its arrays that a version touches: what a cache must hold."""
        return self.version_touched.get(version, self.array_bytes(version))

    def traffic_bytes(self, version: str) -> int:
        """Bytes that one call of a version moves."""
        return self.version_traffic.get(version, self.bytes)

    def relative_errors(self, returned: Any) -> np.ndarray:
        """The error of every element, relative to the largest element of the reference.

        `returned` is what the kernel returned; it is ignored if the kernel writes `out`.
        """
        result = np.asarray(returned if self.out is None else self.out)
        scale = float(np.max(np.abs(self.reference))) or 1.0
        return np.abs(result - self.reference) / scale

    def run_checked(self, call: Callable[..., Any], arguments: tuple[Any, ...], label: str) -> float:
        """Call a kernel once and check its result; returns the largest error.

        First fills the arrays that it writes with NaN, so that the result of an earlier kernel cannot be mistaken for
        its own. Raises BadInput if the result is wrong; `label` names the kernel in the message.
        """
        inner = slice(self.border, -self.border or None)
        for array in (*(() if self.out is None else (self.out,)), *self.intermediate):
            array[(inner,) * array.ndim] = np.nan
        return self.require_correct(call(*arguments), label)

    def require_correct(self, returned: Any, label: str) -> float:
        """The largest error of a result. Raises BadInput if it exceeds the tolerance or is not a number."""
        error = self._find_largest_error(returned)
        if not error <= self.tolerance:
            raise BadInput(
                f"the result of {label} is wrong: it differs from NumPy by {error:.2g}, and only "
                f"{self.tolerance:.2g} is allowed",
                "This is a bug in Fairlap or in the compiler. Report it with the versions of both.",
            )
        return error

    def _find_largest_error(self, returned: Any) -> float:
        """The largest of `relative_errors`, without an array of all of them; NaN if any of them is."""
        if self.out is None:
            return float(np.max(self.relative_errors(returned)))
        reference = np.asarray(self.reference)
        scale = float(max(np.max(reference), -np.min(reference))) or 1.0
        rows = max(1, CHECKED_ELEMENTS * len(self.out) // self.out.size)
        largest = [
            np.max(np.abs(self.out[row : row + rows] - reference[row : row + rows]))
            for row in range(0, len(self.out), rows)
        ]
        return float(np.max(largest)) / scale


def _select_arrays(arguments: tuple[Any, ...]) -> list[np.ndarray]:
    return [argument for argument in arguments if isinstance(argument, np.ndarray)]
