"""TODO: workloads.bert.profiling.instruction_sets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workloads.bert.profiling.onednn_verbose import PRODUCT_PRIMITIVES, parse_product_dimensions
from workloads.bert.profiling.profile import KernelTime, Profile

INSTRUCTION_SETS = (
    ("amx", "AMX", 32.0),
    # Each of these includes VNNI: oneDNN names a kernel after the newest set that it needs.
    ("avx512_core_vnni|avx512_core_bf16|avx512_core_fp16|avx10", "AVX-512 VNNI", 4.0),
    ("avx2_vnni", "AVX-VNNI", 4.0),
    ("avx512", "AVX-512 without VNNI", 4 / 3),
    ("avx2", "AVX2 without VNNI", 4 / 3),
)
"""What an implementation's name tells, what it is called, and how many INT8 operations it does in the time of one FP32
multiply-add of the same width: VPDPBUSD takes the place of four of them, and of the three instructions before it. AMX's
TDPBUSD does 1,024 multiply-adds a cycle, two FP32 ports 32 (Intel 64 and IA-32 Optimization Reference Manual)."""


UNNAMED = "not named"


@dataclass(frozen=True, slots=True)
class InstructionUse:
    """Which instructions ran the INT8 products."""

    sets: tuple[tuple[str, float], ...]
    """Name, as in `INSTRUCTION_SETS` or `UNNAMED`, and calls a pass; the most calls first."""
    implementations: tuple[str, ...]
    """The names by which oneDNN told it."""
    int8_calls: float
    """Matrix products in INT8, a pass."""
    products: float
    """Matrix products of any precision, a pass: attention's own are never INT8 here."""

    @property
    def fast_calls(self) -> float:
        """INT8 products, a pass, that ran on instructions made for them: VNNI or AMX."""
        made = {name for _, name, limit in INSTRUCTION_SETS if limit >= 4}
        return sum(calls for name, calls in self.sets if name in made)

    @property
    def sentence(self) -> str:
        if not self.int8_calls:
            return f"no INT8 product ran: all {self.products:g} matrix products of a pass are of other types"
        ran = ", ".join(f"{calls:g} by {name}" for name, calls in self.sets)
        return (
            f"of {self.products:g} matrix products of a pass {self.int8_calls:g} are INT8: {ran} "
            f"({', '.join(self.implementations)})"
        )


@dataclass(frozen=True, slots=True)
class Int8Gain:
    """What INT8 gained on the matrix products that it replaced, beside what the instructions allow.

    Compared are products of the same m, n and k in both profiles, by the medians of their calls. More than the limit
    is possible where FP32's kernels fall shorter of what their own instructions can do than INT8's, or do
    post-operations besides.
    """

    instruction_set: str
    limit: float
    """How many times as fast the instructions can be at most."""
    ratio: float
    """FP32's time over INT8's."""
    plain_ratio: float | None
    """The same of those with no post-operation on either side: FP32's kernels do GELU and residual sums too, INT8's
    leave them to TensorFlow. None where no product is so."""
    calls: float
    """INT8 products compared, a pass."""

    @property
    def share(self) -> float:
        """Of the limit, 1 being all; of the plain products where there are any."""
        return (self.plain_ratio or self.ratio) / self.limit


def name_instruction_set(implementation: str) -> str:
    """The instructions on which an implementation does INT8 products, by its name; `UNNAMED` where that does not tell,
    as in gemm:jit, which takes VNNI where the processor has it."""
    return next((name for pattern, name, _ in INSTRUCTION_SETS if re.search(pattern, implementation)), UNNAMED)


def find_int8_instructions(ran_kernels: Iterable[KernelTime]) -> InstructionUse:
    """Did VNNI, or AMX, really run the INT8 products?"""
    ran = [kernel for kernel in ran_kernels if kernel.primitive in PRODUCT_PRIMITIVES]
    sets: Counter[str] = Counter()
    implementations: Counter[str] = Counter()
    for kernel in ran:
        if kernel.precision == "int8":
            sets[name_instruction_set(kernel.implementation)] += kernel.calls  # type: ignore[assignment]
            implementations[kernel.implementation] += kernel.calls  # type: ignore[assignment]
    return InstructionUse(
        sets=tuple(sets.most_common()),
        implementations=tuple(name for name, _ in implementations.most_common()),
        int8_calls=sum(sets.values()),
        products=sum(kernel.calls for kernel in ran),
    )


def compare_with_limit(fp32: Profile, int8: Profile) -> Int8Gain | None:
    """How near INT8's products came to what their instructions can do, against FP32's of the same shapes.

    None where the profiles have no product in common: FP32 without oneDNN tells of blocks alone; or where the kernels'
    names do not tell the instructions. Raises ValueError for profiles of different threads, batch or length.
    """
    if (fp32.threads, fp32.batch, fp32.length) != (int8.threads, int8.batch, int8.length):
        raise ValueError("the profiles differ in threads, batch or length")
    named = [(name, calls) for name, calls in find_int8_instructions(int8.kernels).sets if name != UNNAMED]
    compared = _compare_times(fp32, int8, lambda kernel: True)
    if not named or compared is None:
        return None
    limit = next(limit for _, name, limit in INSTRUCTION_SETS if name == named[0][0])
    plain = _compare_times(fp32, int8, lambda kernel: not kernel.fused)
    return Int8Gain(named[0][0], limit, compared[0], plain and plain[0], compared[1])


def _compare_times(fp32: Profile, int8: Profile, wanted: Callable[[KernelTime], bool]) -> tuple[float, float] | None:
    """FP32's time over INT8's of the products of the same size, and how many INT8 calls a pass that compares."""
    slow, quick = _sum_by_size(fp32, "fp32", wanted), _sum_by_size(int8, "int8", wanted)
    common = [size for size in quick if size in slow]
    expected = sum(quick[size][0] * slow[size][1] / slow[size][0] for size in common)
    took = sum(quick[size][1] for size in common)
    return (expected / took, sum(quick[size][0] for size in common)) if took else None


def _sum_by_size(
    profile: Profile, precision: str, wanted: Callable[[KernelTime], bool]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Calls a pass of the products of each size, and the milliseconds that they take at the median."""
    sizes: dict[tuple[int, ...], tuple[float, float]] = {}
    for kernel in profile.kernels:
        size = parse_product_dimensions(kernel.primitive, kernel.shape)
        if size and kernel.precision == precision and wanted(kernel):
            calls, ms = sizes.get(size, (0.0, 0.0))
            sizes[size] = (calls + kernel.calls, ms + kernel.calls * kernel.median_ms)
    return sizes
