"""Training examples: windows that hold the answer to their question, in batches of similar length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workloads.bert.inference.tokenization import Windows, WindowTokenizer
from workloads.bert.light_tensorflow import tf
from workloads.bert.squad import Question

LENGTH_MULTIPLE = 16
"""Batches are padded to a multiple of this many pieces."""
SENTENCE_ENDS = (". ", "? ", "! ")


@dataclass(frozen=True, slots=True)
class TrainingExamples:
    """Windows that hold the answer to their question."""

    windows: Windows
    first: np.ndarray
    """int64 of shape (windows,): the first piece of the answer."""
    last: np.ndarray
    """int64 of shape (windows,): the last piece of the answer."""


def choose_answers(questions: Sequence[Question]) -> list[Question]:
    """Return the questions with one answer each: the one that most annotators gave, the first of several such."""
    chosen = []
    for question in questions:
        (answer, start), _ = Counter(zip(question.answers, question.starts, strict=True)).most_common(1)[0]
        chosen.append(replace(question, answers=(answer,), starts=(start,)))
    return chosen


def crop_passages(
    questions: Sequence[Question], share: float, sentences: int, random: np.random.Generator
) -> list[Question]:
    """Return the questions with their first answer, about `share` of them with a passage that is cut around it.

    A passage is cut at sentences: up to `sentences` are left before the answer's own and as many after it.
    """
    cropped = []
    for question in questions:
        start, answer, passage = question.starts[0], question.answers[0], question.passage
        crop_start = 0
        if random.random() < share:
            ends = [index + 2 for index in range(len(passage) - 2) if passage[index : index + 2] in SENTENCE_ENDS]
            begins = [0, *(end for end in ends if end <= start)][-1 - sentences :]
            crop_start = int(random.choice(begins))
            crop_end = int(
                random.choice([*(end for end in ends if end >= start + len(answer)), len(passage)][: sentences + 1])
            )
            passage = passage[crop_start:crop_end].rstrip()
        cropped.append(Question(question.id, question.question, passage, (answer,), (start - crop_start,)))
    return cropped


def build_examples(tokenizer: WindowTokenizer, questions: Sequence[Question], length: int) -> TrainingExamples:
    """Return, for each question, the window of `length` pieces that holds the whole answer most centrally.

    A question is left out if no window holds its whole answer.
    """
    windows = tokenizer.make_question_windows(questions, length)
    begin = np.array([question.starts[0] for question in questions])[windows.query][:, None]
    end = begin + np.array([len(question.answers[0]) for question in questions])[windows.query][:, None]
    inside = (windows.spans[:, :, 0] < end) & (windows.spans[:, :, 1] > begin)
    first = inside.argmax(axis=1)
    last = length - 1 - inside[:, ::-1].argmax(axis=1)
    rows = np.arange(len(windows))
    complete = inside.any(axis=1) & (windows.spans[rows, first, 0] <= begin[:, 0])
    complete &= (windows.spans[rows, last, 1] >= end[:, 0]) & windows.central[rows, first]
    chosen = np.flatnonzero(complete)
    return TrainingExamples(windows[chosen], first[chosen], last[chosen])


def iterate_batches(examples: TrainingExamples, size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the rows of every batch, in random order. Windows of similar length are in the same batch."""
    lengths = examples.windows.attention_mask.sum(axis=1)
    order = np.argsort(lengths + random.uniform(0, 2 * LENGTH_MULTIPLE, len(lengths)))
    batches = [order[first : first + size] for first in range(0, len(order), size)]
    for index in random.permutation(len(batches)):
        yield batches[index]


def make_batch_tensors(windows: Windows, rows: np.ndarray) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return ids, mask and types of some windows, int32 of shape (rows, length), with as little padding as possible."""
    max_length = int(windows.attention_mask[rows].sum(axis=1).max())
    length = min(windows.input_ids.shape[1], -(-max_length // LENGTH_MULTIPLE) * LENGTH_MULTIPLE)
    ids, mask, types = (tf.constant(array[:, :length]) for array in windows.feed(rows).values())
    return ids, mask, types
