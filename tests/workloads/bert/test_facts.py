"""The facts that an arm reports when it is ready."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from tests.support import tiny_bert
from workloads.bert import bf16_support
from workloads.bert.arm import QuestionAnswering
from workloads.bert.model import fusion


@pytest.mark.parametrize(
    ("precision", "has_kernels", "is_reported"),
    [("bf16", False, True), ("bf16", True, False), ("fp32", False, False)],
)
def test_only_a_bf16_arm_without_bf16_instructions_reports_that_its_products_are_not_fused(
    tmp_path, monkeypatch, precision, has_kernels, is_reported
):
    monkeypatch.setattr(bf16_support, "has_bf16_kernels", lambda: has_kernels)
    # Loading a graph with fused BF16 products would fail on a processor without kernels for them.
    monkeypatch.setattr(QuestionAnswering, "_start_models", lambda self, progress: None)
    arm = QuestionAnswering(tiny_bert.make_settings(tmp_path, precision, accelerated="bf16"))
    prepared = arm.prepare(tiny_bert.ProgressRecorder())
    assert ("no instructions for BF16" in prepared["facts"].get("fusion", "")) is is_reported
    assert prepared["handicap"] == fusion.describe_handicap(precision)


@pytest.mark.parametrize(
    ("precision", "flags", "words"),
    [
        ("bf16", "avx2", ["without instructions for BF16", "emulated", "not fused"]),
        ("bf16", "avx2 avx512f avx512_vnni", ["without instructions for BF16", "emulated"]),
        ("bf16", "avx2 avx512f avx512_bf16", []),
        ("int8", "avx2", []),
        ("fp32", "avx2", []),
    ],
)
def test_a_bf16_arm_is_no_fair_baseline_without_bf16_instructions(monkeypatch, precision, flags, words):
    monkeypatch.setattr(bf16_support, "KERNEL_FILES", FakeKernelFiles(f"flags : {flags}".encode()))
    bf16_support.has_bf16_kernels.cache_clear()
    bf16_support.has_bf16_instructions.cache_clear()
    try:
        handicap = fusion.describe_handicap(precision)
    finally:
        bf16_support.has_bf16_kernels.cache_clear()
        bf16_support.has_bf16_instructions.cache_clear()
    assert bool(handicap) is bool(words) and all(word in handicap for word in words)
    assert ("not fused" in handicap) is ("not fused" in words)


class FakeKernelFiles:
    """A processor with the given flags."""

    def __init__(self, cpuinfo: bytes) -> None:
        self.cpuinfo = cpuinfo

    def read_bytes(self, path: str) -> bytes:
        return self.cpuinfo
