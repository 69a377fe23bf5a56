"""The facts that an arm reports when it is ready."""

from __future__ import annotations

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from tests.support import tiny_bert
from workloads.bert import tf_adapter
from workloads.bert.arm import QuestionAnswering


@pytest.mark.parametrize(
    ("precision", "has_kernels", "is_reported"),
    [("bf16", False, True), ("bf16", True, False), ("fp32", False, False)],
)
def test_only_a_bf16_arm_without_bf16_instructions_reports_that_its_products_are_not_fused(
    tmp_path, monkeypatch, precision, has_kernels, is_reported
):
    monkeypatch.setattr(tf_adapter, "has_bf16_kernels", lambda: has_kernels)
    # Loading a graph with fused BF16 products would fail on a processor without kernels for them.
    monkeypatch.setattr(QuestionAnswering, "_start_models", lambda self, progress: None)
    arm = QuestionAnswering(tiny_bert.make_settings(tmp_path, precision, accelerated="bf16"))
    facts = arm.prepare(tiny_bert.ProgressRecorder())["facts"]
    assert ("no instructions for BF16" in facts.get("fusion", "")) is is_reported
