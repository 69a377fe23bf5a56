"""SQuAD v1.1 files, read and checked, and the metric as the official evaluation script defines it.

Rajpurkar et al. 2016, 'SQuAD: 100,000+ Questions for Machine Comprehension of Text'; evaluate-v1.1.py.
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.workload.interface import BadInput
from workloads import ROOT

DATA_FOLDER = ROOT / "assets" / "data"
EVALUATION_FILE = DATA_FOLDER / "fairlap-qa-evaluation.json"
CALIBRATION_FILE = DATA_FOLDER / "fairlap-qa-calibration.json"
SHIPPED_SET = "shipped"
"""The name of `EVALUATION`."""
MAX_FILE_BYTES = 64 * 1024**2
REMEDY = (
    "Give a file in the SQuAD v1.1 layout: "
    "data[].paragraphs[].{context, qas[].{id, question, answers[].{text, answer_start}}}."
)


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one passage, with its answers as spans of the passage."""

    id: str
    question: str
    passage: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]
    """Where each answer begins, in characters of the passage."""


def load_questions(name: str, uploads: Path) -> list[Question]:
    """The questions of the set called `name`: `shipped`, `upload:` and the digest of a file in `uploads`, or a path."""
    if name == SHIPPED_SET:
        return read_questions(EVALUATION_FILE)
    if name.startswith("upload:"):
        file = uploads / Path(name.removeprefix("upload:")).name
        if not file.is_file():
            raise BadInput("the file that was uploaded is not on this machine", "Upload it again.")
        return read_questions(file)
    return read_questions(Path(name).expanduser())


def check(file: Path) -> str:
    """What is in a SQuAD v1.1 file, in words. Raises BadInput as `read` does."""
    questions = parse_questions(file.read_bytes())
    return f"{len(questions):,} questions about {len({one.passage for one in questions}):,} passages"


def read_questions(file: Path) -> list[Question]:
    """Every question of a SQuAD v1.1 file, in its order. Raises BadInput that says where the file is wrong."""
    if not file.is_file():
        raise BadInput(f"there is no file {file}", REMEDY)
    if (size := file.stat().st_size) > MAX_FILE_BYTES:
        raise BadInput(f"{file.name} has {size / 1e6:.0f} MB", f"Up to {MAX_FILE_BYTES >> 20} MiB are read.")
    return parse_questions(file.read_bytes(), file.name)


def parse_questions(data: bytes, name: str = "the file") -> list[Question]:
    """Every question of a SQuAD v1.1 file given by its content."""
    if len(data) > MAX_FILE_BYTES:
        raise BadInput(f"{name} has {len(data) / 1e6:.0f} MB", f"Up to {MAX_FILE_BYTES >> 20} MiB are read.")
    if data[:2] in (b"PK", b"\x1f\x8b"):
        raise BadInput(f"{name} is a compressed archive, not JSON", "Unpack it and give the JSON file in it.")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON: {error}", REMEDY) from error
    questions = []
    for a, article in enumerate(_require_list(value, "data", name)):
        at_article = f"{name}: data[{a}]"
        for p, paragraph in enumerate(_require_list(article, "paragraphs", at_article)):
            at = f"{at_article}.paragraphs[{p}]"
            passage = _require_text(paragraph, "context", at)
            for q, qa in enumerate(_require_list(paragraph, "qas", at)):
                questions.append(_parse_question(qa, passage, f"{at}.qas[{q}]"))
    if not questions:
        raise BadInput(f"{name} holds no question", REMEDY)
    seen = Counter(question.id for question in questions)
    if (twice := seen.most_common(1)[0])[1] > 1:
        raise BadInput(f"{name}: the id {twice[0]!r} stands {twice[1]} times", "Every question needs an id of its own.")
    return questions


def _parse_question(qa: Any, passage: str, at: str) -> Question:
    answers = _require_list(qa, "answers", at)
    if not answers:
        raise BadInput(f"{at} has no answer", "SQuAD 2.0's unanswerable questions are not taken: use a v1.1 file.")
    texts, starts = [], []
    for n, answer in enumerate(answers):
        here = f"{at}.answers[{n}]"
        text, start = _require_text(answer, "text", here), answer.get("answer_start")
        if not isinstance(start, int) or isinstance(start, bool):
            raise BadInput(f"{here}.answer_start is {start!r}", REMEDY)
        if not 0 <= start <= len(passage) - len(text):
            raise BadInput(
                f"{here}.answer_start is {start}, and the passage has {len(passage)} characters",
                "Offsets count characters of the passage, from 0.",
            )
        if passage[start : start + len(text)] != text:
            raise BadInput(
                f"{here}: at {start} the passage says {passage[start : start + len(text)]!r}, not {text!r}",
                "Offsets count characters (not bytes) of the passage, from 0.",
            )
        texts.append(text)
        starts.append(start)
    return Question(
        _require_text(qa, "id", at), _require_text(qa, "question", at), passage, tuple(texts), tuple(starts)
    )


def _require_list(value: Any, key: str, at: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise BadInput(f"{at} has no list {key!r}", REMEDY)
    return found


def _require_text(value: Any, key: str, at: str) -> str:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise BadInput(f"{at} has no text {key!r}", REMEDY)
    return found


def digest_questions(questions: Iterable[Question]) -> str:
    """SHA-256 over questions, passages and answers."""
    return hashlib.sha256(repr(list(questions)).encode()).hexdigest()


_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = set(string.punctuation)


def normalize_answer(text: str) -> str:
    """Lower case, without punctuation and articles, one space between words: normalize_answer of the script."""
    text = "".join(character for character in text.lower() if character not in _PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(answer: str, truth: str) -> float:
    """1 where both are the same but for case, punctuation, articles and white space."""
    return float(normalize_answer(answer) == normalize_answer(truth))


def f1_score(answer: str, truth: str) -> float:
    """Harmonic mean of precision and recall over the words that both have, 0 to 1."""
    words, true_words = normalize_answer(answer).split(), normalize_answer(truth).split()
    common = sum((Counter(words) & Counter(true_words)).values())
    if not common:
        return 0.0
    precision, recall = common / len(words), common / len(true_words)
    return 2 * precision * recall / (precision + recall)


@dataclass(frozen=True, slots=True)
class Score:
    """Mean over the questions, in percent, each question by the best of its true answers."""

    exact_match: float
    f1: float
    questions: int


def score_answers(questions: Iterable[Question], answers: Mapping[str, str]) -> Score:
    """Exact match and F1 of `answers` (question id to text); a question without one counts 0."""
    exact, total, count = 0.0, 0.0, 0
    for question in questions:
        count += 1
        given = answers.get(question.id, "")
        exact += max(exact_match(given, truth) for truth in question.answers)
        total += max(f1_score(given, truth) for truth in question.answers)
    if not count:
        raise ValueError("no questions to score")
    return Score(100 * exact / count, 100 * total / count, count)
