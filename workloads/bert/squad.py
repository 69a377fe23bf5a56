"""Reads and checks SQuAD v1.1 files, and scores answers with the metric of the official script, evaluate-v1.1.py.

Source: Rajpurkar et al. 2016, "SQuAD: 100,000+ Questions for Machine Comprehension of Text".
"""

from __future__ import annotations

import hashlib
import json
import re
import string
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.workload.interface import BadInput
from workloads import ROOT

DATA_FOLDER = ROOT / "assets" / "data"
EVALUATION_FILE = DATA_FOLDER / "fairlap-qa-evaluation.json"
CALIBRATION_FILE = DATA_FOLDER / "fairlap-qa-calibration.json"
SHIPPED_SET = "shipped"
"""The name that a plan uses for `EVALUATION_FILE`."""
MAX_FILE_BYTES = 64 * 1024**2
LAYOUT_REMEDY = (
    "Use a file in the SQuAD v1.1 layout: "
    "data[].paragraphs[].{context, qas[].{id, question, answers[].{text, answer_start}}}."
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a passage, with its true answers as spans of the passage."""

    id: str
    question: str
    passage: str
    answers: tuple[str, ...]
    starts: tuple[int, ...]
    """The first character of each answer in the passage."""


def load_questions(name: str, uploads: Path) -> list[Question]:
    """Return the questions of the set `name`.

    `name` is `shipped`, a path, or `upload:` followed by the SHA-256 of a file in the folder `uploads`. Raises BadInput
    if there is no such file or it is not a SQuAD v1.1 file.
    """
    if name == SHIPPED_SET:
        return read_questions(EVALUATION_FILE)
    if name.startswith("upload:"):
        file = uploads / Path(name.removeprefix("upload:")).name
        if not file.is_file():
            raise BadInput("the uploaded file is not on this machine", "Upload it again.")
        return read_questions(file)
    return read_questions(Path(name).expanduser())


def check(file: Path) -> str:
    """Describe the content of a SQuAD v1.1 file in words. Raises BadInput as `read_questions` does."""
    questions = parse_questions(file.read_bytes())
    passages = {question.passage for question in questions}
    return f"{len(questions):,} questions about {len(passages):,} passages"


def read_questions(file: Path) -> list[Question]:
    """Return every question of a SQuAD v1.1 file, in its order. Raises BadInput that says where the file is wrong."""
    if not file.is_file():
        raise BadInput(f"there is no file {file}", LAYOUT_REMEDY)
    _check_size(file.name, file.stat().st_size)
    return parse_questions(file.read_bytes(), file.name)


def parse_questions(data: bytes, name: str = "the file") -> list[Question]:
    """Return every question of a SQuAD v1.1 file with the content `data`; `name` names it in messages."""
    _check_size(name, len(data))
    if data[:2] in (b"PK", b"\x1f\x8b"):
        raise BadInput(f"{name} is a compressed archive, not JSON", "Unpack it and use the JSON file in it.")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{name} is not JSON: {error}", LAYOUT_REMEDY) from error
    questions = []
    for a, article in enumerate(_require_list(value, "data", name)):
        article_path = f"{name}: data[{a}]"
        for p, paragraph in enumerate(_require_list(article, "paragraphs", article_path)):
            path = f"{article_path}.paragraphs[{p}]"
            passage = _require_text(paragraph, "context", path)
            for q, qa in enumerate(_require_list(paragraph, "qas", path)):
                questions.append(_parse_question(qa, passage, f"{path}.qas[{q}]"))
    if not questions:
        raise BadInput(f"{name} holds no question", LAYOUT_REMEDY)
    [(question_id, count)] = Counter(question.id for question in questions).most_common(1)
    if count > 1:
        raise BadInput(f"{name}: {count} questions have the id {question_id!r}", "Give every question its own id.")
    return questions


def _check_size(name: str, size_bytes: int) -> None:
    if size_bytes > MAX_FILE_BYTES:
        raise BadInput(f"{name} has {size_bytes / 1e6:.0f} MB", f"Use a file of at most {MAX_FILE_BYTES >> 20} MiB.")


def _parse_question(qa: Any, passage: str, path: str) -> Question:
    answers = _require_list(qa, "answers", path)
    if not answers:
        raise BadInput(
            f"{path} has no answer", "Use a v1.1 file: SQuAD 2.0's unanswerable questions are not supported."
        )
    texts, starts = [], []
    for n, answer in enumerate(answers):
        answer_path = f"{path}.answers[{n}]"
        text, start = _require_text(answer, "text", answer_path), answer.get("answer_start")
        if not isinstance(start, int) or isinstance(start, bool):
            raise BadInput(f"{answer_path}.answer_start is {start!r}, not an integer", LAYOUT_REMEDY)
        if not 0 <= start <= len(passage) - len(text):
            raise BadInput(
                f"{answer_path}.answer_start is {start}, but the passage has {len(passage)} characters",
                "Count offsets in characters of the passage, from 0.",
            )
        if (actual := passage[start : start + len(text)]) != text:
            raise BadInput(
                f"{answer_path}: the passage has {actual!r} at {start}, not {text!r}",
                "Count offsets in characters (not bytes) of the passage, from 0.",
            )
        texts.append(text)
        starts.append(start)
    return Question(
        _require_text(qa, "id", path), _require_text(qa, "question", path), passage, tuple(texts), tuple(starts)
    )


def _require_list(value: Any, key: str, path: str) -> list[Any]:
    items = value.get(key) if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise BadInput(f"{path} has no list {key!r}", LAYOUT_REMEDY)
    return items


def _require_text(value: Any, key: str, path: str) -> str:
    text = value.get(key) if isinstance(value, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise BadInput(f"{path} has no text {key!r}", LAYOUT_REMEDY)
    return text


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
