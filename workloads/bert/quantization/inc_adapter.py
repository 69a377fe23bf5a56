"""Adapter of Intel Neural Compressor (INC): the only module of this workload that imports it.

Besides INC's documented API it uses and patches internals. Unpatched, most of the time of a conversion goes into copies
of the graph, weights included, and into a calibration that makes TensorFlow print the ranges of tensors to standard
error and parses the text. With the patches, INC makes the same graph in a fraction of the time.

Importing this module raises `UnsupportedLibrary` if the installed INC is not a tested version or lacks one of the
names. The patches hold for the whole process: make one conversion at a time.
"""

from __future__ import annotations

import contextlib
import logging
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from bench.workload.interface import ProgressReporter
from bench.workload.library_guard import LibraryGuard
from workloads.bert import tf_adapter
from workloads.bert.light_tensorflow import tf
from workloads.bert.model.forward import INPUT_NAMES, OUTPUT_NAMES
from workloads.bert.model.graphdef import input_node_name
from workloads.bert.quantization.channel_maxima import ChannelMaxima
from workloads.bert.quantization.config import QuantizationConfig
from workloads.bert.quantization.stand_ins import StandIns
from workloads.bert.quantization.tensor_ranges import Extremum, OnBatchDone, TensorRanges

GUARD = LibraryGuard("neural-compressor", "==3.10.*", "quantize without copying the weights in every pass")

_API = "neural_compressor.tensorflow"
_CONVERTER = f"{_API}.quantization.utils.graph_converter"
_HELPER = f"{_API}.quantization.utils.quantize_graph_common:QuantizeGraphHelper"
_SMOOTHING = f"{_API}.algorithms.smoother.calibration:SmoothQuantCalibration"

_api = GUARD.require(_API)
_tf_config = GUARD.require(f"{_API}.utils:TFConfig")
_converter_module = GUARD.require(_CONVERTER)
_graph_helper = GUARD.require(_HELPER)
_create_constant_node = GUARD.require(f"{_HELPER}.create_constant_node")
_smooth_calibration = GUARD.require(_SMOOTHING)
_config_loader = GUARD.require("neural_compressor.common.base_tuning:ConfigLoader")
for _patched in (
    f"{_CONVERTER}:tempfile.mkstemp",
    f"{_CONVERTER}:CaptureOutputToFile",
    f"{_CONVERTER}:GraphConverter._inference",
    f"{_SMOOTHING}._inference_for_calibration",
    f"{_SMOOTHING}._get_maxval_per_channel",
    f"{_API}.utils:TFConfig.global_config",
    f"{_API}.utils:TFConfig.reset_global_config",
):
    GUARD.require(_patched)

if TYPE_CHECKING:

    class Sampler:
        """INC's base class of samplers: an iterable of indices into a set of configurations."""

else:
    Sampler = GUARD.require("neural_compressor.common.base_tuning:Sampler")

_PASS_TIME = re.compile(r"(?:Pass )?(.+) elapsed time: ([\d.]+) ms")
"""The line that INC logs after each pass."""


# --- quantization ---


def make_static_config(config: QuantizationConfig, fallback: frozenset[str] = frozenset()) -> Any:
    """Return INC's StaticQuantConfig for a configuration. The operators `fallback` stay in FP32."""
    # TensorFlow's INT8 product reads unsigned inputs with a zero point, so activations are not symmetric.
    static_config = _api.StaticQuantConfig(weight_granularity=config.granularity, act_sym=False)
    for name in sorted(fallback):
        # INC treats names as regular expressions.
        static_config.set_local(f"^{re.escape(name)}$", _api.StaticQuantConfig(weight_dtype="fp32", act_dtype="fp32"))
    return static_config


def quantize_static(
    graph: Any,
    static_config: Any,
    loader: Any,
    workspace: Path,
    stand_ins: StandIns,
    ranges: TensorRanges,
    on_batch_done: OnBatchDone,
) -> Any:
    """Return a GraphDef quantized by `static_config`.

    `graph` and the result hold stand-ins of large constants. `loader` yields batches of (inputs by name, label) and
    has a length. Ranges of tensors that `ranges` does not know yet are measured. INC writes its files to `workspace`.
    """
    with _patch_conversion(stand_ins, ranges, loader, workspace / "ranges.log", on_batch_done):
        return _quantize(graph, static_config, loader, workspace)


def smooth(graph: Any, alpha: float, loader: Any, workspace: Path, on_batch_done: OnBatchDone) -> Any:
    """Return a GraphDef after SmoothQuant: still FP32, with part of the activations' range moved to the weights.

    `alpha` is that part, 0 to 1. `loader` yields batches of (inputs by name, label) and has a length.
    """
    with _patch_smoothing(on_batch_done):
        return _quantize(graph, _api.SmoothQuantConfig(alpha=alpha), loader, workspace)


def _quantize(graph: Any, config: Any, loader: Any, workspace: Path) -> Any:
    model = _api.Model(graph)
    model.input_tensor_names, model.output_tensor_names = list(INPUT_NAMES), list(OUTPUT_NAMES)
    model.workspace_path = str(workspace)
    return _api.quantize_model(model, config, loader, len(loader)).graph_def


