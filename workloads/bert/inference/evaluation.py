"""The answers of a model to all questions of a set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.workload.interface import ProgressReporter
from workloads.bert.inference.batches import BatchedSession, slice_inputs
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.squad import Question

WINDOWS_PER_BATCH = 16
"""Windows in a batch of an evaluation. It does not depend on the race's batch, so that accuracy does not either."""


def answer_questions(
    session: BatchedSession,
    tokenizer: WindowTokenizer,
    questions: Sequence[Question],
    length: int,
    progress: ProgressReporter,
) -> dict[str, str]:
    """Return the best answer to each question by its id, read in windows of `length` pieces.

    The answer is empty if the model finds none. `progress` gets the share of the windows that are done.
    """
    progress(f"measuring accuracy: tokenizing {len(questions):,} questions", 0.0)
    windows = tokenizer.make_question_windows(questions, length)
    start, end = (np.empty((len(windows), length), np.float32) for _ in range(2))
    for first in range(0, len(windows), WINDOWS_PER_BATCH):
        last = min(first + WINDOWS_PER_BATCH, len(windows))
        start[first:last], end[first:last] = session.run(*slice_inputs(windows, first, last))
        done = int(windows.query[last - 1])
        progress(f"measuring accuracy: {done:,} of {len(questions):,} questions", last / len(windows))
    progress(f"measuring accuracy: extracting {len(questions):,} answers", 1.0)
    answers = tokenizer.find_answers(windows, start, end, [question.passage for question in questions])
    return {question.id: ranked[0].text if ranked else "" for question, ranked in zip(questions, answers, strict=True)}
