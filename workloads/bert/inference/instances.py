"""Several models at once, each in a process and on cores of its own.

Intel's posts call this num_of_instance and cores_per_instance. An instance is
`python -m workloads.bert.inference.instances VALUE GRAPH CORES PARTS REQUESTS REPLIES`: a value of the lever and the
file of its model, core numbers separated by commas, parts of a batch, and two inherited file descriptors. It exits at
the end of its requests.
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
from typing import BinaryIO

import numpy as np

from workloads import ROOT
from workloads.bert.inference.logits import Logits

MAX_TIMINGS = 100
"""Batches of an instance whose times are kept."""


def split_cores(cores: Sequence[int], instances: int) -> list[list[int]]:
    """Return the cores of each instance: the same number for each, in order. The remaining cores stay idle.

    Raises ValueError if there are more instances than cores.
    """
    per_instance = len(cores) // instances
    if not per_instance:
        raise ValueError(f"{instances} instances need at least {instances} cores, got {len(cores)}")
    return [list(cores[index * per_instance : (index + 1) * per_instance]) for index in range(instances)]


class Instance:
    """A model that computes in a process of its own, on `cores`.

    The process loads the model while this one continues: call `wait_ready` before the first `send`. For `batch_parts`
    see `InferenceSession`.
    """

    def __init__(self, value: str, graph: Path, cores: Sequence[int], batch_parts: int) -> None:
        """`value` is that of the lever, and `graph` the file of its model."""
        request_reader, request_writer = os.pipe()
        reply_reader, reply_writer = os.pipe()
        core_list = ",".join(map(str, cores))
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "workloads.bert.inference.instances",
                value,
                str(graph),
                core_list,
                str(batch_parts),
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
        self.batch_times_s: collections.deque[float] = collections.deque(maxlen=MAX_TIMINGS)
        """Seconds that the process took for each of its last batches."""
        self._write(None)

    def wait_ready(self) -> None:
        """Wait until the model is loaded. Raises RuntimeError if the process has ended."""
        self._read()

    def send(self, inputs: tuple[np.ndarray, ...]) -> None:
        """Send the inputs of one batch, in the order of `forward.INPUT_NAMES`."""
        self._write(inputs)

    def receive(self) -> Logits:
        """Return the logits of the oldest batch that was not received yet.

        Raises RuntimeError if the process has ended.
        """
        seconds, logits = self._read()
        assert logits is not None
        self.batch_times_s.append(seconds)
        return logits

    def _write(self, inputs: tuple[np.ndarray, ...] | None) -> None:
        pickle.dump(inputs, self._requests, protocol=5)
        self._requests.flush()

    def _read(self) -> tuple[float, Logits | None]:
        try:
            # Safe to unpickle: only our own child process has the other end of this pipe.
            return pickle.load(self._replies)
        except EOFError as error:
            raise RuntimeError(f"a model instance ended with exit status {self.process.wait()}; see the log") from error


def main(arguments: list[str]) -> int:
    value, graph, core_list, batch_parts, requests_fd, replies_fd = arguments
    cores = [int(core) for core in core_list.split(",")]
    # Before a library is imported: its threads inherit the affinity, and their number follows from it.
    os.sched_setaffinity(0, cores)
    with os.fdopen(int(requests_fd), "rb") as requests, os.fdopen(int(replies_fd), "wb") as replies:
        return serve_requests(value, Path(graph), len(cores), int(batch_parts), requests, replies)


def serve_requests(
    value: str, graph: Path, threads: int, batch_parts: int, requests: BinaryIO, replies: BinaryIO
) -> int:
    """Answer each request with (seconds, logits) until the end of `requests`; the request None is answered at once."""
    from workloads.bert.inference.load_session import load_session

    session = load_session(value, graph, threads, batch_parts)
    while True:
        try:
            inputs = pickle.load(requests)
        except EOFError:
            return 0
        began = time.perf_counter()
        logits = session.run(*inputs) if inputs is not None else None
        pickle.dump((time.perf_counter() - began, logits), replies, protocol=5)
        replies.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
