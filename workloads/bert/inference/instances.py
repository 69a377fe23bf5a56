"""Several models at once, each in a process and on cores of its own: the posts' num_of_instance, cores_per_instance.

`python -m workloads.bert.inference.instances GRAPH CORES REQUESTS REPLIES` is one of them; it ends when its requests do.
"""

from __future__ import annotations

import collections
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from workloads import ROOT

MAX_TIMINGS = 100
"""Batches whose times are kept of an instance."""


def split_cores(cores: Sequence[int], instances: int) -> list[list[int]]:
    """The cores of each instance: as many for each, in order; those left over stay idle."""
    each = len(cores) // instances
    if not each:
        raise ValueError(f"{instances} instances need as many cores, and there are {len(cores)}")
    return [list(cores[place * each : (place + 1) * each]) for place in range(instances)]


class Instance:
    """One model in a process of its own."""

    def __init__(self, graph: Path, cores: Sequence[int]) -> None:
        request_reader, request_writer = os.pipe()
        reply_reader, reply_writer = os.pipe()
        named = ",".join(map(str, cores))
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "workloads.bert.inference.instances",
                str(graph),
                named,
                str(request_reader),
                str(reply_writer),
            ],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": str(len(cores)), "TF_NUM_INTRAOP_THREADS": str(len(cores))},
            stdin=subprocess.DEVNULL,
            pass_fds=(request_reader, reply_writer),
        )
        os.close(request_reader)
        os.close(reply_writer)
        self._requests, self._replies = os.fdopen(request_writer, "wb"), os.fdopen(reply_reader, "rb")
        self.cores = list(cores)
        self.seconds: collections.deque[float] = collections.deque(maxlen=MAX_TIMINGS)
        """What its last batches have taken it."""
        self.ask(None)

    def ask(self, arrays: tuple[np.ndarray, ...] | None) -> None:
        """Send the inputs of one batch, or nothing, which is answered when the model is loaded."""
        pickle.dump(arrays, self._requests, protocol=5)
        self._requests.flush()

    def answer(self) -> Any:
        """What it made of the oldest batch that was not answered yet. Raises RuntimeError where it has ended."""
        try:
            # From our own child, over a pipe that nobody else holds.
            seconds, logits = pickle.load(self._replies)
        except EOFError as error:
            raise RuntimeError(f"a model instance ended with exit status {self.process.wait()}; see the log") from error
        if logits is not None:
            self.seconds.append(seconds)
        return logits


def main(arguments: list[str]) -> int:
    graph, cores, incoming, outgoing = arguments
    chosen = [int(core) for core in cores.split(",")]
    # Before TensorFlow is imported: its threads inherit the cores, and their number follows from them.
    os.sched_setaffinity(0, chosen)
    with os.fdopen(int(incoming), "rb") as requests, os.fdopen(int(outgoing), "wb") as replies:
        return serve_requests(Path(graph), len(chosen), requests, replies)


def serve_requests(graph: Path, threads: int, requests: BinaryIO, replies: BinaryIO) -> int:
    from workloads.bert.inference.session import InferenceSession

    engine = InferenceSession.load(graph, threads)
    while True:
        try:
            arrays = pickle.load(requests)
        except EOFError:
            return 0
        began = time.perf_counter()
        logits = engine.run(*arrays) if arrays is not None else None
        pickle.dump((time.perf_counter() - began, logits), replies, protocol=5)
        replies.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
