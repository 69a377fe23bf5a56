"""From questions and passages to windows of word pieces, and from logits back to the words of an answer.

Long passages are read in overlapping windows and answers searched among the best starts and ends, as in run_squad.py of
Devlin et al. 2018.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tokenizers

from bench.workload.interface import BadInput
from workloads.bert.inference.answer_search import Answer, extend_over_marks, find_best_spans, rank_answers
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.squad import Question

MAX_QUESTION_PIECES = 64
"""Word pieces of a question that are read, as in run_squad.py."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON and Python have them in texts, UTF-8 and so the tokenizer has not."""


@dataclass(frozen=True, slots=True)
class Windows:
    """What the model reads: int32 arrays of shape (windows, length), and where each piece stands in its passage."""

    input_ids: np.ndarray
    attention_mask: np.ndarray
    token_type_ids: np.ndarray
    query: np.ndarray
    """(windows,): which query each window belongs to."""
    spans: np.ndarray
    """(windows, length, 2): first character of each piece in its passage and the one after its last; -1 outside it."""
    central: np.ndarray
    """(windows, length): is this the window in which the piece has most passage around it?"""

    def __len__(self) -> int:
        return len(self.input_ids)

    def feed(self, rows: slice | np.ndarray = slice(None)) -> dict[str, np.ndarray]:
        """Input name to array, of some rows or of all."""
        return {
            "input_ids": self.input_ids[rows],
            "attention_mask": self.attention_mask[rows],
            "token_type_ids": self.token_type_ids[rows],
        }


@dataclass(frozen=True, slots=True)
class _TokenizedPassage:
    """A passage in word pieces."""

    ids: np.ndarray
    offsets: np.ndarray
    """(pieces, 2): first character of each piece and the one after its last."""


_WindowPart = tuple[int, list[int], _TokenizedPassage, int, int]
"""A window: its query, the question's pieces, its passage, and the first piece of that and the one after the last."""


