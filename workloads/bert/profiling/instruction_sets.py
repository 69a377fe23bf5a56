"""Which instructions ran the INT8 products, and how much of their possible gain was reached."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from workloads.bert.profiling.kernels import KernelTotals
from workloads.bert.profiling.onednn_verbose import PRODUCT_PRIMITIVES, parse_product_dimensions
from workloads.bert.profiling.profile import Profile

INSTRUCTION_SETS = (
    ("amx", "AMX", 32.0),
    # All of these include VNNI: oneDNN names a kernel after the newest instruction set that it needs.
    ("avx512_core_vnni|avx512_core_bf16|avx512_core_fp16|avx10", "AVX-512 VNNI", 4.0),
    ("avx2_vnni", "AVX-VNNI", 4.0),
    ("avx512", "AVX-512 without VNNI", 4 / 3),
    ("avx2", "AVX2 without VNNI", 4 / 3),
)
"""A pattern of an implementation's name, the name of the instructions, and how many INT8 multiply-adds they do in the
time of one FP32 multiply-add of the same width. VNNI's VPDPBUSD does four; without VNNI, the same work takes three
instructions. AMX's TDPBUSD does 1,024 multiply-adds per cycle, two FP32 ports do 32.
Source: Intel 64 and IA-32 Optimization Reference Manual."""
MIN_FAST_RATIO = 4.0
"""Instructions made for INT8, VNNI or AMX, have at least this ratio."""
UNNAMED = "not named"


@dataclass(frozen=True, slots=True)
class InstructionUse:
    """The instructions that ran the INT8 products. All counts are per pass."""

    sets: tuple[tuple[str, float], ...]
    """Name, as in `INSTRUCTION_SETS` or `UNNAMED`, and calls; the most calls first."""
    implementations: tuple[str, ...]
    """oneDNN's names of the kernels."""
    int8_calls: float
    """INT8 matrix products."""
    products: float
    """Matrix products of any precision. Attention's own products are never INT8 here."""

    @property
    def fast_calls(self) -> float:
        """INT8 products on instructions made for them: VNNI or AMX."""
        fast = {name for _, name, ratio in INSTRUCTION_SETS if ratio >= MIN_FAST_RATIO}
        return sum(calls for name, calls in self.sets if name in fast)

    @property
    def sentence(self) -> str:
        if not self.int8_calls:
            return f"no INT8 product ran: all {self.products:g} matrix products of a pass are of other types"
        by_set = ", ".join(f"{calls:g} by {name}" for name, calls in self.sets)
        return (
            f"of {self.products:g} matrix products of a pass {self.int8_calls:g} are INT8: {by_set} "
            f"({', '.join(self.implementations)})"
        )


@dataclass(frozen=True, slots=True)
class Int8Gain:
    """The gain of INT8 on the matrix products that it replaced, and the limit of the instructions.

    Products of the same m, n and k in both profiles are compared by the median times of their calls. A gain above the
    limit is possible: FP32's kernels may use less of their own instructions' capacity than INT8's, or also compute
    post-operations.
    """

    instruction_set: str
    limit: float
    """The highest ratio that the instructions allow."""
    ratio: float
    """FP32's time over INT8's."""
    plain_ratio: float | None
    """The same for products without post-operations on either side. FP32's kernels also compute GELU and residual sums,
    which INT8's leave to TensorFlow. None if there is no such product."""
    calls: float
    """INT8 products compared, per pass."""

    @property
    def share(self) -> float:
        """Share of the limit that was reached, from `plain_ratio` if there is one, else from `ratio`."""
        return (self.plain_ratio or self.ratio) / self.limit


def name_instruction_set(implementation: str) -> str:
    """Return the instructions on which a kernel computes INT8 products, from the name of its implementation.

    `UNNAMED` if the name does not say it: gemm:jit uses VNNI if the processor has it.
    """
    return next((name for pattern, name, _ in INSTRUCTION_SETS if re.search(pattern, implementation)), UNNAMED)


def find_int8_instructions(kernels: Iterable[KernelTotals]) -> InstructionUse:
    """Return which instructions ran the INT8 products among `kernels`."""
    products = [kernel for kernel in kernels if kernel.primitive in PRODUCT_PRIMITIVES]
    sets: dict[str, float] = {}
    implementations: dict[str, float] = {}
    for kernel in products:
        if kernel.precision == "int8":
            name = name_instruction_set(kernel.implementation)
            sets[name] = sets.get(name, 0.0) + kernel.calls
            implementations[kernel.implementation] = implementations.get(kernel.implementation, 0.0) + kernel.calls
    return InstructionUse(
        sets=_most_common(sets),
        implementations=tuple(name for name, _ in _most_common(implementations)),
        int8_calls=sum(sets.values()),
        products=sum(kernel.calls for kernel in products),
    )


def _most_common(calls: dict[str, float]) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(calls.items(), key=lambda item: -item[1]))


def compare_with_limit(fp32: Profile, int8: Profile) -> Int8Gain | None:
    """Return INT8's gain over FP32 on products of the same shapes, and the limit of its instructions.

    None if the profiles have no product in common (without oneDNN, FP32's log has only blocks of products), or if the
    names of the kernels do not say the instructions. Raises ValueError if the profiles differ in threads, batch or
    length.
    """
    if (fp32.threads, fp32.batch, fp32.length) != (int8.threads, int8.batch, int8.length):
        raise ValueError("the profiles differ in threads, batch or length")
    named_sets = [name for name, _ in find_int8_instructions(int8.kernels).sets if name != UNNAMED]
    comparison = _compare_times(fp32, int8, lambda kernel: True)
    if not named_sets or comparison is None:
        return None
    ratio, calls = comparison
    limit = next(limit for _, name, limit in INSTRUCTION_SETS if name == named_sets[0])
    plain = _compare_times(fp32, int8, lambda kernel: not kernel.fused)
    return Int8Gain(named_sets[0], limit, ratio, plain and plain[0], calls)


def _compare_times(fp32: Profile, int8: Profile, include: Callable[[KernelTotals], bool]) -> tuple[float, float] | None:
    """Return FP32's time over INT8's for products of the same size, and the number of INT8 calls per pass."""
    fp32_sizes, int8_sizes = _sum_by_size(fp32, "fp32", include), _sum_by_size(int8, "int8", include)
    common = [size for size in int8_sizes if size in fp32_sizes]
    fp32_ms = sum(int8_sizes[size][0] * fp32_sizes[size][1] / fp32_sizes[size][0] for size in common)
    int8_ms = sum(int8_sizes[size][1] for size in common)
    return (fp32_ms / int8_ms, sum(int8_sizes[size][0] for size in common)) if int8_ms else None


def _sum_by_size(
    profile: Profile, precision: str, include: Callable[[KernelTotals], bool]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return the calls per pass of the products of each size, and their milliseconds at the median time of a call."""
    sizes: dict[tuple[int, ...], tuple[float, float]] = {}
    for kernel in profile.kernels:
        size = parse_product_dimensions(kernel.primitive, kernel.shape)
        if size and kernel.precision == precision and include(kernel):
            calls, ms = sizes.get(size, (0.0, 0.0))
            sizes[size] = (calls + kernel.calls, ms + kernel.calls * kernel.median_ms)
    return sizes
