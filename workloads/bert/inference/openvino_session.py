"""Inference with a model that OpenVINO has compiled, in place of TensorFlow's session."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.workload.interface import BadInput
from workloads.bert import bf16_support, ov_adapter
from workloads.bert.inference.batches import BatchedSession
from workloads.bert.inference.logits import Logits
from workloads.bert.lever_values import NumberType
from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES


class OpenVinoSession(BatchedSession):
    """Runs the model in `file`, an .xml, with `threads` threads (0: one for each core), in `number_type`.

    Raises BadInput for BF16 on a processor without instructions for it.
    """

    def __init__(self, file: Path, number_type: NumberType, threads: int) -> None:
        check_number_type(number_type)
        self.compiled = ov_adapter.CompiledModel(file, number_type, threads)

    def run(self, input_ids: np.ndarray, attention_mask: np.ndarray, token_type_ids: np.ndarray) -> Logits:
        arrays = input_ids, attention_mask, token_type_ids
        inputs: dict[str, np.ndarray] = dict(zip(INPUT_NAMES, arrays, strict=True))
        start, end = self.compiled.compute(inputs, OUTPUT_NAMES)
        return start, end

    def close(self) -> None:
        del self.compiled


def check_number_type(number_type: NumberType) -> None:
    """Raise BadInput if OpenVINO does not compute in `number_type` on this processor."""
    if number_type == "bf16" and not (ov_adapter.has_bf16() and bf16_support.has_bf16_instructions()):
        raise BadInput(bf16_support.NO_BF16, bf16_support.NO_BF16_REMEDY)
