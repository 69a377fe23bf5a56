"""The cache of floating-point graphs, ready to run: built, frozen and fused once.

An entry holds the whole serialized GraphDef, weights included: 415 MiB for BERT-base in FP32. Reading and checking such
a file takes 0.8 s of CPU time; filling the weights into a stored graph without them takes longer than that, and more if
they have to be drawn or transposed. The price is disk space, so the entries together have a limit, and none is written
to a disk that is nearly full. A graph is built without the cache if that cannot be used.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.formatting import format_bytes
from bench.system.cache_entry import digest_sources, load_or_make, prune_entries
from bench.workload.interface import ProgressReporter
from workloads.bert import tf_adapter
from workloads.bert.light_tensorflow import tf
from workloads.bert.model import architecture, checkpoint, forward, fusion, graphdef
from workloads.bert.model.checkpoint import Checkpoint

GRAPH_FILE = "graph.pb"
"""The serialized GraphDef in an entry."""
PREFIX = "float-graph-"
"""Of an entry's name."""
MAX_CACHE_BYTES = 4 * 1024**3
"""Limit of all entries together. The entries that were not used for the longest time are removed first."""
MIN_FREE_FACTOR = 4
"""No entry is made unless the disk has room for so many of them."""
UNFUSED_PRECISION = "fp32-stock"
"""TensorFlow without oneDNN has no kernels for the fused operators."""
_SOURCES = (architecture, checkpoint, forward, fusion, graphdef, tf_adapter)
"""The modules that decide which graph is built."""


def write_float_graph(
    precision: str, checkpoint: Checkpoint, cache_folder: Path, file: Path, progress: ProgressReporter
) -> bool:
    """Write the graph of `checkpoint` to `file` as a serialized GraphDef, from the cache if it has one; returns whether
    the cache has it.

    `precision` is `fp32`, `fp32-stock` or `bf16`. If several processes ask for the same graph, one of them builds it.
    `file` shares its disk space with the entry if the file system can do that, and is independent of its deletion.
    If the cache cannot be used, the graph is built, and `progress` gets the reason. Raises OSError if `file` cannot be
    written or the weights cannot be read.
    """
    built: list[bytes] = []

    def build() -> bytes:
        if not built:
            built.append(_serialize_graph(precision, checkpoint, progress))
        return built[0]

    # A file that is a hard link of an entry must not be overwritten: the entry would change with it.
    file.unlink(missing_ok=True)
    try:
        return _write_from_cache(precision, checkpoint, cache_folder, file, progress, build)
    except OSError as error:
        # For example a cache that is read-only, full, or deleted at this moment.
        progress(f"building graph: not cached, because the cache cannot be used: {error}")
        file.unlink(missing_ok=True)
        file.write_bytes(build())
        return False


def _write_from_cache(
    precision: str,
    checkpoint: Checkpoint,
    cache_folder: Path,
    file: Path,
    progress: ProgressReporter,
    build: Callable[[], bytes],
) -> bool:
    """See `write_float_graph`. `build` returns the serialized graph. Raises OSError also if the cache is not usable."""

    def make_entry(draft: Path) -> dict[str, Any]:
        (draft / GRAPH_FILE).write_bytes(build())
        return {"model": checkpoint.name, "precision": precision}

    cache_folder.mkdir(parents=True, exist_ok=True)
    entry_folder = cache_folder / f"{PREFIX}{_entry_key(precision, checkpoint)}"
    size_bytes = checkpoint.config.parameters() * (2 if precision == "bf16" else 4)
    if not entry_folder.is_dir() and shutil.disk_usage(cache_folder).free < MIN_FREE_FACTOR * size_bytes:
        progress(f"building graph: not cached, because less than {format_bytes(MIN_FREE_FACTOR * size_bytes)} are free")
        file.write_bytes(build())
        return False
    entry = load_or_make(
        entry_folder,
        make_entry,
        on_wait=lambda: progress("building graph: waiting for another process that builds the same graph"),
        accept=lambda entry: GRAPH_FILE in entry.digests,
    )
    if not entry.made_now:
        progress(f"building graph: {precision} comes from the cache")
    try:
        os.link(entry.folder / GRAPH_FILE, file)
    except OSError:
        # Another file system, or one without hard links.
        shutil.copyfile(entry.folder / GRAPH_FILE, file)
    if entry.made_now:
        prune_entries(cache_folder, f"{PREFIX}*", MAX_CACHE_BYTES)
    return True


def _serialize_graph(precision: str, checkpoint: Checkpoint, progress: ProgressReporter) -> bytes:
    progress(f"building graph: {precision}")
    graph = forward.build_frozen_graph(checkpoint, tf.bfloat16 if precision == "bf16" else tf.float32)
    if precision != UNFUSED_PRECISION:
        progress(f"building graph: fusing operators of {len(graph.node):,} nodes")
        graph = fusion.fuse_graph(graph)
    progress(f"building graph: writing {format_bytes(graph.ByteSize())}")
    # The same graph has the same bytes, so that their digest identifies it.
    return graph.SerializeToString(deterministic=True)


def _entry_key(precision: str, checkpoint: Checkpoint) -> str:
    versions = [importlib.metadata.version(name) for name in ("tensorflow", "numpy")]
    # A cache may move to another processor.
    facts = precision, checkpoint.digest, versions, _SOURCES_SHA256, fusion.fuses_products(precision)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


_SOURCES_SHA256 = digest_sources(_SOURCES)
"""Computed now, because a file may change after its module was imported."""
