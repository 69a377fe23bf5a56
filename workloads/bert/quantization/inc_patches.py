"""Neural Compressor's conversion without its waste, to the same graph.

Two things cost most of its time. Each of its some forty passes copies the graph, weights and all, several times; so it
gets a graph in which every big constant is a stand-in of the same shape that is a few bytes long, and the real one only
where it reads values. And it finds the ranges of tensors by making TensorFlow print them to standard error, which
it takes for itself meanwhile and reads back as text; here the minima and maxima are fetched, each tensor's once.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import tensorflow as tf
from neural_compressor.tensorflow.algorithms.smoother.calibration import SmoothQuantCalibration
from neural_compressor.tensorflow.quantization.utils import graph_converter
from neural_compressor.tensorflow.quantization.utils.quantize_graph_common import QuantizeGraphHelper
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig
from tensorflow.python.framework import tensor_util

from workloads.bert.model.graphdef import input_node_name

MIN_STAND_IN_BYTES = 16 * 1024
"""Bytes from which a constant gets a stand-in. Smaller ones Neural Compressor may read in ways of its own."""
VALUE_FIELDS = {tf.float32.as_datatype_enum: "float_val", tf.qint8.as_datatype_enum: "int_val"}
"""Where a tensor of each type that gets stand-ins keeps its values."""

OnBatchDone = Callable[[int], None]


class StandIns:
    """Big tensors, each under a number. Its stand-in has the same type and shape and, as TensorFlow allows where all
    elements are alike, this one number as its content. Equal tensors share one, so that comparing still works."""

    def __init__(self) -> None:
        self.tensors: list[Any] = []
        self._numbers: dict[bytes, int] = {}

    def put(self, tensor: Any) -> Any:
        """The stand-in of a TensorProto; one too small for it is returned as it is."""
        if tensor.dtype not in VALUE_FIELDS or tensor.ByteSize() < MIN_STAND_IN_BYTES:
            return tensor
        data = tensor.SerializeToString(deterministic=True)
        # From 1: TensorFlow writes a tensor of zeros as one without content.
        number = self._numbers.setdefault(hashlib.sha256(data).digest(), len(self.tensors) + 1)
        if number > len(self.tensors):
            self.tensors.append(tensor_pb2.TensorProto.FromString(data))
        small = tensor_pb2.TensorProto(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape)
        getattr(small, VALUE_FIELDS[tensor.dtype]).append(number)
        return small

    def get(self, tensor: Any) -> Any:
        """The tensor that this one stands for, or itself."""
        if tensor.tensor_content or tensor.dtype not in VALUE_FIELDS:
            return tensor
        values = getattr(tensor, VALUE_FIELDS[tensor.dtype])
        if len(values) != 1 or values[0] not in range(1, len(self.tensors) + 1):
            return tensor
        real = self.tensors[int(values[0]) - 1]
        # A small constant may well be 3.0; none of these has the type and shape of the third big tensor.
        return real if real.dtype == tensor.dtype and real.tensor_shape == tensor.tensor_shape else tensor

    def lighten(self, graph: Any) -> Any:
        """A copy of a GraphDef with stand-ins; the copy alone is ever without its weights."""
        return self._replaced(graph, self.put)

    def restore(self, graph: Any) -> Any:
        """A copy of a GraphDef with the real tensors again."""
        return self._replaced(graph, self.get)

    @staticmethod
    def _replaced(graph: Any, change: Callable[[Any], Any]) -> Any:
        new = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
        for node in graph.node:
            added = new.node.add()
            if node.op != "Const":
                added.CopyFrom(node)
                continue
            added.name, added.op, added.device = node.name, node.op, node.device
            added.input.extend(node.input)
            for name, value in node.attr.items():
                if name == "value":
                    added.attr[name].tensor.CopyFrom(change(value.tensor))
                else:
                    added.attr[name].CopyFrom(value)
        return new


class TensorRanges:
    """Minima and maxima of the FP32 model's tensors, a value for each batch of the calibration.

    They depend on the model and the data alone, not on which operators become INT8.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], list[float]] = {}

    def measure(
        self, graph: Any, wanted: list[tuple[str, str]], batches: Any, inputs: Sequence[str], told: OnBatchDone
    ) -> None:
        """Run the batches of (inputs by name, label) through a GraphDef, for those of the pairs (Min or Max, tensor)
        that are not known yet. `told` is called with how many batches are done."""
        missing = [pair for pair in dict.fromkeys(wanted) if pair not in self.known]
        if not missing:
            return
        with tf.Graph().as_default() as sampled:
            tf.import_graph_def(graph, name="")
            reduce = {"Min": tf.reduce_min, "Max": tf.reduce_max}
            fetched = [
                reduce[which](sampled.get_tensor_by_name(name if ":" in name else f"{name}:0"))
                for which, name in missing
            ]
        options = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=1, use_per_session_threads=True)
        # Where it prints, TensorFlow cannot fuse operators, which would round otherwise.
        options.graph_options.rewrite_options.remapping = RewriterConfig.OFF
        found = []
        with tf.compat.v1.Session(graph=sampled, config=options) as session:
            run = session.make_callable(fetched, [sampled.get_tensor_by_name(f"{name}:0") for name in inputs])
            for done, (feed, _) in enumerate(batches, 1):
                found.append(run(*(feed[name] for name in inputs)))
                told(done)
        for pair, values in zip(missing, zip(*found, strict=True), strict=True):
            self.known[pair] = [float(value) for value in values]


