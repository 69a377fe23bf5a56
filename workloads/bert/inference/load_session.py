"""The session of a value of the lever."""

from __future__ import annotations

from pathlib import Path

from workloads.bert.inference.batches import BatchedSession
from workloads.bert.inference.session import InferenceSession
from workloads.bert.lever_values import number_type, runs_on_openvino


def load_session(value: str, file: Path, threads: int, batch_parts: int) -> BatchedSession:
    """Return a session for the model of the lever's value `value`, with `threads` threads (0: one for each core).

    `file` is what `quantization.graphs.write_graph_file` wrote. `batch_parts` is for TensorFlow, see
    `InferenceSession`; OpenVINO divides the work among its threads itself. Raises BadInput, see `OpenVinoSession`.
    """
    if not runs_on_openvino(value):
        return InferenceSession.load(file, threads, batch_parts)
    # Not at the top: TensorFlow's arms run where OpenVINO is not installed.
    from workloads.bert.inference.openvino_session import OpenVinoSession

    return OpenVinoSession(file, number_type(value), threads)
