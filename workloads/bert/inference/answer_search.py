"""TODO: workloads.bert.inference.answer_search."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

MAX_ANSWER_PIECES = 30
"""Word pieces that an answer may have, as in run_squad.py."""


N_BEST = 20
"""How many starts and how many ends are tried."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A span of the passage, in characters, with the share of the n-best list's probability that it has."""

    text: str
    start: int
    end: int
    probability: float
    score: float


def extend_over_marks(passage: str, end: int) -> int:
    """`end`, or where the accents end that follow there: a model without accents has no piece for them."""
    while end < len(passage) and unicodedata.category(passage[end]).startswith("M"):
        end += 1
    return end


def find_best_spans(
    start: np.ndarray, end: np.ndarray, spans: np.ndarray, central: np.ndarray
) -> list[tuple[int, int, float]]:
    """(first piece, last piece, score) of the likeliest spans of one window: the sums of start and end logit."""
    inside = np.flatnonzero(spans[:, 0] >= 0)
    firsts = inside[np.argsort(-start[inside], kind="stable")[:N_BEST]]
    firsts = firsts[central[firsts]]
    lasts = inside[np.argsort(-end[inside], kind="stable")[:N_BEST]]
    pieces = lasts[None, :] - firsts[:, None]
    rows, columns = np.nonzero((pieces >= 0) & (pieces < MAX_ANSWER_PIECES))
    scores = start[firsts[rows]] + end[lasts[columns]]
    order = np.argsort(-scores, kind="stable")[:N_BEST]
    return [(int(firsts[rows[at]]), int(lasts[columns[at]]), float(scores[at])) for at in order]


def rank_answers(spans: dict[tuple[int, int], float], passage: str) -> list[Answer]:
    ranked = sorted(spans.items(), key=lambda item: -item[1])[:N_BEST]
    if not ranked:
        return []
    scores = np.array([score for _, score in ranked])
    weights = np.exp(scores - scores.max())
    return [
        Answer(passage[first:last], first, last, float(weight), score)
        for ((first, last), score), weight in zip(ranked, weights / weights.sum(), strict=True)
    ]
