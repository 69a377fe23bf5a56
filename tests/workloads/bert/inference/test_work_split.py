"""The work of a call among the threads of a session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from tests.support import tiny_bert
from workloads.bert.inference.batches import slice_inputs
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.work_split import WorkSplit, choose_split
from workloads.bert.model import forward, fusion
from workloads.bert.model.architecture import BASE


@pytest.mark.parametrize(
    ("threads", "batch", "split"),
    [
        (1, 8, WorkSplit()),
        (2, 8, WorkSplit(batch_parts=2)),
        (2, 1, WorkSplit(branches=2)),
        (2, 3, WorkSplit(branches=2)),
        (4, 6, WorkSplit(branches=4)),
        (8, 8, WorkSplit(batch_parts=8)),
        (8, 1, WorkSplit()),
        (32, 8, WorkSplit()),
    ],
)
def test_no_thread_is_left_without_work(threads, batch, split):
    """A BERT-base has 12 heads."""
    assert choose_split(BASE, threads, batch) == split


def test_each_split_is_described():
    texts = [split.describe(2) for split in (WorkSplit(), WorkSplit(batch_parts=2), WorkSplit(branches=2))]
    assert ["operator" in texts[0], "batch" in texts[1], "heads" in texts[2]] == [True] * 3
    assert WorkSplit().describe(1) == "one thread"


@pytest.mark.parametrize("count", [1, 2, 5])
def test_parts_of_a_batch_have_the_logits_of_the_whole_in_its_order(tmp_path, count):
    checkpoint = tiny_bert.make_checkpoint(tmp_path)
    inputs = slice_inputs(tiny_bert.make_windows(checkpoint), 0, count)
    assert len(inputs[0]) == count
    graph = fusion.fuse_graph(forward.build_frozen_graph(checkpoint))
    whole, split = InferenceSession(graph, 2), InferenceSession(graph, 2, batch_parts=2)
    try:
        for expected, actual in zip(whole.run(*inputs), split.run(*inputs), strict=True):
            assert actual.shape == expected.shape and np.abs(actual - expected).max() < 1e-4
    finally:
        whole.close()
        split.close()


def test_each_session_has_its_own_threads(tmp_path):
    """Quantization runs sessions before that of the race; a race with a cached model has none before its own."""
    graph = fusion.fuse_graph(forward.build_frozen_graph(tiny_bert.make_checkpoint(tmp_path)))
    inputs = [np.ones((1, 8), np.int32)] * 3
    sessions, counts = [], []
    try:
        for threads in (1, 6):
            sessions.append(InferenceSession(graph, threads))
            sessions[-1].run(*inputs)
            counts.append(len(list(Path("/proc/self/task").iterdir())))
        assert counts[1] - counts[0] >= 6
    finally:
        for session in sessions:
            session.close()
