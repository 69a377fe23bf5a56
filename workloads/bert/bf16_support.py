"""Whether this processor computes in BF16, from the flags that its kernel lists. Imports no library."""

from __future__ import annotations

from functools import lru_cache

from bench.system.kernel_files import KERNEL_FILES

_KERNEL_FLAGS = {b"avx512f", b"avx_ne_convert", b"bf16"}
"""Flags of x86 processors, and of Arm ones, that TensorFlow requires before it gives a BF16 operator to oneDNN
(IsBF16SupportedByOneDNNOnThisCPU)."""
_PRODUCT_FLAGS = {b"avx512_bf16", b"amx_bf16", b"avx_ne_convert", b"bf16"}
"""Flags of processors with instructions for BF16 products. With AVX-512 alone, oneDNN emulates them."""
NO_BF16 = "OpenVINO BF16 is for processors that have instructions for BF16, and this one has none"
NO_BF16_REMEDY = "Choose OpenVINO FP32 or OpenVINO INT8."


@lru_cache(1)
def has_bf16_kernels() -> bool:
    """Whether oneDNN computes products in BF16 on this processor.

    Without instructions for it, as on a processor with AVX2 alone, TensorFlow computes them itself, and has no kernels
    for a BF16 product that is fused with GELU or a sum.
    """
    return not _KERNEL_FLAGS.isdisjoint(_read_flags())


@lru_cache(1)
def has_bf16_instructions() -> bool:
    """Whether this processor has instructions for products in BF16. Without them, BF16 is emulated in FP32."""
    return not _PRODUCT_FLAGS.isdisjoint(_read_flags())


def explain_openvino_bf16() -> str:
    """Why OpenVINO does not compute in BF16 here, and what to do about it; empty if it does."""
    return "" if has_bf16_instructions() else f"{NO_BF16}. {NO_BF16_REMEDY}"


def _read_flags() -> set[bytes]:
    return set((KERNEL_FILES.read_bytes("proc/cpuinfo") or b"").split())
