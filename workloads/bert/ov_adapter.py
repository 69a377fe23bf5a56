"""Adapter of OpenVINO: with `nncf_adapter` the only module of this workload that imports it.

Besides documented functions it uses the names of the entries in an execution graph, which OpenVINO does not promise.
Importing this module raises `UnsupportedLibrary` if the installed OpenVINO is not one that was tested.

OpenVINO and NNCF report each import and each conversion to Google Analytics, and keep a consent file in the home
folder, through the package openvino-telemetry. Both work without that package, so it is made unavailable in this
process before the first import.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from bench.workload.library_guard import LibraryGuard
from workloads.bert.lever_values import NumberType

# Python raises ModuleNotFoundError for a module whose entry is None. OpenVINO and NNCF then use their empty stand-ins.
cast("dict[str, Any]", sys.modules)["openvino_telemetry"] = None

GUARD = LibraryGuard("openvino", "==2026.4.*", "read the precision and the kernel of each layer that ran")

_ov = GUARD.require("openvino")
GUARD.require("openvino:CompiledModel.get_runtime_model")

_DEVICE = "CPU"
_PRECISION_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""The type of what is not quantized. By default OpenVINO computes FP32 models in BF16 where the processor has it."""


@dataclass(frozen=True, slots=True)
class ExecutedLayer:
    """A node of the execution graph."""

    kind: str
    """What OpenVINO's CPU plugin calls it: `FullyConnected`, `MatMul`, `Subgraph`."""
    precision: str
    """The type in which it ran: `f32`, `bf16`, `u8`, `i8`."""
    kernel: str
    """The implementation: `brgemm_avx512_i8`, `jit_avx512_f32`."""


class CompiledModel:
    """A model that OpenVINO has compiled for this processor."""

    def __init__(self, file: Path, number_type: NumberType, threads: int) -> None:
        """`file` is the .xml of a model. `threads`: 0 for one for each core."""
        self._compiled = _ov.Core().compile_model(str(file), _DEVICE, _make_options(number_type, threads))
        self._request = self._compiled.create_infer_request()
        self._outputs = {port.any_name: index for index, port in enumerate(self._compiled.outputs)}

    @property
    def threads(self) -> int:
        """Number of threads that compute."""
        return int(self._compiled.get_property("INFERENCE_NUM_THREADS"))

    def compute(self, inputs: dict[str, np.ndarray], outputs: tuple[str, ...]) -> tuple[np.ndarray, ...]:
        """Return copies of the outputs by these names, for the inputs by name."""
        self._request.infer(inputs, share_inputs=True, share_outputs=True)
        return tuple(self._request.get_output_tensor(self._outputs[name]).data.copy() for name in outputs)

    def list_layers(self) -> list[ExecutedLayer]:
        """Return the layers of the execution graph, in OpenVINO's order.

        With inputs of any shape, kernels are chosen in each call: call `compute` first.
        """
        return [_describe_layer(node.get_rt_info()) for node in self._compiled.get_runtime_model().get_ordered_ops()]


def _make_options(number_type: NumberType, threads: int) -> dict[str, Any]:
    """What makes OpenVINO compute as TensorFlow does here: one call at a time, on so many threads, which the system may
    move among the arm's cores."""
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": _PRECISION_HINTS[number_type],
        # The race places the threads of both arms alike.
        "ENABLE_CPU_PINNING": False,
        # Without these two, OpenVINO leaves out some of the logical processors, whatever the number of threads.
        "ENABLE_HYPER_THREADING": True,
        "SCHEDULING_CORE_TYPE": "ANY_CORE",
    }
    return options | ({"INFERENCE_NUM_THREADS": threads} if threads else {})


def _describe_layer(info: Any) -> ExecutedLayer:
    return ExecutedLayer(*(info[name].astype(str) for name in ("layerType", "runtimePrecision", "primitiveType")))


def has_bf16() -> bool:
    """Whether OpenVINO computes in BF16 on this processor, if only by emulation. Elsewhere it would compute in FP32
    without a warning."""
    return "BF16" in _ov.Core().get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")


def convert_graph(graph_file: Path) -> Any:
    """Return the serialized GraphDef in `graph_file` as a model of OpenVINO, whose inputs and outputs have the names of
    the graph's nodes."""
    model = _ov.Core().read_model(str(graph_file))
    for port in [*model.inputs, *model.outputs]:
        # `input_ids:0`. An output that is an Identity has the name of the node that it copies, too.
        port.get_tensor().set_names({port.get_node().get_friendly_name().removesuffix(":0")})
    return model


def save_model(model: Any, file: Path) -> None:
    """Write a model to `file`, an .xml, and its weights to the .bin beside it, as they are."""
    # By default FP32 weights are written in FP16.
    _ov.save_model(model, str(file), compress_to_fp16=False)
