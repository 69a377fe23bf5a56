"""From questions and passages to windows of word pieces, and from logits back to answers.

Long passages are read in overlapping windows, and answers are searched among the best starts and ends, as in
run_squad.py of Devlin et al. 2018.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tokenizers

from bench.workload.interface import BadInput
from workloads.bert.inference.answer_search import Answer, extend_over_marks, find_best_spans, rank_answers
from workloads.bert.model.architecture import Config
from workloads.bert.model.casing import Casing
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.model.checkpoint_files import DOWNLOAD_REMEDY
from workloads.bert.squad import Question

MAX_QUESTION_PIECES = 64
"""Word pieces of a question that are read, as in run_squad.py; the rest is ignored."""
SPECIAL_PIECES = ("[CLS]", "[SEP]")
"""The word pieces that begin a window and end its parts."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON and Python allow lone surrogates in texts; UTF-8, and therefore the tokenizer, does not."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The inputs of the model, int32 arrays of shape (windows, length), and where each piece is in its passage."""

    input_ids: np.ndarray
    attention_mask: np.ndarray
    token_type_ids: np.ndarray
    query: np.ndarray
    """int64 of shape (windows,): index of the query that each window belongs to."""
    spans: np.ndarray
    """int64 of shape (windows, length, 2): the first character of each piece in its passage, and the character after
    its last; -1 for pieces that are not of the passage."""
    central: np.ndarray
    """bool of shape (windows, length): whether no other window of the query has more passage around the piece."""

    def __len__(self) -> int:
        return len(self.input_ids)

    def __getitem__(self, rows: slice | np.ndarray) -> Windows:
        """Return some of the windows, in the order of `rows`."""
        return Windows(
            self.input_ids[rows],
            self.attention_mask[rows],
            self.token_type_ids[rows],
            self.query[rows],
            self.spans[rows],
            self.central[rows],
        )

    def feed(self, rows: slice | np.ndarray = slice(None)) -> dict[str, np.ndarray]:
        """Return the inputs of some windows, or of all, by the names of `forward.INPUT_NAMES`."""
        return {
            "input_ids": self.input_ids[rows],
            "attention_mask": self.attention_mask[rows],
            "token_type_ids": self.token_type_ids[rows],
        }


@dataclass(frozen=True, slots=True)
class _TokenizedPassage:
    """The word pieces of a passage."""

    ids: np.ndarray
    """int32 of shape (pieces,)."""
    offsets: np.ndarray
    """int64 of shape (pieces, 2): the first character of each piece, and the character after its last."""


@dataclass(frozen=True, slots=True)
class _Section:
    """The content of one window: a question, and the pieces `first` to `last - 1` of a passage."""

    query: int
    question_ids: list[int]
    passage: _TokenizedPassage
    first: int
    last: int


class WindowTokenizer:
    """Makes windows with the vocabulary of a checkpoint, and finds the answers that the model marks in them.

    Raises BadInput if the vocabulary cannot be read or does not belong to the model.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.tokenizer = load_tokenizer(checkpoint.vocabulary, checkpoint.casing, checkpoint.config)
        self.cls_id, self.sep_id = (_find_id(self.tokenizer, piece, checkpoint.vocabulary) for piece in SPECIAL_PIECES)
        count, model_count = self.tokenizer.get_vocab_size(), checkpoint.config.vocab_size
        self.shortage = f"vocabulary of {count:,} of {model_count:,} word pieces" if count < model_count else ""
        """Says that the model knows word pieces that the vocabulary does not name; empty if it names all."""

    def make_windows(
        self, questions: Sequence[str], passages: Sequence[str], length: int, stride: int | None = None
    ) -> Windows:
        """Return all windows of `length` pieces, in the order of the queries.

        `stride` is the number of pieces between the starts of consecutive windows of a passage (the doc stride). The
        default, and the maximum, is half of the pieces of the passage that a window holds. Raises BadInput if a
        question or a passage is empty or cannot be encoded as UTF-8.
        """
        for number, (question, passage) in enumerate(zip(questions, passages, strict=True), 1):
            _check_text("question", number, question)
            _check_text("passage", number, passage)
        encoded_questions = self.tokenizer.encode_batch(list(questions), add_special_tokens=False)
        # Many questions share a passage: tokenize each passage once. An encoding copies its lists on every access, so
        # they are converted to arrays once.
        distinct = list(dict.fromkeys(passages))
        encodings = self.tokenizer.encode_batch(distinct, add_special_tokens=False)
        tokenized = {
            passage: _TokenizedPassage(
                np.array(encoding.ids, np.int32), np.array(encoding.offsets, np.int64).reshape(-1, 2)
            )
            for passage, encoding in zip(distinct, encodings, strict=True)
        }
        sections: list[_Section] = []
        for query, (encoding, text) in enumerate(zip(encoded_questions, passages, strict=True)):
            question_ids = encoding.ids[: min(MAX_QUESTION_PIECES, length // 2)]
            passage = tokenized[text]
            if not question_ids or not len(passage.ids):
                kind = "passage" if question_ids else "question"
                raise BadInput(f"{kind} {query + 1} has no readable character", f"Write a {kind} in words.")
            # [CLS] question [SEP] passage [SEP]
            capacity = length - len(question_ids) - 3
            step = min(stride or capacity, max(1, capacity // 2))
            first = 0
            while True:
                last = min(first + capacity, len(passage.ids))
                sections.append(_Section(query, question_ids, passage, first, last))
                if last == len(passage.ids):
                    break
                first += step
        return self._assemble(sections, length)

    def make_question_windows(self, questions: Sequence[Question], length: int) -> Windows:
        """Return the windows of questions about passages; see `make_windows`."""
        return self.make_windows(
            [question.question for question in questions], [question.passage for question in questions], length
        )

    def _assemble(self, sections: list[_Section], length: int) -> Windows:
        count = len(sections)
        input_ids, mask, types = (np.zeros((count, length), np.int32) for _ in range(3))
        spans = np.full((count, length, 2), -1, np.int64)
        central = np.zeros((count, length), bool)
        query = np.fromiter((section.query for section in sections), np.int64, count)
        for row, section in enumerate(sections):
            first, last = section.first, section.last
            begin = len(section.question_ids) + 2
            end = begin + last - first
            input_ids[row, 0] = self.cls_id
            input_ids[row, 1 : begin - 1] = section.question_ids
            input_ids[row, begin - 1] = self.sep_id
            input_ids[row, begin:end] = section.passage.ids[first:last]
            input_ids[row, end] = self.sep_id
            mask[row, : end + 1] = 1
            types[row, begin : end + 1] = 1
            spans[row, begin:end] = section.passage.offsets[first:last]
            central[row, begin:end] = _find_central_pieces(sections, row)
        return Windows(input_ids, mask, types, query, spans, central)

    def find_answers(
        self, windows: Windows, start: np.ndarray, end: np.ndarray, passages: Sequence[str]
    ) -> list[list[Answer]]:
        """Return the answers of each query, best first, from the logits of start and end, each (windows, length)."""
        scores: list[dict[tuple[int, int], float]] = [{} for _ in passages]
        for row, query in enumerate(map(int, windows.query)):
            spans = windows.spans[row]
            for first, last, score in find_best_spans(start[row], end[row], spans, windows.central[row]):
                span = int(spans[first, 0]), extend_over_marks(passages[query], int(spans[last, 1]))
                # Several windows may hold the same span.
                scores[query][span] = max(score, scores[query].get(span, -np.inf))
        return [rank_answers(by_span, passage) for by_span, passage in zip(scores, passages, strict=True)]


def load_tokenizer(file: Path, casing: Casing, config: Config) -> tokenizers.Tokenizer:
    """Return the tokenizer with the vocabulary `file` of a model of the shape `config`.

    Raises BadInput if the vocabulary cannot be read or does not belong to the model.
    """
    tokenizer = _read_tokenizer(file, casing)
    if (size := tokenizer.get_vocab_size()) > config.vocab_size:
        raise BadInput(
            f"{file} has {size} word pieces, but the model has only {config.vocab_size}",
            "Use a vocabulary and weights of the same model.",
        )
    for piece in SPECIAL_PIECES:
        _find_id(tokenizer, piece, file)
    return tokenizer


def _find_id(tokenizer: tokenizers.Tokenizer, piece: str, file: Path) -> int:
    piece_id = tokenizer.token_to_id(piece)
    if piece_id is None:
        raise BadInput(f"{file} has no word piece {piece}", "Use the vocabulary of a BERT.")
    return piece_id


def _read_tokenizer(file: Path, casing: Casing) -> tokenizers.Tokenizer:
    try:
        if file.suffix == ".json":
            tokenizer = tokenizers.Tokenizer.from_file(str(file))
        else:
            # BertWordPieceTokenizer wraps a Tokenizer, but gives no access to it: copy it through its JSON form.
            wrapper = tokenizers.BertWordPieceTokenizer(
                str(file),
                handle_chinese_chars=casing.split_chinese,
                strip_accents=casing.strip_accents,
                lowercase=casing.lowercase,
            )
            tokenizer = tokenizers.Tokenizer.from_str(wrapper.to_str())
    # The library raises bare Exception for whatever is wrong with a file.
    except Exception as error:
        raise BadInput(f"{file} is not a valid vocabulary: {error}", DOWNLOAD_REMEDY) from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _check_text(kind: str, number: int, text: str) -> None:
    if not text.strip():
        raise BadInput(f"{kind} {number} is empty", f"Write a {kind}.")
    if surrogate := _LONE_SURROGATE.search(text):
        raise BadInput(
            f"{kind} {number} has half a character at position {surrogate.start()} ({surrogate[0]!a})",
            "Type or copy the text again.",
        )


def _find_central_pieces(sections: list[_Section], row: int) -> np.ndarray:
    """Return which passage pieces of a window have more passage around them than in any other window of the query.

    bool of shape (pieces,). run_squad.py calls this the maximal context of a piece; ties go to the earlier window.
    """
    section = sections[row]
    pieces = np.arange(section.first, section.last)

    def context(begin: int, end: int) -> np.ndarray:
        """The pieces on the shorter side, plus a little for the length of the window; -inf outside the window."""
        around = np.minimum(pieces - begin, end - 1 - pieces) + 0.01 * (end - begin)
        return np.where((pieces >= begin) & (pieces < end), around, -np.inf)

    here = context(section.first, section.last)
    central = np.ones(len(pieces), bool)
    for step in (-1, 1):
        index = row + step
        while 0 <= index < len(sections):
            other = sections[index]
            if other.query != section.query or other.first >= section.last or other.last <= section.first:
                break
            there = context(other.first, other.last)
            central &= (here > there) | ((here == there) & (step > 0))
            index += step
    return central
