"""The graph that a race runs at one precision, as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.formatting import format_bytes
from bench.workload.interface import ProgressReporter, Settings
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.model import float_graph_cache, fusion, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import conversion, graph_cache

WHY_NOT_STORED = "the cache cannot be used or has no room"


@dataclass(frozen=True, slots=True)
class GraphFile:
    """A serialized GraphDef in the scratch folder."""

    path: Path
    is_stored: bool
    """Whether the cache has what it was made from. If not, the cache cannot be used, or its disk has no room."""


def write_graph_file(
    precision: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> GraphFile:
    """Write the graph of `checkpoint` as a serialized GraphDef in the settings' scratch folder.

    `precision` is a value of the lever. Graphs for oneDNN get the fusions of `fusion.fuse_graph`. The graph comes from
    the settings' cache if it is there, and is made without it if the cache cannot be used. An INT8 graph is quantized
    as the settings' parameters say.
    """
    file, cache = settings.scratch / f"{precision}.pb", settings.cache / "bert"
    if precision != "int8":
        return GraphFile(file, float_graph_cache.write_float_graph(precision, checkpoint, cache, file, progress))
    chosen = conversion.load_conversion(str(settings.parameters["quantization"]), cache, checkpoint)
    progress(f"quantizing: tokenizing {len(chosen.calibration):,} questions for calibration")
    windows = tokenizer.make_question_windows(chosen.calibration, int(settings.parameters["length"]))
    quantized = graph_cache.load_or_quantize(
        checkpoint, chosen.config, windows, cache, progress, chosen.fallback, scratch=settings.scratch
    )
    progress(f"building graph: reading {format_bytes(quantized.stat().st_size)}")
    graph = graphdef.read_graph(quantized)
    progress(f"building graph: fusing operators of {len(graph.node):,} nodes")
    graph = fusion.fuse_graph(graph)
    progress(f"building graph: writing {format_bytes(graph.ByteSize())}")
    # The same graph has the same bytes, so that their digest identifies it.
    file.write_bytes(graph.SerializeToString(deterministic=True))
    is_stored = quantized.is_relative_to(cache)
    if not is_stored:
        quantized.unlink()
    return GraphFile(file, is_stored)
