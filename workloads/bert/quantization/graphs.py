"""The graph of a precision, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from bench.workload.interface import ProgressReporter, Settings
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.model import forward, fusion, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import conversion


def write_graph_file(
    precision: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> Path:
    """The serialised GraphDef of `checkpoint` in `precision`, a value of the lever, ready to run.

    INT8 is made as the settings say, or comes from their cache. Every graph that oneDNN is to run gets the fusions that
    are left to make, see `fuse`; what is then raced goes to the settings' scratch folder.
    """
    graph = _build_graph(precision, checkpoint, tokenizer, settings, progress)
    made = settings.scratch / f"{precision}.pb"
    made.write_bytes((graph if precision == "fp32-stock" else fusion.fuse_graph(graph)).SerializeToString())
    return made


def _build_graph(
    precision: str, checkpoint: Checkpoint, tokenizer: WindowTokenizer, settings: Settings, progress: ProgressReporter
) -> Any:
    if precision == "int8":
        # Here and not above: the other arm needs none of it in its memory.
        from workloads.bert.quantization import graph_cache

        cache = settings.cache / "bert"
        wanted = conversion.load_conversion(str(settings.parameters["quantization"]), cache, checkpoint)
        windows = tokenizer.make_question_windows(wanted.calibration, int(settings.parameters["length"]))
        return graphdef.read_graph(
            graph_cache.load_or_quantize(checkpoint, wanted.recipe, windows, cache, progress, wanted.fallback)
        )
    progress("building the graph")
    return forward.build_frozen_graph(checkpoint, tf.bfloat16 if precision == "bf16" else tf.float32)
