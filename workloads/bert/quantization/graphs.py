"""The graph that a race runs at one precision, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from bench.formatting import format_bytes
from bench.workload.interface import ProgressReporter, Settings
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.model import forward, fusion, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import conversion, graph_cache


def write_graph_file(
    precision: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> Path:
    """Write the graph of `checkpoint` as a serialized GraphDef, and return its file in the settings' scratch folder.

    `precision` is a value of the lever. Graphs for oneDNN get the fusions of `fusion.fuse_graph`. An INT8 graph comes
    from the settings' cache, or is quantized as the settings' parameters say.
    """
    graph = _build_graph(precision, checkpoint, tokenizer, settings, progress)
    if precision != "fp32-stock":
        progress(f"building graph: fusing operators of {len(graph.node):,} nodes")
        graph = fusion.fuse_graph(graph)
    file = settings.scratch / f"{precision}.pb"
    progress(f"building graph: writing {format_bytes(graph.ByteSize())}")
    # The same graph has the same bytes, so that their digest identifies it.
    file.write_bytes(graph.SerializeToString(deterministic=True))
    return file


def _build_graph(
    precision: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> Any:
    if precision == "int8":
        cache = settings.cache / "bert"
        chosen = conversion.load_conversion(str(settings.parameters["quantization"]), cache, checkpoint)
        progress(f"quantizing: tokenizing {len(chosen.calibration):,} questions for calibration")
        windows = tokenizer.make_question_windows(chosen.calibration, int(settings.parameters["length"]))
        file = graph_cache.load_or_quantize(checkpoint, chosen.config, windows, cache, progress, chosen.fallback)
        progress(f"building graph: reading {format_bytes(file.stat().st_size)}")
        return graphdef.read_graph(file)
    progress(f"building graph: {precision}")
    return forward.build_frozen_graph(checkpoint, tf.bfloat16 if precision == "bf16" else tf.float32)