@dataclass(slots=True)
class ConversionState:
    """What conversions of one checkpoint share if approach and calibration data are the same: a tuning's trials."""

    stand_ins: StandIns = field(default_factory=StandIns)
    ranges: TensorRanges = field(default_factory=TensorRanges)
    light: Any = None
    """The FP32 graph, smoothed if need be, with stand-ins; None until the first conversion."""


@contextlib.contextmanager
def patch_conversion(
    kept: ConversionState, batches: Any, inputs: Sequence[str], folder: Path, told: OnBatchDone
) -> Iterator[None]:
    """While this is open, Neural Compressor works on graphs with stand-ins, samples by `kept.ranges`, and keeps its
    files in `folder`. It patches the library for the whole process: one conversion at a time."""
    stand_ins, ranges = kept.stand_ins, kept.ranges
    make_array, make_constant = tensor_util.MakeNdarray, QuantizeGraphHelper.create_constant_node
    log = folder / "ranges.log"

    def array(tensor: Any) -> np.ndarray:
        return make_array(stand_ins.get(tensor))

    def constant(*arguments: Any, **options: Any) -> Any:
        """The INT8 weights are made here, and are as dear to copy as those of FP32."""
        node = make_constant(*arguments, **options)
        node.attr["value"].tensor.CopyFrom(stand_ins.put(node.attr["value"].tensor))
        return node

    def sample(converter: Any, model: Any) -> None:
        graph, asked = _remove_prints(model.graph_def)
        wanted = [(which, tensor) for which, tensor, _ in asked]
        ranges.measure(stand_ins.restore(graph), wanted, batches, inputs, told)
        lines = [
            # Nine digits tell every float32 apart.
            f"{message}[{ranges.known[which, tensor][batch]:.9g}]\n"
            for batch in range(len(batches))
            for which, tensor, message in asked
        ]
        log.write_text("".join(lines))

    # It makes a file by tempfile.mkstemp, which it leaves open and never removes, and puts file descriptor 2 of
    # whatever sys.stderr was at its import in the way of everybody; nothing is printed any more.
    files = SimpleNamespace(mkstemp=lambda suffix="": (-1, str(log)))
    with (
        mock.patch.object(tensor_util, "MakeNdarray", array),
        mock.patch.object(QuantizeGraphHelper, "create_constant_node", staticmethod(constant)),
        mock.patch.object(graph_converter, "tempfile", files),
        mock.patch.object(graph_converter, "CaptureOutputToFile", contextlib.nullcontext),
        mock.patch.object(graph_converter.GraphConverter, "_inference", sample),
    ):
        yield


