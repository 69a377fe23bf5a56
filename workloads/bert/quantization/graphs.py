"""The graph of a precision, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from bench.workload.declaration import Progress, Settings
from workloads.bert.inference.tokenization import Reader
from workloads.bert.model import forward, fusion, graphdef
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.quantization import conversion


def file(precision: str, checkpoint: Checkpoint, reader: Reader, settings: Settings, progress: Progress) -> Path:
    """The serialised GraphDef of `checkpoint` in `precision`, a value of the lever, ready to run.

    INT8 is made as the settings say, or comes from their cache. Every graph that oneDNN is to run gets the fusions that
    are left to make, see `fuse`; what is then raced goes to the settings' scratch folder.
    """
    graph = _graph(precision, checkpoint, reader, settings, progress)
    made = settings.scratch / f"{precision}.pb"
    made.write_bytes((graph if precision == "fp32-stock" else fusion.fused(graph)).SerializeToString())
    return made


def _graph(precision: str, checkpoint: Checkpoint, reader: Reader, settings: Settings, progress: Progress) -> Any:
    if precision == "int8":
        # Here and not above: the other arm needs none of it in its memory.
        from workloads.bert.quantization import convert

        cache = settings.cache / "bert"
        wanted = conversion.load(str(settings.parameters["quantization"]), cache, checkpoint)
        windows = reader.questions(wanted.calibration, int(settings.parameters["length"]))
        return graphdef.read(convert.cached(checkpoint, wanted.recipe, windows, cache, progress, wanted.fallback))
    progress("building the graph")
    return forward.frozen(checkpoint, tf.bfloat16 if precision == "bf16" else tf.float32)
