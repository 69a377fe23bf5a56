"""The cache of quantized graphs.

The key of an entry covers checkpoint, configuration, calibration data and library versions.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.system.cache_entry import CacheEntry, load_or_make
from bench.workload.interface import ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import Recipe
from workloads.bert.quantization.convert import quantize_graph

if TYPE_CHECKING:
    from workloads.bert.quantization.inc_patches import ConversionState

CACHE_VERSION = 4
"""Part of every entry's key. A new number ignores the entries of earlier versions."""
GRAPH_FILE = "graph.pb"
"""The serialized GraphDef in an entry."""


def load_or_quantize(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    progress: ProgressReporter,
    fallback: frozenset[str] = frozenset(),
    kept: ConversionState | None = None,
) -> Path:
    """The file of the quantized graph in the cache `folder`, quantized first if the cache does not have it.

    See `quantize_graph` for `fallback` and `kept`. If several processes ask for the same entry, one of them makes it.
    """

    def quantize(draft: Path) -> dict[str, Any]:
        began = time.monotonic()
        graph = quantize_graph(checkpoint, recipe, calibration, progress, fallback, kept)
        return _write_graph(draft, graph, checkpoint, fallback, time.monotonic() - began)

    entry = load_or_make(
        folder / _entry_key(checkpoint, recipe, calibration, fallback),
        quantize,
        on_wait=lambda: progress("waiting for another process that quantizes the same model"),
    )
    if not entry.made_now:
        progress("the quantized model comes from the cache")
    return _graph_file(entry)


def store_graph(
    graph: Any,
    seconds: float,
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    fallback: frozenset[str],
) -> Path:
    """Put a graph of `quantize_graph`, which took `seconds`, where `load_or_quantize` finds it; the graph's file."""
    entry = load_or_make(
        folder / _entry_key(checkpoint, recipe, calibration, fallback),
        lambda draft: _write_graph(draft, graph, checkpoint, fallback, seconds),
    )
    return _graph_file(entry)


def _graph_file(entry: CacheEntry) -> Path:
    return entry.folder / GRAPH_FILE


def _write_graph(
    draft: Path, graph: Any, checkpoint: Checkpoint, fallback: frozenset[str], seconds: float
) -> dict[str, Any]:
    """Write the graph into the folder `draft`; the facts of the entry."""
    (draft / GRAPH_FILE).write_bytes(graph.SerializeToString())
    return {
        "seconds": round(seconds, 1),
        "model": checkpoint.name,
        "fallback": sorted(fallback),
        "versions": _library_versions(),
    }


def _library_versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("tensorflow", "neural-compressor")}


def _entry_key(checkpoint: Checkpoint, recipe: Recipe, calibration: Windows, fallback: frozenset[str]) -> str:
    # oneDNN rounds differently from TensorFlow's own kernels, so calibration finds other ranges.
    onednn = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "")
    made = hashlib.sha256(
        repr(
            (CACHE_VERSION, checkpoint.digest, recipe.digest(), sorted(fallback), _library_versions(), onednn)
        ).encode()
    )
    for array in calibration.feed().values():
        made.update(repr(array.shape).encode())
        made.update(array.tobytes())
    return made.hexdigest()
