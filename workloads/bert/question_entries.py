"""Checks the questions of a file: every answer must be in its passage, at the place that the file names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.formatting import format_count
from workloads.bert.squad import Question

UNANSWERABLE = "it has no answer in the passage (SQuAD 2.0)"
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character: JSON allows it in a text, for example where a text was cut. No file in UTF-8 can hold it."""
MAX_DIGITS = 10
"""Length of an offset as text; no passage has as many characters."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A question, or a larger part of a file, that cannot be used."""

    place: str
    """Where it is in the file, such as `data[0].paragraphs[2].qas[1]` or `line 7`."""
    reason: str
    question_id: str = ""
    """Empty if it is not known."""
    is_answer: bool = False
    """Whether only an answer is left out, and the question is used with its other ones."""

    def __str__(self) -> str:
        name = f"question {self.question_id!r} ({self.place})" if self.question_id else self.place
        return f"{name}: {self.reason}"


class _UnusableEntry(ValueError):
    """A part of a file cannot be used. The text says why."""

    def __init__(self, reason: str, question_id: str = "") -> None:
        super().__init__(reason)
        self.question_id = question_id


def parse_entry(entry: Any, place: str, left_out: list[LeftOut]) -> Iterator[tuple[str, Question]]:
    """Yield the place and the content of every sound question in an article, a paragraph or a row."""
    try:
        if isinstance(entry, dict) and "qas" in entry:
            yield from _parse_paragraph(entry, place, left_out)
        elif isinstance(entry, dict) and "question" in entry:
            yield place, _parse_question(entry, _require_text(entry, "context"), place, left_out)
        else:
            for number, paragraph in enumerate(_require_list(entry, "paragraphs")):
                yield from _parse_article_paragraph(paragraph, f"{place}.paragraphs[{number}]", left_out)
    except _UnusableEntry as error:
        left_out.append(LeftOut(place, str(error), error.question_id))


def _parse_article_paragraph(paragraph: Any, place: str, left_out: list[LeftOut]) -> Iterator[tuple[str, Question]]:
    try:
        yield from _parse_paragraph(paragraph, place, left_out)
    except _UnusableEntry as error:
        left_out.append(LeftOut(place, str(error), error.question_id))


def _parse_paragraph(paragraph: Any, place: str, left_out: list[LeftOut]) -> Iterator[tuple[str, Question]]:
    passage = _require_text(paragraph, "context")
    for number, qa in enumerate(_require_list(paragraph, "qas")):
        where = f"{place}.qas[{number}]"
        try:
            yield where, _parse_question(qa, passage, where, left_out)
        except _UnusableEntry as error:
            left_out.append(LeftOut(where, str(error), error.question_id))


def _parse_question(qa: Any, passage: str, place: str, left_out: list[LeftOut]) -> Question:
    """The question `qa` about `passage`, without its wrong answers. Its place is its id if it has none. Raises
    _UnusableEntry."""
    question_id = _read_id(qa, place)
    try:
        if _is_impossible(qa):
            raise _UnusableEntry(UNANSWERABLE)
        sound, wrong = _parse_answers(_list_answers(qa), passage)
        texts, starts = zip(*sound, strict=True)
        required_id, text = _require_text({"id": question_id}, "id"), _require_text(qa, "question")
        left_out += [LeftOut(place, f"one of its answers: {reason}", question_id, is_answer=True) for reason in wrong]
        return Question(required_id, text, passage, texts, starts)
    except _UnusableEntry as error:
        raise _UnusableEntry(str(error), question_id) from error


def _is_impossible(qa: Any) -> bool:
    """Whether a question is marked as one without an answer. Raises _UnusableEntry if the mark is not clear."""
    value = qa.get("is_impossible") if isinstance(qa, dict) else None
    mark = value.strip().lower() if isinstance(value, str) else value
    # 1 and 1.0 equal True.
    if mark in (True, "true", "1", "yes"):
        return True
    if mark in (None, False, "", "false", "0", "no"):
        return False
    raise _UnusableEntry(f"is_impossible is {value!r}, not true or false")


def _read_id(qa: Any, place: str) -> str:
    """The id of a question as text; some data sets number their questions. `place` if there is none, and empty if there
    is one of another type."""
    value = qa.get("id", place) if isinstance(qa, dict) else None
    if value in (None, "") and isinstance(qa, dict):
        return place
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value if isinstance(value, str) else ""


def _list_answers(qa: Any) -> list[Any]:
    """The answers as a list of `{text, answer_start}`, of either layout."""
    answers = qa.get("answers") if isinstance(qa, dict) else None
    if not isinstance(answers, dict):
        return _require_list(qa, "answers")
    texts, starts = _require_list(answers, "text"), _require_list(answers, "answer_start")
    if len(texts) != len(starts):
        raise _UnusableEntry(
            f"it has {format_count(len(texts), 'answer')} and {format_count(len(starts), 'value')} of answer_start"
        )
    return [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]


def _parse_answers(answers: list[Any], passage: str) -> tuple[list[tuple[str, int]], list[str]]:
    """The text of every sound answer with its first character in the passage, at least one, and what is wrong with each
    of the others. Empty answers mean that there is none. Raises _UnusableEntry.
    """
    sound: list[tuple[str, int]] = []
    wrong: list[str] = []
    for answer in answers:
        if isinstance(answer, dict) and answer.get("text") == "" and answer.get("answer_start") in (-1, None):
            continue
        try:
            sound.append(_parse_answer(answer, passage))
        except _UnusableEntry as error:
            wrong.append(str(error))
    if not sound:
        raise _UnusableEntry(wrong[0] if wrong else UNANSWERABLE)
    return sound, wrong


def _parse_answer(answer: Any, passage: str) -> tuple[str, int]:
    """The text of an answer, and its first character in the passage."""
    text, start = _require_text(answer, "text"), _parse_start(answer.get("answer_start"))
    if not 0 <= start <= len(passage) - len(text):
        raise _UnusableEntry(f"answer_start is {start}, but the passage has {len(passage)} characters")
    if (actual := passage[start : start + len(text)]) != text:
        raise _UnusableEntry(f"the passage has {actual!r} at {start}, not {text!r}")
    return text, start


def _parse_start(value: Any) -> int:
    """An offset; tables with missing values have 25.0 or "25". Raises _UnusableEntry."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < MAX_DIGITS:
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _UnusableEntry(f"answer_start is {value!r}, not an integer")
    return value


def _require_list(value: Any, key: str) -> list[Any]:
    items = value.get(key) if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise _UnusableEntry(f"it has no list {key!r}")
    return items


def _require_text(value: Any, key: str) -> str:
    text = value.get(key) if isinstance(value, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise _UnusableEntry(f"it has no text {key!r}")
    if half := LONE_SURROGATE.search(text):
        raise _UnusableEntry(f"its text {key!r} has half of a character, {half[0]!r}")
    return text
