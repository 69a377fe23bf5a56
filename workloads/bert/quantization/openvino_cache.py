"""The cache of models in OpenVINO's format: converted from the frozen graph of TensorFlow, and quantized by NNCF.

The model of FP32 is also that of BF16, which OpenVINO chooses when it compiles. The key of an entry covers checkpoint,
library versions and the code that converts; that of INT8 also the quantization and the calibration data.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.formatting import format_bytes
from bench.system.cache_entry import digest_sources, load_or_make, prune_entries
from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert import ov_adapter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import architecture, forward
from workloads.bert.model import checkpoint as checkpoint_module
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.model.float_graph_cache import MAX_CACHE_BYTES, MIN_FREE_FACTOR
from workloads.bert.quantization import convert
from workloads.bert.quantization.conversion import Conversion

MODEL_FILE = "model.xml"
"""The model's structure in an entry. OpenVINO keeps its weights beside it, in `WEIGHTS_FILE`."""
WEIGHTS_FILE = "model.bin"
PREFIX = "openvino-"
"""Of an entry's name."""
_SOURCES = (architecture, checkpoint_module, forward, convert, ov_adapter)
"""Modules that decide which model is made, besides this one and `nncf_adapter`."""


def load_or_convert(
    checkpoint: Checkpoint,
    cache_folder: Path,
    scratch: Path,
    progress: ProgressReporter,
    conversion: Conversion | None = None,
    calibration: Windows | None = None,
) -> Path:
    """Return the .xml of the model of `checkpoint` in the folder `cache_folder`; what is not cached is made.

    In FP32, or in INT8 by `conversion` and the windows `calibration`. If several processes ask for the same model, one
    of them makes it. If the cache cannot be used, or its disk has no room, the file is in the folder `scratch`, and
    `progress` gets the reason.
    """
    label = "OpenVINO INT8" if conversion else "OpenVINO FP32"

    def make(draft: Path) -> dict[str, Any]:
        began = time.monotonic()
        progress(f"building graph: {label}")
        model = _convert(checkpoint, draft)
        if conversion is not None and calibration is not None:
            model = _quantize(model, checkpoint, conversion, calibration, progress)
        progress(f"building graph: writing {label}")
        ov_adapter.save_model(model, draft / MODEL_FILE)
        return {
            "seconds": round(time.monotonic() - began, 1),
            "model": checkpoint.name,
            "versions": _list_versions(conversion),
        }

    key = _entry_key(checkpoint, conversion, calibration)
    needed_bytes = MIN_FREE_FACTOR * checkpoint.config.parameters() * (1 if conversion else 4)
    try:
        cache_folder.mkdir(parents=True, exist_ok=True)
        entry_folder = cache_folder / f"{PREFIX}{key}"
        if not entry_folder.is_dir() and shutil.disk_usage(cache_folder).free < needed_bytes:
            progress(f"building graph: not cached, because less than {format_bytes(needed_bytes)} are free")
        else:
            entry = load_or_make(
                entry_folder,
                make,
                on_wait=lambda: progress("building graph: waiting for another process that makes the same model"),
                accept=lambda entry: {MODEL_FILE, WEIGHTS_FILE} <= set(entry.digests),
            )
            if entry.made_now:
                prune_entries(cache_folder, f"{PREFIX}*", MAX_CACHE_BYTES)
            else:
                progress(f"building graph: {label} comes from the cache")
            return entry.folder / MODEL_FILE
    except OSError as error:
        progress(f"building graph: not cached, because the cache cannot be used: {error}")
    make(scratch)
    return scratch / MODEL_FILE


def _convert(checkpoint: Checkpoint, folder: Path) -> Any:
    """Return the frozen FP32 graph as a model of OpenVINO. `folder` is for a file that is removed again."""
    graph = forward.build_frozen_graph(checkpoint)
    give_reductions_axis_lists(graph)
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".pb") as file:
        file.write(graph.SerializeToString())
        file.flush()
        return ov_adapter.convert_graph(Path(file.name))


def give_reductions_axis_lists(graph: Any) -> None:
    """Replace the axis of each mean by a list with this axis: OpenVINO does not fuse a LayerNorm over a scalar axis,
    but fails."""
    nodes = {node.name: node for node in graph.node}
    for node in graph.node:
        if node.op == "Mean":
            shape = nodes[node.input[1]].attr["value"].tensor.tensor_shape
            if not shape.dim:
                shape.dim.add().size = 1


def _quantize(
    model: Any, checkpoint: Checkpoint, conversion: Conversion, calibration: Windows, progress: ProgressReporter
) -> Any:
    # Not at the top: a model from the cache does not need NNCF.
    from workloads.bert.quantization import nncf_adapter

    if unknown := conversion.fallback - set(convert.list_quantizable_operators(checkpoint)):
        raise BadInput(
            f"the model has no operator {min(unknown)}", "Choose a quantization that was tuned for this model."
        )
    # Without padding, as for Neural Compressor. Windows of one length one after the other: OpenVINO prepares its
    # kernels for each new length.
    feeds = [feed for feed, _ in convert.CalibrationLoader(calibration)]
    feeds.sort(key=lambda feed: feed["input_ids"].size)
    progress(f"quantizing: {len(feeds):,} windows for calibration by NNCF")
    return nncf_adapter.quantize_model(model, conversion.config, conversion.fallback, feeds, progress)


def _list_versions(conversion: Conversion | None) -> dict[str, str]:
    """Versions of the libraries that make a model. NNCF makes INT8 only, and may be missing otherwise."""
    names = ("openvino", "tensorflow", "numpy", *(["nncf"] if conversion else []))
    return {name: importlib.metadata.version(name) for name in names}


def _entry_key(checkpoint: Checkpoint, conversion: Conversion | None, calibration: Windows | None) -> str:
    facts = (checkpoint.digest, _list_versions(conversion), _SOURCES_SHA256)
    digest = hashlib.sha256(repr(facts).encode())
    if conversion is not None and calibration is not None:
        digest.update(repr((conversion.config.digest(), sorted(conversion.fallback))).encode())
        for array in calibration.feed().values():
            digest.update(repr(array.shape).encode())
            digest.update(array.tobytes())
    return digest.hexdigest()


_SOURCES_SHA256 = digest_sources(_SOURCES, Path(__file__), Path(__file__).with_name("nncf_adapter.py"))
"""Computed now, because a file may change after its module was imported."""
