"""What the operators of the graph and the kernels that ran prove together, and what they do not."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from workloads.bert.profiling import evidence
from workloads.bert.profiling.kernels import KernelTotals

PRODUCTS = Counter({"QuantizedMatMulWithBiasAndDequantize": 3, "_QuantizedMatMul": 1})


def make_kernel(implementation: str, precision: str, calls: int, primitive: str = "inner_product") -> KernelTotals:
    return KernelTotals(
        primitive, implementation, f"{precision} types", precision, "shape", "", calls, 1.0, 1.0, 0.1, 10
    )


def test_int8_products_on_vnni_are_the_fast_path():
    ran = [
        make_kernel("brgemm:avx512_core_vnni", "int8", 4),
        make_kernel("brg_matmul:avx512_core", "fp32", 2, "matmul"),
    ]
    judged = evidence.judge_kernels("int8", PRODUCTS, ran, ["graph"])
    assert (judged.path, judged.calls, judged.accelerated_calls, judged.reason) == ("accelerated", 4, 4, "")
    assert judged.words == [
        "graph",
        "oneDNN ran: 4 × inner_product brgemm:avx512_core_vnni, int8 types",
        "oneDNN ran: 2 × matmul brg_matmul:avx512_core, fp32 types",
    ]


def test_int8_products_without_such_instructions_are_not():
    judged = evidence.judge_kernels("int8", PRODUCTS, [make_kernel("brgemm:avx512_core", "int8", 4)], [])
    assert (judged.path, judged.accelerated_calls) == ("stock", 0)
    assert judged.reason == "4 of 4 INT8 products ran on instructions other than VNNI or AMX"


def test_products_that_stayed_in_fp32_are_counted():
    products = PRODUCTS + Counter({"MatMul": 2})
    judged = evidence.judge_kernels("int8", products, [make_kernel("brgemm:avx512_core_vnni", "int8", 3)], [])
    assert (judged.path, judged.calls, judged.accelerated_calls) == ("accelerated", 6, 3)
    assert judged.reason == (
        "2 of 6 matrix products stayed in FP32; 1 of 4 INT8 products ran on instructions other than VNNI or AMX"
    )


def test_bfloat16_needs_instructions_of_its_own():
    products = Counter({"MatMul": 4})
    fast = evidence.judge_kernels("bf16", products, [make_kernel("brgemm:avx512_core_bf16", "bf16", 5)], [])
    assert (fast.path, fast.accelerated_calls, fast.reason) == ("accelerated", 4, "")
    slow = evidence.judge_kernels("bf16", products, [make_kernel("brgemm:avx512_core", "bf16", 5)], [])
    assert slow.path == "stock"
    assert slow.reason == "4 of 4 BF16 products ran on instructions other than those made for BF16"


def test_fp32_is_stock_with_or_without_onednn():
    for name in ("fp32", "fp32-stock"):
        judged = evidence.judge_kernels(
            name, Counter({"MatMul": 4}), [make_kernel("brgemm:avx512_core", "fp32", 4)], []
        )
        assert (judged.path, judged.accelerated_calls) == ("stock", 0)
