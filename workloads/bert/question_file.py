"""Reads files of questions about passages: SQuAD 1.1 and 2.0, JSON lines, and rows of the library `datasets`.

Sound questions are used, and the others are listed with the reason. See `question_layouts` for the layouts.

Source: Rajpurkar et al. 2016 and 2018, and https://huggingface.co/datasets/rajpurkar/squad.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bench.formatting import format_count
from bench.stats.significance import MIN_OBSERVATIONS
from bench.workload.file_summary import UPLOAD_PREFIX, FileSummary, find_upload, find_upload_name
from bench.workload.interface import BadInput
from workloads import ROOT
from workloads.bert.question_entries import UNANSWERABLE, LeftOut, parse_entry
from workloads.bert.question_layouts import LAYOUT_REMEDY, check_format, list_entries
from workloads.bert.scripts import find_language_without_spaces
from workloads.bert.squad import Question

DATA_FOLDER = ROOT / "assets" / "data"
EVALUATION_FILE = DATA_FOLDER / "fairlap-qa-evaluation.json"
CALIBRATION_FILE = DATA_FOLDER / "fairlap-qa-calibration.json"
SHIPPED_SET = "shipped"
"""The name that a plan uses for `EVALUATION_FILE`."""
MAX_FILE_BYTES = 64 * 1024**2
MAX_LISTED = 10
"""Number of questions that are left out and listed with their reason."""
OFFSET_REMEDY = (
    "Count offsets in characters of the passage, from 0: code points, neither bytes nor the UTF-16 units of JavaScript "
    "and Java."
)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of a file."""

    name: str
    questions: list[Question]
    """Those that can be used, in the order of the file; at least one."""
    left_out: list[LeftOut]
    """The others, in the order of the file."""

    @property
    def passage_count(self) -> int:
        return len({question.passage for question in self.questions})

    @property
    def language(self) -> str:
        """The language if its script has no spaces between words, such as `Chinese`; else empty."""
        return find_language_without_spaces(answer for question in self.questions for answer in question.answers)

    def describe(self) -> str:
        """How many questions are used: `420 questions about 35 passages; 5 of 425 left out`."""
        text = f"{format_count(len(self.questions), 'question')} about {format_count(self.passage_count, 'passage')}"
        if count := sum(not entry.is_answer for entry in self.left_out):
            text += f"; {count:,} of {len(self.questions) + count:,} left out"
        return text

    def list_left_out(self) -> list[str]:
        """What is left out, with the reason: the number of unanswerable questions, and the first of the others."""
        unanswerable = [entry for entry in self.left_out if entry.reason == UNANSWERABLE]
        others = [entry for entry in self.left_out if entry.reason != UNANSWERABLE]
        texts = [f"Left out: {entry}." for entry in others[:MAX_LISTED]]
        if len(others) > MAX_LISTED:
            texts.append(f"Left out: {len(others) - MAX_LISTED:,} more.")
        if unanswerable:
            count = format_count(len(unanswerable), "question")
            texts.append(f"Left out: {count} without an answer in the passage (SQuAD 2.0).")
        return texts


def load_question_set(name: str, uploads: Path) -> QuestionSet:
    """Return the questions of the set `name`.

    `name` is `shipped`, a path, or `upload:` followed by the SHA-256 of a file in the folder `uploads`. Raises BadInput
    if there is no such file, or if none of its questions can be used.
    """
    if name == SHIPPED_SET:
        return read_question_set(EVALUATION_FILE)
    if name.startswith(UPLOAD_PREFIX):
        file = find_upload(uploads, name)
        if not file.is_file():
            raise BadInput("the uploaded file is not on this machine", "Upload it again.")
        return read_question_set(file, find_upload_name(file))
    return read_question_set(Path(name).expanduser())


def load_questions(name: str, uploads: Path) -> list[Question]:
    """Return the questions of `load_question_set` alone."""
    return load_question_set(name, uploads).questions


def check(file: Path, name: str = "") -> FileSummary:
    """Describe the content of a file of questions, called `name`. Raises BadInput as `read_question_set` does."""
    read = parse_question_set(file.read_bytes(), name or "the file")
    notes = read.list_left_out()
    if read.language:
        notes.append(
            f"The answers are in {read.language}, which has no spaces between words. F1 splits at spaces, so an answer "
            "counts as one word."
        )
    if (count := len(read.questions)) < MIN_OBSERVATIONS:
        notes.append(
            f"Only {format_count(count, 'question')}, and an accuracy needs at least {MIN_OBSERVATIONS}: a race makes "
            "no claim."
        )
    return FileSummary(text=read.describe(), notes=notes)


def read_question_set(file: Path, name: str = "") -> QuestionSet:
    """Return the questions of a file, called `name` in messages. Raises BadInput that says where the file is wrong."""
    if file.is_dir():
        raise BadInput(f"{file} is a folder", "Choose the file of questions in it.")
    if file.exists() and not file.is_file():
        raise BadInput(f"{file} is a device, a pipe or a socket", "Save the questions in a file.")
    if not file.is_file():
        raise BadInput(f"there is no file {file}", LAYOUT_REMEDY)
    name = name or file.name
    _check_size(name, file.stat().st_size)
    return parse_question_set(file.read_bytes(), name)


def read_questions(file: Path) -> list[Question]:
    """Return the questions of `read_question_set` alone."""
    return read_question_set(file).questions


def parse_question_set(data: bytes, name: str = "the file") -> QuestionSet:
    """Return the questions of a file with the content `data`; `name` names it in messages."""
    _check_size(name, len(data))
    check_format(data, name)
    questions: dict[str, Question] = {}
    left_out: list[LeftOut] = []
    for place, entry in list_entries(data, name, left_out):
        for where, question in parse_entry(entry, place, left_out):
            if question.id in questions:
                left_out.append(LeftOut(where, "another question before it has the same id", question.id))
            else:
                questions[question.id] = question
    if not questions:
        _raise_no_question(name, left_out)
    return QuestionSet(name, list(questions.values()), left_out)


def _raise_no_question(name: str, left_out: list[LeftOut]) -> None:
    if not left_out:
        raise BadInput(f"{name} holds no question", LAYOUT_REMEDY)
    if all(entry.reason == UNANSWERABLE for entry in left_out):
        raise BadInput(
            f"none of the {format_count(len(left_out), 'question')} of {name} has an answer in its passage",
            "Use a file with answerable questions: F1 compares answers.",
        )
    more = f" (and {len(left_out) - 1:,} more)" if len(left_out) > 1 else ""
    # Other faults of answer_start, such as a missing one, are not about how characters are counted.
    is_offset = re.search(r"answer_start is -?\d+, but|^the passage has ", left_out[0].reason)
    raise BadInput(
        f"no question of {name} can be used; {left_out[0]}{more}", OFFSET_REMEDY if is_offset else LAYOUT_REMEDY
    )


def _check_size(name: str, size_bytes: int) -> None:
    if size_bytes > MAX_FILE_BYTES:
        raise BadInput(f"{name} has {size_bytes / 1e6:.0f} MB", f"Use a file of at most {MAX_FILE_BYTES >> 20} MiB.")
