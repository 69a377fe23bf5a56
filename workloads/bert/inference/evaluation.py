"""A model's answers to all questions of a set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.workload.declaration import Progress
from workloads.bert.inference.session import Engine, inputs
from workloads.bert.inference.tokenization import Reader
from workloads.bert.squad import Question

AT_ONCE = 16
"""Windows in a batch, whatever the batch of the race."""


def answered(
    engine: Engine, reader: Reader, questions: Sequence[Question], length: int, progress: Progress
) -> dict[str, str]:
    """Question id to the likeliest answer, or nothing where there is none; `progress` is told how far it is."""
    windows = reader.questions(questions, length)
    start, end = (np.empty((len(windows), length), np.float32) for _ in range(2))
    for at in range(0, len(windows), AT_ONCE):
        rows = slice(at, at + AT_ONCE)
        start[rows], end[rows] = engine.run(*inputs(windows, rows.start, rows.stop))
        done = int(windows.query[min(rows.stop, len(windows)) - 1])
        progress(f"evaluating: {done:,} of {len(questions):,} questions", min(1.0, rows.stop / len(windows)))
    found = reader.answers(windows, start, end, [question.passage for question in questions])
    return {one.id: answers[0].text if answers else "" for one, answers in zip(questions, found, strict=True)}
