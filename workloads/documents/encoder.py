"""Deep features: what the last layer of the shipped BERT makes of a document, averaged over its word pieces.

The model was trained to answer questions: its hidden states are those of a small BERT, not of a model for similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.values.samples import Evidence
from bench.workload.interface import ProgressReporter, Settings
from workloads.bert.inference.batches import slice_inputs
from workloads.bert.inference.tokenization import Windows, WindowTokenizer
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import float_graph_cache, fusion, graphdef
from workloads.bert.model.checkpoint import SHIPPED_MODEL, Checkpoint, load_checkpoint
from workloads.bert.model.forward import INPUT_NAMES
from workloads.bert.profiling.evidence import collect_inference_evidence
from workloads.bert.quantization import conversion, graph_cache
from workloads.documents import table
from workloads.documents.catalogue import ENVIRONMENT
from workloads.documents.source import load_corpus
from workloads.documents.split import split_documents

BATCH = 32
"""Documents that the encoder reads at once."""
CALIBRATION_DOCUMENTS = 100
"""Documents by which the ranges of tensors are measured: of those to learn from only."""
UNKNOWN_PIECE = "[UNK]"
"""Stands for a word that the vocabulary of the model cannot write."""
CACHE_FOLDER = "bert"
"""Shared with the workload of the same model."""
Features = npt.NDArray[np.float64]


class DocumentTokenizer:
    """Makes one window of the first word pieces of each document."""

    def __init__(self, checkpoint: Checkpoint, length: int) -> None:
        self.length = length
        self._pieces = WindowTokenizer(checkpoint)

    def make_windows(self, texts: Sequence[str]) -> Windows:
        """[CLS] pieces [SEP], in as many windows of `length` pieces as there are texts."""
        count = len(texts)
        ids, mask = (np.zeros((count, self.length), np.int32) for _ in range(2))
        for row, encoding in enumerate(self._pieces.tokenizer.encode_batch(list(texts), add_special_tokens=False)):
            pieces = [self._pieces.cls_id, *encoding.ids[: self.length - 2], self._pieces.sep_id]
            ids[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        nowhere = np.full((count, self.length, 2), -1, np.int64)
        return Windows(
            ids, mask, np.zeros_like(ids), np.arange(count), nowhere, np.zeros((count, self.length), dtype=bool)
        )

    def count_pieces(self, text: str) -> tuple[int, int]:
        """How many of the word pieces in the window of a text the model knows, and how many there are."""
        pieces = self._pieces.tokenizer.encode(text, add_special_tokens=False).tokens[: self.length - 2]
        return sum(piece != UNKNOWN_PIECE for piece in pieces), len(pieces)


@dataclass(frozen=True, slots=True)
class EncoderGraph:
    """The model at one precision, as a serialized GraphDef."""

    precision: str
    """A value of the lever of the workload bert: fp32, bf16 or int8."""
    file: Path
    checkpoint: Checkpoint


def write_graph(
    precision: str,
    checkpoint: Checkpoint,
    calibration: Windows,
    settings: Settings,
    progress: ProgressReporter,
) -> EncoderGraph:
    """The graph of the model in the scratch folder, with the fusions of `workloads.bert.model.fusion`. INT8 is
    quantized with the ranges of `calibration`, which must be of documents to learn from; the operators that the model
    recommends stay in FP32."""
    file, cache = settings.scratch / f"{precision}.pb", settings.cache / CACHE_FOLDER
    if precision != "int8":
        float_graph_cache.write_float_graph(precision, checkpoint, cache, file, progress)
        return EncoderGraph(precision, file, checkpoint)
    chosen = conversion.load_default(checkpoint)
    quantized = graph_cache.load_or_quantize(
        checkpoint, chosen.config, calibration, cache, progress, chosen.fallback, scratch=settings.scratch
    )
    graph = fusion.fuse_graph(graphdef.read_graph(quantized))
    file.write_bytes(graph.SerializeToString(deterministic=True))
    return EncoderGraph(precision, file, checkpoint)


def prepare_graphs(settings: Settings, progress: ProgressReporter) -> None:
    """Make the graphs of both arms of a plan, so that its race finds them in the cache. `settings` are of the deep
    case. Raises BadInput."""
    file = settings.scratch / "documents.parquet"
    table.write_subset(load_corpus(settings, progress).path, settings.batch, file)
    documents = split_documents(table.load_documents(pd, file), settings.seed)
    checkpoint = load_model(progress)
    calibration = DocumentTokenizer(checkpoint, int(settings.parameters["length"])).make_windows(
        documents.train_texts[:CALIBRATION_DOCUMENTS]
    )
    for precision in ("fp32", str(settings.parameters["precision"])):
        write_graph(precision, checkpoint, calibration, settings, progress)


class Encoder:
    """Turns windows into features: the mean of the last hidden states over the word pieces."""

    def __init__(self, graph: EncoderGraph, threads: int) -> None:
        definition = graphdef.read_graph(graph.file)
        options = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=1)
        # The graph has all its fusions already.
        options.graph_options.rewrite_options.disable_meta_optimizer = True
        imported = tf.Graph()
        with imported.as_default():
            tf.import_graph_def(definition, name="")
            inputs = [imported.get_tensor_by_name(f"{name}:0") for name in INPUT_NAMES]
            layer = graph.checkpoint.config.num_hidden_layers - 1
            hidden = imported.get_tensor_by_name(f"{find_last_hidden(definition, layer)}:0")
            pooled = _average(hidden, inputs[1], graph.checkpoint.config.hidden_size)
        self._session = tf.compat.v1.Session(graph=imported, config=options)
        self._run = self._session.make_callable(pooled, inputs)

    def encode(self, windows: Windows) -> Features:
        """Features of shape (windows, hidden size)."""
        parts = [self._run(*slice_inputs(windows, first, first + BATCH)) for first in range(0, len(windows), BATCH)]
        return np.concatenate(parts).astype(np.float64)


def _average(hidden: Any, mask: Any, hidden_size: int) -> Any:
    """The mean of (batch × length, hidden size) over the pieces that `mask`, (batch, length), has."""
    shape = tf.shape(mask)
    states = tf.reshape(tf.cast(hidden, tf.float32), (shape[0], shape[1], hidden_size))
    weights = tf.cast(mask, tf.float32)[:, :, None]
    return tf.reduce_sum(states * weights, axis=1) / tf.reduce_sum(weights, axis=1)


def find_last_hidden(graph: Any, layer: int) -> str:
    """The name of the node that ends the LayerNorm of a layer, whose output the next layer reads. `graph` is a GraphDef
    in floating point or in INT8."""
    scope = f"encoder/layer/{layer}/output/LayerNorm/"
    inside = {node.name for node in graph.node if node.name.startswith(scope)}
    read_outside = {
        name
        for node in graph.node
        if node.name not in inside
        for name in map(graphdef.input_node_name, node.input)
        if name in inside
    }
    [last] = read_outside
    return last


def load_model(progress: ProgressReporter) -> Checkpoint:
    """The model that comes with Fairlap. Raises BadInput."""
    progress("reading model")
    return load_checkpoint(SHIPPED_MODEL, progress)


def collect_evidence(graph: EncoderGraph, windows: Windows, settings: Settings, progress: ProgressReporter) -> Evidence:
    """What one batch, in a process of its own and untimed, proves about the encoder."""
    return collect_inference_evidence(
        graph.precision,
        graph.file,
        windows[slice(0, BATCH)],
        threads=settings.cores,
        batch=BATCH,
        environment=ENVIRONMENT,
        cache=settings.cache / CACHE_FOLDER,
        progress=progress,
    ).model_copy(update={"step": "features"})
