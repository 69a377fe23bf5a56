"""The cache of quantized graphs.

The key of an entry covers checkpoint, configuration, calibration data and library versions.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import time
from pathlib import Path
from typing import Any

from bench.system.cache_entry import CacheEntry, load_or_make
from bench.workload.interface import ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import QuantizationConfig
from workloads.bert.quantization.convert import ConversionState, quantize_graph

CACHE_VERSION = 4
"""Part of every entry's key. A new number ignores the entries of earlier versions."""
GRAPH_FILE = "graph.pb"
"""The serialized GraphDef in an entry."""


def load_or_quantize(
    checkpoint: Checkpoint,
    config: QuantizationConfig,
    calibration: Windows,
    folder: Path,
    progress: ProgressReporter,
    fallback: frozenset[str] = frozenset(),
    state: ConversionState | None = None,
    scratch: Path | None = None,
) -> Path:
    """Return the file of the quantized graph in the cache `folder`. A graph that is not cached is quantized first.

    See `quantize_graph` for `fallback` and `state`. If several processes ask for the same entry, one of them makes it.
    If the cache cannot be used, the file is in the folder `scratch`, and `progress` gets the reason; without `scratch`,
    OSError is raised.
    """
    made: list[tuple[Any, float]] = []

    def quantize(draft: Path) -> dict[str, Any]:
        # Once, although it is called again if its result cannot be stored: it takes minutes.
        if not made:
            began = time.monotonic()
            graph = quantize_graph(checkpoint, config, calibration, progress, fallback, state)
            made.append((graph, time.monotonic() - began))
        graph, seconds = made[0]
        return _write_graph(draft, graph, checkpoint, fallback, seconds)

    try:
        entry = load_or_make(
            folder / _entry_key(checkpoint, config, calibration, fallback),
            quantize,
            on_wait=lambda: progress("quantizing: waiting for another process that quantizes the same model"),
            accept=_has_graph,
        )
    except OSError as error:
        if scratch is None:
            raise
        progress(f"quantizing: not stored, because the cache cannot be used: {error}")
        quantize(scratch)
        return scratch / GRAPH_FILE
    if not entry.made_now:
        progress("quantizing: the quantized model comes from the cache")
    return _graph_file(entry)


def store_graph(
    graph: Any,
    seconds: float,
    checkpoint: Checkpoint,
    config: QuantizationConfig,
    calibration: Windows,
    folder: Path,
    fallback: frozenset[str],
) -> Path:
    """Store a graph of `quantize_graph`, which took `seconds`, for `load_or_quantize`, and return its file."""
    entry = load_or_make(
        folder / _entry_key(checkpoint, config, calibration, fallback),
        lambda draft: _write_graph(draft, graph, checkpoint, fallback, seconds),
        accept=_has_graph,
    )
    return _graph_file(entry)


def _has_graph(entry: CacheEntry) -> bool:
    return GRAPH_FILE in entry.digests


def _graph_file(entry: CacheEntry) -> Path:
    return entry.folder / GRAPH_FILE


def _write_graph(
    draft: Path, graph: Any, checkpoint: Checkpoint, fallback: frozenset[str], seconds: float
) -> dict[str, Any]:
    """Write the graph into the folder `draft`, and return the facts of the entry."""
    (draft / GRAPH_FILE).write_bytes(graph.SerializeToString())
    return {
        "seconds": round(seconds, 1),
        "model": checkpoint.name,
        "fallback": sorted(fallback),
        "versions": _library_versions(),
    }


def _library_versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("tensorflow", "neural-compressor")}


def _entry_key(
    checkpoint: Checkpoint, config: QuantizationConfig, calibration: Windows, fallback: frozenset[str]
) -> str:
    # oneDNN rounds differently from TensorFlow's own kernels, so calibration finds other ranges.
    onednn = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "")
    digest = hashlib.sha256(
        repr(
            (CACHE_VERSION, checkpoint.digest, config.digest(), sorted(fallback), _library_versions(), onednn)
        ).encode()
    )
    for array in calibration.feed().values():
        digest.update(repr(array.shape).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