def _remove_prints(graph: Any) -> tuple[Any, list[tuple[str, str, str]]]:
    """The sampling graph without what was added to it for printing, and what it would have printed: (Min or Max,
    tensor, message)."""
    nodes = {node.name: node for node in graph.node}
    asked, added = [], set()
    for node in graph.node:
        if node.op != "Print":
            continue
        reduced = nodes[input_node_name(node.input[0])]
        flat = nodes[input_node_name(reduced.input[0])]
        asked.append((reduced.op, flat.input[0], node.attr["message"].s.decode()))
        added |= {node.name, reduced.name, flat.name, input_node_name(reduced.input[1]), input_node_name(flat.input[1])}
    plain = tf.compat.v1.GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        # An identity of a Print hangs on it; so does what waits for one to have printed.
        if node.name in added or any(input_node_name(name) in added for name in node.input if not name.startswith("^")):
            continue
        kept = plain.node.add()
        kept.CopyFrom(node)
        del kept.input[:]
        kept.input.extend(name for name in node.input if not (name.startswith("^") and input_node_name(name) in added))
    return plain, asked


@dataclass(frozen=True, slots=True)
class _ChannelMaxima:
    """The largest values of each channel of a tensor, and how many values it has in all."""

    values: np.ndarray
    """(kept, channels), the smallest first."""
    rows: int

    def percentile(self, percentile: float) -> np.ndarray:
        """As numpy.percentile does over all rows, by linear interpolation."""
        place = percentile / 100 * (self.rows - 1)
        below = self.values[int(place) - self.rows].astype(np.float64)
        above = self.values[min(int(place) + 1, self.rows - 1) - self.rows].astype(np.float64)
        return (below + (above - below) * (place - int(place))).astype(np.float32)


@contextlib.contextmanager
def patch_smoothing(inputs: Sequence[str], told: OnBatchDone) -> Iterator[None]:
    """While this is open, SmoothQuant keeps of the activations that it samples only what its percentile needs.

    It would keep all: for every projection that reads a tensor, a copy of that tensor over all calibration data, 11 GB
    for BERT-base. Patches the library for the whole process.
    """

    def sample(self: SmoothQuantCalibration, model: Any) -> None:
        read = Counter(self._sq_input_node_names)
        largest: dict[str, np.ndarray] = {}
        rows: Counter[str] = Counter()
        positions = sum(feed[inputs[0]].size for feed, _ in self.dataloader)
        run = model.sess.make_callable([f"{name}:0" for name in read], [f"{name}:0" for name in inputs])
        for done, (feed, _) in enumerate(self.dataloader, 1):
            for name, found in zip(read, run(*(feed[key] for key in inputs)), strict=True):
                flat = np.abs(found.reshape(-1, found.shape[-1]))
                # The percentile counts a tensor once for each projection that reads it.
                kept = int((1 - self.percentile / 100) * positions * read[name]) + 2
                # Of a value that is kept at all, all copies are.
                flat = _select_largest(flat, kept).repeat(read[name], axis=0)
                largest[name] = _select_largest(
                    np.concatenate([largest[name], flat]) if name in largest else flat, kept
                )
                rows[name] += found.size // found.shape[-1] * read[name]
            told(done)
        for name, values in largest.items():
            self._sq_output_tensor_dict[name] = _ChannelMaxima(values, rows[name])

    def percentile(self: SmoothQuantCalibration, tensor_data: _ChannelMaxima, percentile: float) -> np.ndarray:
        return tensor_data.percentile(percentile)

    with (
        mock.patch.object(SmoothQuantCalibration, "_inference_for_calibration", sample),
        mock.patch.object(SmoothQuantCalibration, "_get_maxval_per_channel", percentile),
    ):
        yield


def _select_largest(values: np.ndarray, count: int) -> np.ndarray:
    """The largest `count` of each column, the smallest first."""
    if len(values) > count:
        values = np.partition(values, len(values) - count, axis=0)[-count:]
    return np.sort(values, axis=0)
