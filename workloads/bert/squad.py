"""Questions about passages, and their answers scored by the metric of the official script, evaluate-v1.1.py.

Source: Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text".
"""

from __future__ import annotations

import hashlib
import re
import string
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a passage, with its true answers as spans of the passage."""

    id: str
    question: str
    passage: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]
    """The first character of each answer in the passage."""


def digest_questions(questions: Iterable[Question]) -> str:
    """Return the SHA-256 of questions, passages and answers."""
    return hashlib.sha256(repr(list(questions)).encode()).hexdigest()


def identify_passage(passage: str) -> str:
    """Return 16 hexadecimal digits that identify a passage, whatever its case, punctuation and white space."""
    return hashlib.sha256(normalize_answer(passage).encode()).hexdigest()[:16]


def split_questions(questions: Iterable[Question]) -> tuple[list[Question], list[Question]]:
    """Return the questions to tune with and those to judge the tuned model by, each in their order.

    The digest of a passage decides, so a passage with all its questions is always in the same part, in every file, and
    each part has about half of the passages. A part may be empty if there are few passages.
    """
    tuning: list[Question] = []
    held_out: list[Question] = []
    for question in questions:
        (held_out if int(identify_passage(question.passage)[0], 16) % 2 else tuning).append(question)
    return tuning, held_out


def select_held_out(questions: Iterable[Question], tuning_passages: Collection[str]) -> list[Question]:
    """Return the questions whose passage is not one of `tuning_passages`, ids of `identify_passage`."""
    return [question for question in questions if identify_passage(question.passage) not in tuning_passages]


def drop_repeated(questions: Iterable[Question]) -> list[Question]:
    """Return the questions without those that were asked about the same passage before, in other case or punctuation.

    A question that is repeated under other ids is one observation, not several.
    """
    distinct: dict[tuple[str, str], Question] = {}
    for question in questions:
        distinct.setdefault((identify_passage(question.passage), normalize_answer(question.question)), question)
    return list(distinct.values())


_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = set(string.punctuation)


def normalize_answer(text: str) -> str:
    """Return `text` in lower case, without punctuation and articles, with one space between words."""
    text = "".join(character for character in text.lower() if character not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(answer: str, truth: str) -> float:
    """Return 1 if both are the same but for case, punctuation, articles and white space, else 0."""
    return float(normalize_answer(answer) == normalize_answer(truth))


def f1_score(answer: str, truth: str) -> float:
    """Return the harmonic mean of precision and recall of the answer's words, 0 to 1."""
    words, true_words = normalize_answer(answer).split(), normalize_answer(truth).split()
    common = sum((Counter(words) & Counter(true_words)).values())
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(true_words)
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True, slots=True)
class Score:
    """Means over the questions, in percent. A question counts with the true answer that gives the best score."""

    exact_match: float
    f1: float
    questions: int


def score_answers(questions: Iterable[Question], answers: Mapping[str, str]) -> Score:
    """Return the score of `answers`, the text of the answer by the id of the question.

    A question without an answer counts 0. Raises ValueError if there are no questions.
    """
    scores = score_each(questions, answers)
    if not scores:
        raise ValueError("no questions to score")
    count = len(scores)
    return Score(sum(score.exact_match for score in scores) / count, sum(score.f1 for score in scores) / count, count)


def score_each(questions: Iterable[Question], answers: Mapping[str, str]) -> list[Score]:
    """Return the score of each question, in the order of the questions. A question without an answer has 0."""
    return [_score_question(question, answers.get(question.id, "")) for question in questions]


def _score_question(question: Question, answer: str) -> Score:
    return Score(
        100 * max(exact_match(answer, truth) for truth in question.answers),
        100 * max(f1_score(answer, truth) for truth in question.answers),
        1,
    )
