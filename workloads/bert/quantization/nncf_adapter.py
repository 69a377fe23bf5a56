"""Adapter of NNCF (Neural Network Compression Framework): the only module of this workload that imports it.

Importing this module raises `UnsupportedLibrary` if the installed NNCF is not one that was tested.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterable
from typing import Any

import numpy as np

from bench.workload.interface import ProgressReporter
from bench.workload.library_guard import LibraryGuard

# Makes the telemetry of NNCF unavailable, before NNCF is imported.
from workloads.bert import ov_adapter
from workloads.bert.quantization.config import QuantizationConfig

GUARD = LibraryGuard("nncf", "==3.4.*", "quantize a model of OpenVINO")

_nncf = GUARD.require("nncf")
for _name in ("IgnoredScope", "ModelType.TRANSFORMER", "AdvancedQuantizationParameters"):
    GUARD.require(f"nncf:{_name}")
_parameters = GUARD.require("nncf.quantization.advanced_parameters")

ov_adapter.GUARD.require_version()


def quantize_model(
    model: Any,
    config: QuantizationConfig,
    fallback: Iterable[str],
    feeds: list[dict[str, np.ndarray]],
    progress: ProgressReporter,
) -> Any:
    """Return a model of `ov_adapter.convert_graph` with its matrix products in INT8.

    `fallback` names the products that stay in FP32. `feeds` are the inputs of each calibration window by name.
    `progress` gets the number of windows that were read; NNCF reads all of them twice if it smooths activations.
    """
    reads = 0

    def read(feed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        nonlocal reads
        reads += 1
        progress(f"calibrating: {reads:,} windows read by NNCF")
        return feed

    # NNCF logs what it leaves out, and prints bars.
    _nncf.set_log_level(logging.ERROR)
    with contextlib.redirect_stdout(io.StringIO()):
        return _nncf.quantize(
            model,
            _nncf.Dataset(feeds, read),
            model_type=_nncf.ModelType.TRANSFORMER,
            subset_size=len(feeds),
            ignored_scope=_nncf.IgnoredScope(names=sorted(fallback)),
            advanced_parameters=_make_parameters(config),
        )


def _make_parameters(config: QuantizationConfig) -> Any:
    # A negative alpha switches SmoothQuant off, which NNCF applies to transformers by default.
    alpha = config.alpha if config.is_smooth else -1.0
    per_channel = config.granularity == "per_channel"
    return _parameters.AdvancedQuantizationParameters(
        weights_quantization_params=_parameters.QuantizationParameters(per_channel=per_channel),
        smooth_quant_alphas=_parameters.AdvancedSmoothQuantParameters(matmul=alpha, convolution=-1.0),
    )
