"""Post-training quantization of BERT's graph by Intel Neural Compressor, and a cache of what came of it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import tensorflow as tf

from bench.workload.declaration import Progress
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization.config import Recipe

if TYPE_CHECKING:
    from workloads.bert.quantization.inc_patches import Kept

VERSION = 4
"""Of what stands in the cache; another number leaves older entries alone."""


def operators(checkpoint: Checkpoint) -> list[str]:
    """Names of the matrix products that can become INT8, in the order in which the model computes them."""
    with tf.Graph().as_default() as graph:
        inputs = [tf.compat.v1.placeholder(tf.int32, (None, None), name=name) for name in forward.INPUTS]
        # The shapes alone are laid out: nothing is computed here.
        shapes = {
            name: shape[::-1] if forward.is_linear(name) else shape
            for name, shape in checkpoint.config.shapes().items()
        }
        weights = {name: tf.compat.v1.placeholder(tf.float32, shape, name=name) for name, shape in shapes.items()}
        forward.forward(checkpoint.config, weights, *inputs)
        return [operation.name for operation in graph.get_operations() if operation.type == "MatMul"]


def cached(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    progress: Progress,
    fallback: frozenset[str] = frozenset(),
    kept: Kept | None = None,
) -> Path:
    """The file of the quantized graph, a serialised GraphDef: from `folder`, or made and left there. See `quantize`.

    An entry holds for one checkpoint, conversion, calibration data and versions of the libraries. One that is
    incomplete or does not match its own checksum is made again. Of several processes that want the same entry, one
    makes it.
    """
    with _entry(checkpoint, recipe, calibration, folder, progress, fallback) as (file, there):
        if there:
            progress("the quantized model comes from the cache")
        else:
            began = time.monotonic()
            graph = quantize(checkpoint, recipe, calibration, progress, fallback, kept)
            _store(file, graph, checkpoint, fallback, time.monotonic() - began)
    return file


def store(
    graph: Any,
    seconds: float,
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    fallback: frozenset[str],
) -> Path:
    """Leave a graph that came of `quantize`, in so many seconds, where `cached` finds it."""
    with _entry(checkpoint, recipe, calibration, folder, lambda text, share=None: None, fallback) as (file, there):
        if not there:
            _store(file, graph, checkpoint, fallback, seconds)
    return file


def quantize(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    progress: Progress,
    fallback: frozenset[str] = frozenset(),
    kept: Kept | None = None,
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

    if unknown := fallback - set(operators(checkpoint)):
        raise ValueError(f"the model has no operator {sorted(unknown)[0]}")
    loader = Loader(calibration)
    config = configuration(recipe, fallback)

    def told(done: int) -> None:
        progress(f"calibration: {done} of {len(loader)} windows read", done / len(loader))

    def wrapped(graph: Any) -> Any:
        made = Model(graph)
        made.input_tensor_names, made.output_tensor_names = list(forward.INPUTS), list(forward.OUTPUTS)
        made.workspace_path = str(folder)
        return made

    kept = kept or inc_patches.Kept()
    with _workspace() as folder, _told(progress):
        if kept.light is None:
            progress("building the FP32 graph")
            graph = forward.frozen(checkpoint)
            if recipe.smooth:
                with inc_patches.smoothing(forward.INPUTS, told):
                    smooth = SmoothQuantConfig(alpha=recipe.alpha)
                    graph = quantize_model(wrapped(graph), smooth, loader, len(loader)).graph_def
            kept.light = kept.stand_ins.lighten(graph)
        with inc_patches.conversion(kept, loader, forward.INPUTS, folder, told):
            light = quantize_model(wrapped(kept.light), config, loader, len(loader)).graph_def
        return kept.stand_ins.restore(light)


def configuration(recipe: Recipe, fallback: frozenset[str] = frozenset()) -> Any:
    """The recipe in Neural Compressor's words: a StaticQuantConfig."""
    from neural_compressor.tensorflow import StaticQuantConfig

    # TensorFlow's INT8 product takes unsigned inputs with a zero point.
    config = StaticQuantConfig(weight_granularity=recipe.granularity, act_sym=False)
    for name in sorted(fallback):
        # It takes names for patterns.
        config.set_local(f"^{re.escape(name)}$", StaticQuantConfig(weight_dtype="fp32", act_dtype="fp32"))
    return config


class Loader:
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


class _Passes(logging.Handler):
    """Hands on what Neural Compressor's log says of its passes."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(logging.INFO)
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if found := re.fullmatch(r"(?:Pass )?(.+) elapsed time: ([\d.]+) ms", record.getMessage()):
            self.progress(f"Neural Compressor: {found[1]} took {float(found[2]) / 1000:.2f} s")


@contextlib.contextmanager
def _told(progress: Progress) -> Iterator[None]:
    logger, handler = logging.getLogger("neural_compressor"), _Passes(progress)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


@contextlib.contextmanager
def _workspace() -> Iterator[Path]:
    """A folder for what Neural Compressor would else leave in the working directory."""
    from neural_compressor.tensorflow.utils import TFConfig

    with tempfile.TemporaryDirectory(prefix="fairlap-quantize-") as folder:
        TFConfig.global_config["workspace_path"] = folder
        try:
            yield Path(folder)
        finally:
            TFConfig.reset_global_config()


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in ("tensorflow", "neural-compressor")}


def _key(checkpoint: Checkpoint, recipe: Recipe, calibration: Windows, fallback: frozenset[str]) -> str:
    # oneDNN rounds otherwise than TensorFlow's own kernels, and so finds other ranges.
    onednn = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "")
    made = hashlib.sha256(
        repr((VERSION, checkpoint.digest, recipe.digest(), sorted(fallback), _versions(), onednn)).encode()
    )
    for array in calibration.feed().values():
        made.update(repr(array.shape).encode())
        made.update(array.tobytes())
    return made.hexdigest()


@contextlib.contextmanager
def _entry(
    checkpoint: Checkpoint,
    recipe: Recipe,
    calibration: Windows,
    folder: Path,
    progress: Progress,
    fallback: frozenset[str],
) -> Iterator[tuple[Path, bool]]:
    """The file of an entry, and whether it is there and whole. No other process touches it meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_key(checkpoint, recipe, calibration, fallback)}.pb"
    with file.with_suffix(".lock").open("w") as lock:
        _take(lock, progress)
        for left in folder.glob(f"{file.stem}.*.partial"):
            # Of a process that was killed: no other can be writing this entry now.
            left.unlink()
        yield file, _whole(file, file.with_suffix(".json"))


def _store(file: Path, graph: Any, checkpoint: Checkpoint, fallback: frozenset[str], seconds: float) -> None:
    data = graph.SerializeToString()
    about = {
        "sha256": hashlib.sha256(data).hexdigest(),
        "seconds": round(seconds, 1),
        "model": checkpoint.name,
        "fallback": sorted(fallback),
        "versions": _versions(),
    }
    _write(file, data)
    _write(file.with_suffix(".json"), json.dumps(about).encode())


def _take(lock: TextIO, progress: Progress) -> None:
    """Wait until no other process holds the lock. It is let go when the file is closed, also by a process's end."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress("waiting for another process that quantizes the same model")
        fcntl.flock(lock, fcntl.LOCK_EX)


def _whole(file: Path, card: Path) -> bool:
    """Is the entry there, and is it what was written?"""
    try:
        wanted = json.loads(card.read_text())["sha256"]
        return hashlib.sha256(file.read_bytes()).hexdigest() == wanted
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False


def _write(file: Path, data: bytes) -> None:
    """All of it or nothing: under another name first, on the disk, then in its place."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    with partial.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
