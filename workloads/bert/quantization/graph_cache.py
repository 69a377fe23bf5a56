"""TODO: workloads.bert.quantization.graph_cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from bench.workload.interface import ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import Recipe
from workloads.bert.quantization.convert import quantize_graph

if TYPE_CHECKING:
    from workloads.bert.quantization.inc_patches import ConversionState

CACHE_VERSION = 4
"""Of what stands in the cache; another number leaves older entries alone."""


def load_or_quantize(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    progress: ProgressReporter,
    fallback: frozenset[str] = frozenset(),
    kept: ConversionState | None = None,
) -> Path:
    """The file of the quantized graph, a serialised GraphDef: from `folder`, or made and left there. See `quantize`.

    An entry holds for one checkpoint, conversion, calibration data and versions of the libraries. One that is
    incomplete or does not match its own checksum is made again. Of several processes that want the same entry, one
    makes it.
    """
    with _lock_entry(checkpoint, recipe, calibration, folder, progress, fallback) as (file, there):
        if there:
            progress("the quantized model comes from the cache")
        else:
            began = time.monotonic()
            graph = quantize_graph(checkpoint, recipe, calibration, progress, fallback, kept)
            _write_entry(file, graph, checkpoint, fallback, time.monotonic() - began)
    return file


def store_graph(
    graph: Any,
    seconds: float,
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    fallback: frozenset[str],
) -> Path:
    """Leave a graph that came of `quantize`, in so many seconds, where `cached` finds it."""
    with _lock_entry(checkpoint, recipe, calibration, folder, lambda text, share=None: None, fallback) as (file, there):
        if not there:
            _write_entry(file, graph, checkpoint, fallback, seconds)
    return file


def _library_versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("tensorflow", "neural-compressor")}


def _entry_key(checkpoint: Checkpoint, recipe: Recipe, calibration: Windows, fallback: frozenset[str]) -> str:
    # oneDNN rounds otherwise than TensorFlow's own kernels, and so finds other ranges.
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


@contextlib.contextmanager
def _lock_entry(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    progress: ProgressReporter,
    fallback: frozenset[str],
) -> Iterator[tuple[Path, bool]]:
    """The file of an entry, and whether it is there and whole. No other process touches it meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_entry_key(checkpoint, recipe, calibration, fallback)}.pb"
    with file.with_suffix(".lock").open("w") as lock:
        _acquire_lock(lock, progress)
        for left in folder.glob(f"{file.stem}.*.partial"):
            # Of a process that was killed: no other can be writing this entry now.
            left.unlink()
        yield file, _is_intact(file, file.with_suffix(".json"))


def _write_entry(file: Path, graph: Any, checkpoint: Checkpoint, fallback: frozenset[str], seconds: float) -> None:
    data = graph.SerializeToString()
    about = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "seconds": round(seconds, 1),
        "model": checkpoint.name,
        "fallback": sorted(fallback),
        "versions": _library_versions(),
    }
    _write_atomically(file, data)
    _write_atomically(file.with_suffix(".json"), json.dumps(about).encode())


def _acquire_lock(lock: TextIO, progress: ProgressReporter) -> None:
    """Wait until no other process holds the lock. It is let go when the file is closed, also by a process's end."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress("waiting for another process that quantizes the same model")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _is_intact(file: Path, card: Path) -> bool:
    """Is the entry there, and is it what was written?"""
    try:
        wanted = json.loads(card.read_text())["sha256"]
        return hashlib.sha256(file.read_bytes()).hexdigest() == wanted
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False


def _write_atomically(file: Path, data: bytes) -> None:
    """All of it or nothing: under another name first, on the disk, then in its place."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    with partial.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
