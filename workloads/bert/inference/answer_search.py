"""Searches answers in the logits of one window, and ranks those of a query, as run_squad.py (Devlin et al. 2018)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

MAX_ANSWER_PIECES = 30
"""Maximal length of an answer in word pieces, as in run_squad.py."""
N_BEST = 20
"""The number of starts and of ends that are tried, and of answers that are kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A span of a passage."""

    text: str
    start: int
    """First character."""
    end: int
    """The character after the last."""
    probability: float
    """Softmax of the score over the answers that are kept, 0 to 1."""
    score: float
    """Sum of the start logit and the end logit."""


def extend_over_marks(passage: str, end: int) -> int:
    """Return `end` moved behind the combining marks that follow there.

    An uncased model strips accents, so a combining mark belongs to no word piece.
    """
    while end < len(passage) and unicodedata.category(passage[end]).startswith("M"):
        end += 1
    return end


def find_best_spans(
    start: np.ndarray, end: np.ndarray, spans: np.ndarray, central: np.ndarray
) -> list[tuple[int, int, float]]:
    """Return (first piece, last piece, score) of the best spans of one window, best first.

    `start` and `end` are the logits, each of shape (length,). `spans` and `central` are the window's rows of
    `tokenization.Windows`: pieces outside the passage cannot be in a span, and a span begins with a central piece.
    """
    inside = np.flatnonzero(spans[:, 0] >= 0)
    firsts = inside[np.argsort(-start[inside], kind="stable")[:N_BEST]]
    firsts = firsts[central[firsts]]
    lasts = inside[np.argsort(-end[inside], kind="stable")[:N_BEST]]
    lengths = lasts[None, :] - firsts[:, None] + 1
    rows, columns = np.nonzero((lengths >= 1) & (lengths <= MAX_ANSWER_PIECES))
    scores = start[firsts[rows]] + end[lasts[columns]]
    order = np.argsort(-scores, kind="stable")[:N_BEST]
    return [(int(firsts[rows[index]]), int(lasts[columns[index]]), float(scores[index])) for index in order]


def rank_answers(scores: dict[tuple[int, int], float], passage: str) -> list[Answer]:
    """Return the best answers of a query, best first, from the score of each span (start, end) in characters."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])[:N_BEST]
    if not ranked:
        return []
    best = np.array([score for _, score in ranked])
    weights = np.exp(best - best.max())
    return [
        Answer(passage[start:end], start, end, float(probability), score)
        for ((start, end), score), probability in zip(ranked, weights / weights.sum(), strict=True)
    ]
