"""Post-training quantization of BERT's graph by Intel Neural Compressor, and a cache of what came of it."""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from bench.workload.interface import ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import Recipe

if TYPE_CHECKING:
    from workloads.bert.quantization.inc_patches import ConversionState


def list_quantizable_operators(checkpoint: Checkpoint) -> list[str]:
    """Names of the matrix products that can become INT8, in the order in which the model computes them."""
    with tf.Graph().as_default() as graph:
        inputs = [tf.compat.v1.placeholder(tf.int32, (None, None), name=name) for name in forward.INPUT_NAMES]
        # The shapes alone are laid out: nothing is computed here.
        shapes = {
            name: shape[::-1] if forward.is_linear(name) else shape
            for name, shape in checkpoint.config.shapes().items()
        }
        weights = {name: tf.compat.v1.placeholder(tf.float32, shape, name=name) for name, shape in shapes.items()}
        forward.compute_logits(checkpoint.config, weights, *inputs)
        return [operation.name for operation in graph.get_operations() if operation.type == "MatMul"]


def quantize_graph(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    progress: ProgressReporter,
    fallback: frozenset[str] = frozenset(),
    kept: ConversionState | None = None,
) -> Any:
    """The graph of `model.frozen` with its matrix products in INT8: a GraphDef with the same inputs and outputs.

    `fallback` names those of `operators` that stay in FP32. `kept` spares the next conversion with the same checkpoint,
    approach and calibration data what does not depend on the fallback. `progress` is told every pass and, while the
    FP32 model reads the calibration data, how much of it is read.
    """
    # Here and not above: what comes from the cache needs none of it in memory.
    from neural_compressor.tensorflow import SmoothQuantConfig, quantize_model
    from neural_compressor.tensorflow.utils import Model

    from workloads.bert.quantization import inc_patches

    if unknown := fallback - set(list_quantizable_operators(checkpoint)):
        raise ValueError(f"the model has no operator {sorted(unknown)[0]}")
    loader = CalibrationLoader(calibration)
    config = build_static_config(recipe, fallback)

    def told(done: int) -> None:
        progress(f"calibration: {done} of {len(loader)} windows read", done / len(loader))

    def wrapped(graph: Any) -> Any:
        made = Model(graph)
        made.input_tensor_names, made.output_tensor_names = list(forward.INPUT_NAMES), list(forward.OUTPUT_NAMES)
        made.workspace_path = str(folder)
        return made

    kept = kept or inc_patches.ConversionState()
    with _temporary_workspace() as folder, _report_passes(progress):
        if kept.light is None:
            progress("building the FP32 graph")
            graph = forward.build_frozen_graph(checkpoint)
            if recipe.smooth:
                with inc_patches.patch_smoothing(forward.INPUT_NAMES, told):
                    smooth = SmoothQuantConfig(alpha=recipe.alpha)
                    graph = quantize_model(wrapped(graph), smooth, loader, len(loader)).graph_def
            kept.light = kept.stand_ins.lighten(graph)
        with inc_patches.patch_conversion(kept, loader, forward.INPUT_NAMES, folder, told):
            light = quantize_model(wrapped(kept.light), config, loader, len(loader)).graph_def
        return kept.stand_ins.restore(light)


def build_static_config(recipe: Recipe, fallback: frozenset[str] = frozenset()) -> Any:
    """The recipe in Neural Compressor's words: a StaticQuantConfig."""
    from neural_compressor.tensorflow import StaticQuantConfig

    # TensorFlow's INT8 product takes unsigned inputs with a zero point.
    config = StaticQuantConfig(weight_granularity=recipe.granularity, act_sym=False)
    for name in sorted(fallback):
        # It takes names for patterns.
        config.set_local(f"^{re.escape(name)}$", StaticQuantConfig(weight_dtype="fp32", act_dtype="fp32"))
    return config


class CalibrationLoader:
    """The calibration windows as Neural Compressor wants them: batches of (inputs by name, label).

    One window at a time, without its padding. What the model computes of padding is masked and nobody reads it, but it
    would widen the ranges, and so cost accuracy: 0.9 of F1 with SmoothQuant on the shipped model.
    """

    batch_size = 1

    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray], None]]:
        for row, pieces in enumerate(self.windows.attention_mask.sum(axis=1)):
            yield {name: array[:, :pieces] for name, array in self.windows.feed(slice(row, row + 1)).items()}, None


class _PassLogHandler(logging.Handler):
    """Hands on what Neural Compressor's log says of its passes."""

    def __init__(self, progress: ProgressReporter) -> None:
        super().__init__(logging.INFO)
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if found := re.fullmatch(r"(?:Pass )?(.+) elapsed time: ([\d.]+) ms", record.getMessage()):
            self.progress(f"Neural Compressor: {found[1]} took {float(found[2]) / 1000:.2f} s")


@contextlib.contextmanager
def _report_passes(progress: ProgressReporter) -> Iterator[None]:
    logger, handler = logging.getLogger("neural_compressor"), _PassLogHandler(progress)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextlib.contextmanager
def _temporary_workspace() -> Iterator[Path]:
    """A folder for what Neural Compressor would else leave in the working directory."""
    from neural_compressor.tensorflow.utils import TFConfig

    with tempfile.TemporaryDirectory(prefix="fairlap-quantize-") as folder:
        TFConfig.global_config["workspace_path"] = folder
        try:
            yield Path(folder)
        finally:
            TFConfig.reset_global_config()
