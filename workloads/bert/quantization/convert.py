"""Post-training quantization of BERT's graph by Intel Neural Compressor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import QuantizationConfig
from workloads.bert.quantization.stand_ins import StandIns
from workloads.bert.quantization.tensor_ranges import TensorRanges


@dataclass(slots=True)
class ConversionState:
    """What conversions of one checkpoint with the same approach and calibration data share: the trials of a tuning."""

    stand_ins: StandIns = field(default_factory=StandIns)
    ranges: TensorRanges = field(default_factory=TensorRanges)
    light_graph: Any = None
    """The FP32 graph with stand-ins, after SmoothQuant if that is the approach; None before the first conversion."""


def list_quantizable_operators(checkpoint: Checkpoint) -> list[str]:
    """Return the names of the matrix products that can become INT8, in the order in which the model computes them."""
    with tf.Graph().as_default() as graph:
        inputs = [tf.compat.v1.placeholder(tf.int32, (None, None), name=name) for name in forward.INPUT_NAMES]
        # Placeholders with the shapes of the weights are enough: nothing is computed.
        shapes = {
            name: shape[::-1] if forward.is_linear(name) else shape
            for name, shape in checkpoint.config.shapes().items()
        }
        weights = {name: tf.compat.v1.placeholder(tf.float32, shape, name=name) for name, shape in shapes.items()}
        forward.compute_logits(checkpoint.config, weights, *inputs)
        return [operation.name for operation in graph.get_operations() if operation.type == "MatMul"]


def quantize_graph(
    checkpoint: Checkpoint,
    config: QuantizationConfig,
    calibration: Windows,
    progress: ProgressReporter,
    fallback: frozenset[str] = frozenset(),
    state: ConversionState | None = None,
) -> Any:
    """Return the graph of `forward.build_frozen_graph` with its matrix products in INT8, as a GraphDef.

    `fallback` names those of `list_quantizable_operators` that stay in FP32; another name raises BadInput. `state`
    saves work if several conversions share it. `progress` gets every pass of Neural Compressor, and the share of the
    calibration data that the FP32 model has read.
    """
    # Not at the top: loading Neural Compressor takes seconds, and a graph from the cache does not need it.
    from workloads.bert.quantization import inc_adapter

    if unknown := fallback - set(list_quantizable_operators(checkpoint)):
        raise BadInput(
            f"the model has no operator {min(unknown)}", "Choose a quantization that was tuned for this model."
        )
    loader = CalibrationLoader(calibration)

    def report_batch(done: int) -> None:
        progress(f"calibrating: {done} of {len(loader)} windows read", done / len(loader))

    state = state or ConversionState()
    with inc_adapter.temporary_workspace() as workspace, inc_adapter.report_passes(progress):
        if state.light_graph is None:
            progress("quantizing: building the FP32 graph")
            graph = forward.build_frozen_graph(checkpoint)
            if config.is_smooth:
                graph = inc_adapter.smooth(graph, config.alpha, loader, workspace, report_batch)
            state.light_graph = state.stand_ins.replace_all(graph)
        light_graph = inc_adapter.quantize_static(
            state.light_graph,
            inc_adapter.make_static_config(config, fallback),
            loader,
            workspace,
            state.stand_ins,
            state.ranges,
            report_batch,
        )
        return state.stand_ins.restore_all(light_graph)


class CalibrationLoader:
    """The calibration windows as Neural Compressor expects them: batches of (inputs by name, label).

    A batch is one window without its padding. The model masks padding, so its values do not matter, but they would
    widen the ranges and so cost accuracy: 0.9 of F1 with SmoothQuant on the shipped model.
    """

    batch_size = 1

    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray], None]]:
        for row, pieces in enumerate(self.windows.attention_mask.sum(axis=1)):
            yield {name: array[:, :pieces] for name, array in self.windows.feed(slice(row, row + 1)).items()}, None