@contextlib.contextmanager
def _patch_conversion(
    stand_ins: StandIns, ranges: TensorRanges, loader: Any, log: Path, on_batch_done: OnBatchDone
) -> Iterator[None]:
    """Let INC convert graphs with stand-ins, and take the ranges of tensors from `ranges`."""

    def create_light_constant(*arguments: Any, **options: Any) -> Any:
        # INC makes the INT8 weights here; copying them is as expensive as copying those of FP32.
        node = _create_constant_node(*arguments, **options)
        node.attr["value"].tensor.CopyFrom(stand_ins.put(node.attr["value"].tensor))
        return node

    def write_ranges(converter: Any, model: Any) -> None:
        graph, requests = _remove_prints(model.graph_def)
        extrema = [extremum for extremum, _ in requests]
        ranges.measure(stand_ins.restore_all(graph), extrema, loader, INPUT_NAMES, on_batch_done)
        lines = [
            # Nine digits distinguish all float32 numbers.
            f"{message}[{ranges.values[extremum][batch]:.9g}]\n"
            for batch in range(len(loader))
            for extremum, message in requests
        ]
        log.write_text("".join(lines))

    # INC creates this file with mkstemp, never closes or removes it, and redirects file descriptor 2 of the process to
    # it. Nothing is printed any more, so there is nothing to redirect.
    files = SimpleNamespace(mkstemp=lambda suffix="": (-1, str(log)))
    with (
        tf_adapter.patch_constant_reader(stand_ins.get),
        mock.patch.object(_graph_helper, "create_constant_node", staticmethod(create_light_constant)),
        mock.patch.object(_converter_module, "tempfile", files),
        mock.patch.object(_converter_module, "CaptureOutputToFile", contextlib.nullcontext),
        mock.patch.object(_converter_module.GraphConverter, "_inference", write_ranges),
    ):
        yield


def _remove_prints(graph: Any) -> tuple[Any, list[tuple[Extremum, str]]]:
    """Return INC's sampling graph without the nodes for printing, and (extremum, message) of every Print node.

    INC prints an extremum with the nodes Reshape, Min or Max, and Print.
    """
    nodes = {node.name: node for node in graph.node}
    requests, removed = [], set()
    for node in graph.node:
        if node.op != "Print":
            continue
        reduction = nodes[input_node_name(node.input[0])]
        reshape = nodes[input_node_name(reduction.input[0])]
        requests.append((Extremum(reduction.op, reshape.input[0]), node.attr["message"].s.decode()))
        removed |= {node.name, reduction.name, reshape.name}
        removed |= {input_node_name(reduction.input[1]), input_node_name(reshape.input[1])}
    copy = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        # INC appends an Identity to each Print, and makes other nodes wait for it by control inputs (^name).
        data_inputs = [reference for reference in node.input if not reference.startswith("^")]
        if node.name in removed or any(input_node_name(reference) in removed for reference in data_inputs):
            continue
        new = copy.node.add()
        new.CopyFrom(node)
        del new.input[:]
        new.input.extend(
            reference
            for reference in node.input
            if not (reference.startswith("^") and input_node_name(reference) in removed)
        )
    return copy, requests


@contextlib.contextmanager
def _patch_smoothing(on_batch_done: OnBatchDone) -> Iterator[None]:
    """Let SmoothQuant keep only the largest activations; see `channel_maxima`."""

    def collect_maxima(self: Any, model: Any) -> None:
        # SmoothQuant lists a tensor once for each projection that reads it, and counts it as often.
        copies = Counter(self._sq_input_node_names)
        max_rows = sum(feed[INPUT_NAMES[0]].size for feed, _ in self.dataloader)
        maxima = {name: ChannelMaxima(self.percentile, max_rows, count) for name, count in copies.items()}
        run = model.sess.make_callable([f"{name}:0" for name in maxima], [f"{name}:0" for name in INPUT_NAMES])
        for done, (feed, _) in enumerate(self.dataloader, 1):
            for tensor, activations in zip(maxima.values(), run(*(feed[name] for name in INPUT_NAMES)), strict=True):
                tensor.add(activations)
            on_batch_done(done)
        self._sq_output_tensor_dict.update(maxima)

    def find_percentile(self: Any, tensor_data: ChannelMaxima, percentile: float) -> np.ndarray:
        return tensor_data.percentile(percentile)

    with (
        mock.patch.object(_smooth_calibration, "_inference_for_calibration", collect_maxima),
        mock.patch.object(_smooth_calibration, "_get_maxval_per_channel", find_percentile),
    ):
        yield


# --- workspace and log ---


@contextlib.contextmanager
def temporary_workspace() -> Iterator[Path]:
    """Yield a temporary folder in which INC writes its files; by default it writes to the working directory."""
    with tempfile.TemporaryDirectory(prefix="fairlap-quantize-") as folder:
        _tf_config.global_config["workspace_path"] = folder
        try:
            yield Path(folder)
        finally:
            _tf_config.reset_global_config()


class _PassLogHandler(logging.Handler):
    """Reports the time of each of INC's passes."""

    def __init__(self, progress: ProgressReporter) -> None:
        super().__init__(logging.INFO)
        self.progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if match := _PASS_TIME.fullmatch(record.getMessage()):
            self.progress(f"quantizing: {match[1]} of Neural Compressor took {float(match[2]) / 1000:.2f} s")


@contextlib.contextmanager
def report_passes(progress: ProgressReporter) -> Iterator[None]:
    """Report the time of each of INC's passes to `progress`."""
    logger, handler = logging.getLogger("neural_compressor"), _PassLogHandler(progress)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


# --- tuning ---


def load_configs(first: Any, make_sampler: Callable[[Any], Sampler]) -> Iterable[Any]:
    """Return INC's loader of configurations: it yields those that a sampler chooses, and begins with `first` alone.

    `make_sampler` gets INC's set of configurations, to which `add_config` adds one.
    """
    return _config_loader([first], make_sampler)


def add_config(config_set: Any, static_config: Any) -> int:
    """Add a configuration to INC's set and return its index."""
    config_set.config_list.append(static_config)
    return len(config_set) - 1
