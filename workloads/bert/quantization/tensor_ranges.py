"""Minima and maxima of a model's tensors over the calibration data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from workloads.bert.light_tensorflow import tf

OnBatchDone = Callable[[int], None]
"""Called with the number of batches that are done."""


class Extremum(NamedTuple):
    """One end of a tensor's range."""

    reduction: Literal["Min", "Max"]
    tensor: str
    """Name of the tensor; without an output number, the first output of the node."""


class TensorRanges:
    """Extrema of the FP32 model's tensors, one value for each batch of the calibration data.

    They depend on the model and the data, but not on which operators become INT8, so conversions can share them.
    """

    def __init__(self) -> None:
        self.values: dict[Extremum, list[float]] = {}

    def measure(
        self,
        graph: Any,
        extrema: Sequence[Extremum],
        batches: Iterable[tuple[dict[str, Any], Any]],
        inputs: Sequence[str],
        on_batch_done: OnBatchDone,
    ) -> None:
        """Compute those of `extrema` that are not known yet, by running a GraphDef.

        A batch is (inputs by name, label); the label is ignored. `inputs` are the names of the graph's inputs.
        """
        missing = [extremum for extremum in dict.fromkeys(extrema) if extremum not in self.values]
        if not missing:
            return
        reductions = {"Min": tf.reduce_min, "Max": tf.reduce_max}
        with tf.Graph().as_default() as sampled:
            tf.import_graph_def(graph, name="")
            fetches = [
                reductions[reduction](sampled.get_tensor_by_name(tensor if ":" in tensor else f"{tensor}:0"))
                for reduction, tensor in missing
            ]
        options = tf.compat.v1.ConfigProto(inter_op_parallelism_threads=1, use_per_session_threads=True)
        # Neural Compressor samples with Print operators, between which TensorFlow cannot fuse operators. Fused
        # operators would round differently.
        rewriting = options.graph_options.rewrite_options
        rewriting.remapping = rewriting.OFF
        results = []
        with tf.compat.v1.Session(graph=sampled, config=options) as session:
            run = session.make_callable(fetches, [sampled.get_tensor_by_name(f"{name}:0") for name in inputs])
            for done, (feed, _) in enumerate(batches, 1):
                results.append(run(*(feed[name] for name in inputs)))
                on_batch_done(done)
        for extremum, values in zip(missing, zip(*results, strict=True), strict=True):
            self.values[extremum] = [float(value) for value in values]
