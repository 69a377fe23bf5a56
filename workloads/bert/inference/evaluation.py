"""A model's answers to all questions of a set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.workload.interface import ProgressReporter
from workloads.bert.inference.session import InferenceSession, slice_inputs
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.squad import Question

WINDOWS_PER_BATCH = 16
"""Windows in a batch, whatever the batch of the race."""


def answer_questions(
    engine: InferenceSession,
    reader: WindowTokenizer,
    questions: Sequence[Question],
    length: int,
    progress: ProgressReporter,
) -> dict[str, str]:
    """Question id to the likeliest answer, or nothing where there is none; `progress` is told how far it is."""
    windows = reader.questions(questions, length)
    start, end = (np.empty((len(windows), length), np.float32) for _ in range(2))
    for at in range(0, len(windows), WINDOWS_PER_BATCH):
        rows = slice(at, at + WINDOWS_PER_BATCH)
        start[rows], end[rows] = engine.run(*slice_inputs(windows, rows.start, rows.stop))
        done = int(windows.query[min(rows.stop, len(windows)) - 1])
        progress(f"evaluating: {done:,} of {len(questions):,} questions", min(1.0, rows.stop / len(windows)))
    found = reader.answers(windows, start, end, [question.passage for question in questions])
    return {one.id: answers[0].text if answers else "" for one, answers in zip(questions, found, strict=True)}
