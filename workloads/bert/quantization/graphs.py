"""The model that a race runs at one value of the lever, as a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.formatting import format_bytes
from bench.workload.interface import ProgressReporter, Settings
from workloads.bert.inference.tokenization import Windows, WindowTokenizer
from workloads.bert.lever_values import number_type, runs_on_openvino
from workloads.bert.model import float_graph_cache, fusion, graphdef, head_split
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import conversion, graph_cache
from workloads.bert.quantization.conversion import Conversion

WHY_NOT_STORED = "the cache cannot be used or has no room"


@dataclass(frozen=True, slots=True)
class GraphFile:
    """A model as its library reads it."""

    path: Path
    """A serialized GraphDef in the scratch folder; OpenVINO's .xml, with the weights beside it, in the cache folder."""
    is_stored: bool
    """Whether the cache has what it was made from. If not, the cache cannot be used, or its disk has no room."""


def write_graph_file(
    value: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> GraphFile:
    """Write the model of `checkpoint` at a value of the lever, and return its file.

    TensorFlow's graphs for oneDNN get the fusions of `fusion.fuse_graph`; OpenVINO has its own. The model comes from
    the settings' cache if it is there, and is made without it, in the settings' scratch folder, if the cache cannot be
    used. An INT8 model is quantized as the settings' parameters say, by Neural Compressor or by NNCF. Raises BadInput
    if OpenVINO does not compute so on this processor.
    """
    if runs_on_openvino(value):
        return _write_openvino_model(value, checkpoint, tokenizer, settings, progress)
    file, cache = settings.scratch / f"{value}.pb", settings.cache / "bert"
    if value != "int8":
        return GraphFile(file, float_graph_cache.write_float_graph(value, checkpoint, cache, file, progress))
    chosen, windows = _load_conversion(checkpoint, tokenizer, settings, progress)
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


def write_split_graph(graph: GraphFile, branches: int, progress: ProgressReporter) -> GraphFile:
    """Write the graph with its layers in `branches` branches next to it, see `head_split.split_heads`."""
    progress(f"building graph: splitting its heads into {branches} branches")
    split = head_split.split_heads(graphdef.read_graph(graph.path), branches)
    file = graph.path.with_stem(f"{graph.path.stem}-{branches}-branches")
    file.write_bytes(split.SerializeToString(deterministic=True))
    # It may share its disk space with the entry of the cache.
    graph.path.unlink()
    return replace(graph, path=file)


def measure_model(file: Path) -> int:
    """Return the bytes of a model in `file`, with those of the weights that OpenVINO keeps beside it."""
    return sum(part.stat().st_size for part in {file, file.with_suffix(".bin")} if part.is_file())


def _load_conversion(
    checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> tuple[Conversion, Windows]:
    """Return how an INT8 model is made, and the windows for calibration."""
    name, cache = str(settings.parameters["quantization"]), settings.cache / "bert"
    chosen = conversion.load_conversion(name, cache, checkpoint)
    progress(f"quantizing: tokenizing {len(chosen.calibration):,} questions for calibration")
    return chosen, tokenizer.make_question_windows(chosen.calibration, int(settings.parameters["length"]))


def _write_openvino_model(
    value: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> GraphFile:
    # Not at the top: TensorFlow's arms run where OpenVINO is not installed.
    from workloads.bert.inference import openvino_session
    from workloads.bert.quantization import openvino_cache

    cache = settings.cache / "bert"
    openvino_session.check_number_type(number_type(value))
    quantization = (
        _load_conversion(checkpoint, tokenizer, settings, progress) if number_type(value) == "int8" else (None, None)
    )
    file = openvino_cache.load_or_convert(checkpoint, cache, settings.scratch, progress, *quantization)
    return GraphFile(file, file.is_relative_to(cache))