class WindowTokenizer:
    """Word pieces of one vocabulary."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        file = checkpoint.vocabulary
        try:
            if file.suffix == ".json":
                self.pieces = tokenizers.Tokenizer.from_file(str(file))
            else:
                self.pieces = tokenizers.BertWordPieceTokenizer(str(file), lowercase=checkpoint.lowercase)._tokenizer
        # The library raises bare Exception for whatever is wrong with a file.
        except Exception as error:
            raise BadInput(f"{file} is no vocabulary: {error}", "Fetch the checkpoint again.") from error
        self.pieces.no_padding()
        self.pieces.no_truncation()
        size, allowed = self.pieces.get_vocab_size(), checkpoint.config.vocab_size
        if size > allowed:
            raise BadInput(
                f"{file} has {size} word pieces, and the model {allowed}",
                "Vocabulary and weights must belong together.",
            )
        self.begin, self.end = (self._special(piece, file) for piece in ("[CLS]", "[SEP]"))

    def _special(self, piece: str, file: Any) -> int:
        found = self.pieces.token_to_id(piece)
        if found is None:
            raise BadInput(f"{file} has no piece {piece}", "Take the vocabulary of a BERT.")
        return found

    def windows(
        self, questions: Sequence[str], passages: Sequence[str], length: int, step: int | None = None
    ) -> Windows:
        """All windows of `length` pieces, in the order of the queries.

        `step` (the doc stride) is how many pieces of the passage lie between the starts of two windows: at most, and by
        default, half of what a window holds. Raises BadInput for an empty question or passage.
        """
        for place, (question, passage) in enumerate(zip(questions, passages, strict=True), 1):
            for what, text in (("question", question), ("passage", passage)):
                if not text.strip():
                    raise BadInput(f"{what} {place} is empty", f"Write a {what}.")
                if half := _LONE_SURROGATE.search(text):
                    raise BadInput(
                        f"{what} {place} has half a character at {half.start()} ({half[0]!a})", "Type or copy it again."
                    )
        asked = self.pieces.encode_batch(list(questions), add_special_tokens=False)
        # Many questions share a passage; each passage is read once.
        distinct = list(dict.fromkeys(passages))
        encodings = self.pieces.encode_batch(distinct, add_special_tokens=False)
        # An encoding copies its lists whenever they are looked at.
        read = {
            passage: _TokenizedPassage(np.array(made.ids, np.int32), np.array(made.offsets, np.int64).reshape(-1, 2))
            for passage, made in zip(distinct, encodings, strict=True)
        }
        parts: list[_WindowPart] = []
        for query, (encoding, passage) in enumerate(zip(asked, passages, strict=True)):
            pieces = encoding.ids[: min(MAX_QUESTION_PIECES, length // 2)]
            text = read[passage]
            if not pieces or not len(text.ids):
                what = "passage" if pieces else "question"
                raise BadInput(f"{what} {query + 1} has no readable character", f"Write a {what} in words.")
            room = length - len(pieces) - 3
            stride = min(step or room, max(1, room // 2))
            first = 0
            while True:
                last = min(first + room, len(text.ids))
                parts.append((query, pieces, text, first, last))
                if last == len(text.ids):
                    break
                first += stride
        return self._assembled(parts, length)

    def questions(self, questions: Sequence[Question], length: int) -> Windows:
        """The windows of questions about passages, see `windows`."""
        return self.windows([one.question for one in questions], [one.passage for one in questions], length)

    def _assembled(self, parts: list[_WindowPart], length: int) -> Windows:
        count = len(parts)
        ids, mask, types = (np.zeros((count, length), np.int32) for _ in range(3))
        spans = np.full((count, length, 2), -1, np.int64)
        central = np.zeros((count, length), bool)
        query = np.fromiter((part[0] for part in parts), np.int64, count)
        for row, (_, pieces, text, first, last) in enumerate(parts):
            begin = len(pieces) + 2
            end = begin + last - first
            ids[row, 0] = self.begin
            ids[row, 1 : begin - 1] = pieces
            ids[row, begin - 1] = self.end
            ids[row, begin:end] = text.ids[first:last]
            ids[row, end] = self.end
            mask[row, : end + 1] = 1
            types[row, begin : end + 1] = 1
            spans[row, begin:end] = text.offsets[first:last]
            central[row, begin:end] = _find_central_pieces(parts, row)
        return Windows(ids, mask, types, query, spans, central)

    def answers(
        self, windows: Windows, start: np.ndarray, end: np.ndarray, passages: Sequence[str]
    ) -> list[list[Answer]]:
        """Each query's answers, best first, from logits of shape (windows, length)."""
        found: list[dict[tuple[int, int], float]] = [{} for _ in passages]
        for row, query in enumerate(windows.query):
            for first, last, score in find_best_spans(start[row], end[row], windows.spans[row], windows.central[row]):
                place = (
                    int(windows.spans[row, first, 0]),
                    extend_over_marks(passages[query], int(windows.spans[row, last, 1])),
                )
                if score > found[query].get(place, -np.inf):
                    found[query][place] = score
        return [rank_answers(spans, passage) for spans, passage in zip(found, passages, strict=True)]


def _find_central_pieces(parts: list[_WindowPart], row: int) -> np.ndarray:
    """Which pieces of a window's passage have more passage around them here than in any other window of the query:
    the 'max context' of run_squad.py."""
    query, _, _, first, last = parts[row]
    places = np.arange(first, last)

    def context(begin: int, end: int) -> np.ndarray:
        """The smaller side counts, and a little the window's length, to settle draws; outside the window, nothing."""
        around = np.minimum(places - begin, end - 1 - places) + 0.01 * (end - begin)
        return np.where((places >= begin) & (places < end), around, -np.inf)

    mine = context(first, last)
    best = np.ones(len(places), bool)
    for step in (-1, 1):
        other = row + step
        while (
            0 <= other < len(parts) and parts[other][0] == query and parts[other][3] < last and parts[other][4] > first
        ):
            theirs = context(parts[other][3], parts[other][4])
            best &= (mine > theirs) | ((mine == theirs) & (step > 0))
            other += step
    return best
