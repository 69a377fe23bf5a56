"""Windows of word pieces over long passages, and answers as characters of the passage from logits."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("tokenizers", reason="tokenizers is not installed")

from bench.paths import ROOT
from bench.workload.interface import BadInput
from tests.support import tiny_bert
from workloads.bert.inference import answer_search, tokenization

QUESTION = "what is near the mill"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> tokenization.WindowTokenizer:
    return tokenization.WindowTokenizer(tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model")))


def make_passage(words: int) -> str:
    return tiny_bert.make_texts(1, words)[1][0]


def list_places(windows: tokenization.Windows, row: int) -> list[tuple[int, int]]:
    """Return the span of each piece of the passage in a window, in characters."""
    return [(int(first), int(last)) for first, last in windows.spans[row] if first >= 0]


# --- windows ---


@pytest.mark.parametrize("words", [1, 5, 18, 19, 40, 333])
@pytest.mark.parametrize(("length", "step"), [(24, None), (24, 1), (24, 3), (24, 8), (24, 1000), (64, None), (13, 2)])
def test_windows_cover_every_piece_of_a_passage(tokenizer, words, length, step):
    passage = make_passage(words)
    windows = tokenizer.make_windows([QUESTION], [passage], length, step)
    whole = tokenizer.tokenizer.encode(passage, add_special_tokens=False)
    ids = {place: piece for place, piece in zip(whole.offsets, whole.ids, strict=True)}
    number = {place: at for at, place in enumerate(whole.offsets)}
    room = length - 5 - 3
    stride = min(step or room, room // 2)
    firsts = []
    for row in range(len(windows)):
        found = list_places(windows, row)
        at = [number[place] for place in found]
        assert at == list(range(at[0], at[-1] + 1))
        inside = windows.spans[row, :, 0] >= 0
        assert [ids[place] for place in found] == windows.input_ids[row, inside].tolist()
        firsts.append(at[0])
        assert len(at) == room or row == len(windows) - 1
    assert {place for row in range(len(windows)) for place in list_places(windows, row)} == set(whole.offsets)
    assert firsts[0] == 0
    assert all(second - first == stride for first, second in pairwise(firsts))
    # There are no more windows than necessary.
    assert len(windows) == 1 + max(0, -(-(len(whole.ids) - room) // stride))


def test_a_window_has_question_then_passage_then_padding(tokenizer):
    windows = tokenizer.make_windows([QUESTION], ["the river"], 16)
    asked, read = (tokenizer.tokenizer.encode(text, add_special_tokens=False).ids for text in (QUESTION, "the river"))
    begin, end = tiny_bert.PIECES.index("[CLS]"), tiny_bert.PIECES.index("[SEP]")
    assert windows.input_ids.tolist() == [[begin, *asked, end, *read, end, *[0] * 6]]
    assert windows.attention_mask.tolist() == [[1] * 10 + [0] * 6]
    assert windows.token_type_ids.tolist() == [[0] * 7 + [1] * 3 + [0] * 6]
    assert {array.dtype for array in windows.feed().values()} == {np.dtype(np.int32)}
    assert windows.spans[0].tolist() == [[-1, -1]] * 7 + [[0, 3], [4, 9]] + [[-1, -1]] * 7


@pytest.mark.parametrize("step", [None, 1, 2, 3, 5])
@pytest.mark.parametrize("words", [3, 18, 30, 31, 90])
def test_a_piece_is_central_in_the_window_with_most_passage_around_it(tokenizer, words, step):
    """Compared with _check_is_max_context of run_squad.py."""
    passages = [make_passage(words), make_passage(words + 7)]
    windows = tokenizer.make_windows([QUESTION, "who"], passages, 24, step)
    for query in (0, 1):
        rows = np.flatnonzero(windows.query == query)
        held = {row: list_places(windows, row) for row in rows}
        for place in {place for found in held.values() for place in found}:
            scores = {}
            for row, found in held.items():
                if place in found:
                    left = found.index(place)
                    scores[row] = min(left, len(found) - 1 - left) + 0.01 * len(found)
            best = max(scores, key=lambda row: scores[row])
            at = {row: 24 - 1 - windows.spans[row, ::-1].tolist().index(list(place)) for row in scores}
            assert {row for row in scores if windows.central[row, at[row]]} == {best}, place
    assert not windows.central[windows.spans[:, :, 0] < 0].any()


def test_windows_are_in_the_order_of_the_queries(tokenizer):
    passages = ["the river", make_passage(60), "the river"]
    windows = tokenizer.make_windows([QUESTION, "who", QUESTION], passages, 24)
    assert windows.query.tolist() == [0] + [1] * (len(windows) - 2) + [2]
    assert np.array_equal(windows.input_ids[0], windows.input_ids[-1])
    assert [array.shape for array in windows.feed(slice(1, 3)).values()] == [(2, 24)] * 3


def test_a_long_question_is_cut_so_that_the_passage_has_room(tokenizer):
    windows = tokenizer.make_windows([make_passage(500)], ["the river"], 64)
    assert windows.token_type_ids[0].tolist().index(1) == 32 + 2
    assert list_places(windows, 0) == [(0, 3), (4, 9)]
    cut = tokenizer.make_windows([make_passage(500)], ["the river"], 256)
    assert cut.token_type_ids[0].tolist().index(1) == tokenization.MAX_QUESTION_PIECES + 2


@pytest.mark.parametrize("empty", ["", " ", "\n\t\u00a0", "\u200b", "\x00\x01", "\ufeff"])
def test_an_empty_question_or_passage_is_refused_with_its_number(tokenizer, empty):
    for what, queries in (("question", (["who", empty], ["mill"] * 2)), ("passage", (["who"] * 2, ["mill", empty]))):
        with pytest.raises(BadInput, match=rf"^{what} 2 (is empty|has no readable character)") as error:
            tokenizer.make_windows(*queries, 24)
        assert error.value.remedy == f"Write a {what}." or error.value.remedy == f"Write a {what} in words."


def test_half_a_character_is_refused(tokenizer):
    """JSON allows a lone surrogate, UTF-8 does not."""
    for queries in ((["who \udc41"], ["mill"]), (["who"], ["mill\ud83d"])):
        with pytest.raises(BadInput, match=r"half a character at position 4 \('\\u") as error:
            tokenizer.make_windows(*queries, 24)
        assert error.value.remedy


# --- from logits to spans ---


def find_spans_by_brute_force(start, end, places, central) -> list[tuple[int, int, float]]:
    """Return the best of all pairs of the best starts and ends, as write_predictions of run_squad.py."""
    inside = [at for at in range(len(start)) if places[at, 0] >= 0]
    starts = sorted(inside, key=lambda at: -start[at])[: answer_search.N_BEST]
    ends = sorted(inside, key=lambda at: -end[at])[: answer_search.N_BEST]
    found = [
        (first, last, float(start[first] + end[last]))
        for first in starts
        for last in ends
        if central[first] and first <= last < first + answer_search.MAX_ANSWER_PIECES
    ]
    return sorted(found, key=lambda span: -span[2])[: answer_search.N_BEST]


@pytest.mark.parametrize("seed", range(12))
def test_the_best_spans_are_those_of_a_brute_force_search(seed):
    random = np.random.default_rng(seed)
    length = int(random.integers(4, 120))
    first, last = sorted(random.choice(length + 1, 2, replace=False))
    places = np.full((length, 2), -1)
    places[first:last] = np.arange(first, last)[:, None]
    central = random.random(length) < 0.7
    start, end = random.standard_normal((2, length), np.float32)
    # Pieces outside the passage are never in a span, whatever their logits.
    start[:first] = end[:first] = 50
    assert answer_search.find_best_spans(start, end, places, central) == find_spans_by_brute_force(
        start, end, places, central
    )


def test_an_answer_has_at_most_thirty_pieces():
    places = np.arange(80)[:, None].repeat(2, axis=1)
    start, end = np.zeros((2, 80), np.float32)
    start[10] = end[40] = 9.0
    end[39] = 5.0
    best = answer_search.find_best_spans(start, end, places, np.ones(80, bool))
    assert best[0] == (10, 39, 14.0)
    assert all(last - first < answer_search.MAX_ANSWER_PIECES for first, last, _ in best)


def test_without_a_central_piece_there_is_no_span(tokenizer):
    places = np.zeros((10, 2), int)
    assert answer_search.find_best_spans(*np.zeros((2, 10)), places, np.zeros(10, bool)) == []
    windows = tokenizer.make_windows(["who"], ["mill"], 16)
    only_backwards = np.zeros((1, 16), np.float32)
    assert len(tokenizer.find_answers(windows, only_backwards, only_backwards, ["mill"])[0]) == 1


def find_answer(
    tokenizer: tokenization.WindowTokenizer, passage: str, first: int, last: int, length: int = 24
) -> answer_search.Answer:
    """Return the best answer if the logits clearly mark the first and the last piece of these characters."""
    windows = tokenizer.make_windows(["who"], [passage], length)
    start = np.where(windows.spans[:, :, 0] == first, 9.0, 0.0).astype(np.float32)
    begun = np.where(windows.spans[:, :, 0] < last, windows.spans[:, :, 0], -1)
    end = np.where((begun == begun.max(axis=1, keepdims=True)) & (begun >= first), 9.0, 0.0).astype(np.float32)
    return tokenizer.find_answers(windows, start, end, [passage])[0][0]


MARKED_PASSAGES = [
    "the old |stone bridge| near the mill",
    "|the| old",
    "near |the mill|",
    "The Old |Stone Bridge|, near",
    "the old ,|stone|. near",
    "in |1921|, built",
    "the |café| is old",
    "the |cafe\u0301| is old",
    "by the |cafe\u0301|",
    "old |éte\u0301 café| mill",
    "the |A\u030angstro\u0308m| mill",
    "built 📚📚 in |stone| 📚",
    "the |📚| is old",
    "the |👩‍👩‍👧| is old",
    "❤️ the |mill ❤️| old",
    "東京 |東京都| the mill",
    "the |İstanbul| mill",
    "the ẞ ß |mill| ǅ",
    "the\u00a0|old\u2003mill|\n\n is",
    "the\u200b |ri\u200bver| mill",
    "𝒜𝓑 the |mill| 𝒞",
    "the |नमस्ते| mill",
    "ﬁ ½ |mill| ²",
    "a\r\n|mill|\r\n",
]


@pytest.mark.parametrize("marks", MARKED_PASSAGES)
def test_an_answer_is_exactly_its_characters_of_the_passage(tokenizer, marks):
    before, wanted, after = marks.split("|")
    passage = before + wanted + after
    answer = find_answer(tokenizer, passage, len(before), len(before) + len(wanted))
    assert answer.text == wanted
    assert passage[answer.start : answer.end] == answer.text


@pytest.mark.parametrize("at", [0, 1, 13, 57, 120, 198, 199])
def test_an_answer_is_found_in_every_window(tokenizer, at):
    passage = " ".join(["the"] * at + ["mill"] + ["the"] * (199 - at))
    answer = find_answer(tokenizer, passage, 4 * at, 4 * at + 4)
    assert (answer.text, answer.start) == ("mill", 4 * at)


def test_probabilities_are_a_share_of_the_listed_answers_best_first(tokenizer):
    passages = [make_passage(100), "the mill"]
    windows = tokenizer.make_windows(["who", QUESTION], passages, 24)
    start, end = np.random.default_rng(0).standard_normal((2, *windows.input_ids.shape)).astype(np.float32)
    many, few = tokenizer.find_answers(windows, start, end, passages)
    assert len(many) == answer_search.N_BEST
    # "the", "mill" and both
    assert len(few) == 3
    for found in (many, few):
        assert sum(answer.probability for answer in found) == pytest.approx(1)
        assert [answer.score for answer in found] == sorted((answer.score for answer in found), reverse=True)
        one, other = found[:2]
        assert one.probability / other.probability == pytest.approx(np.exp(one.score - other.score))
        assert len({(answer.start, answer.end) for answer in found}) == len(found)


def test_a_span_in_two_windows_counts_once_with_its_better_score(tokenizer):
    passage = make_passage(40)
    windows = tokenizer.make_windows(["who"], [passage], 24)
    windows.central[:] = windows.spans[:, :, 0] >= 0
    start, end = np.random.default_rng(1).standard_normal((2, *windows.input_ids.shape)).astype(np.float32)
    best: dict[tuple[int, int], float] = {}
    for row in range(len(windows)):
        for first, last, score in find_spans_by_brute_force(
            start[row], end[row], windows.spans[row], windows.central[row]
        ):
            place = (int(windows.spans[row, first, 0]), int(windows.spans[row, last, 1]))
            best[place] = max(score, best.get(place, -np.inf))
    wanted = sorted(best.items(), key=lambda item: -item[1])[: answer_search.N_BEST]
    found = tokenizer.find_answers(windows, start, end, [passage])[0]
    assert [((answer.start, answer.end), answer.score) for answer in found] == wanted


@pytest.mark.parametrize("text", ["the river mill was built in stone ", "東", ".", "a", "e\u0301 "])
def test_a_megabyte_of_text_fits_in_memory(tmp_path, text):
    """In a process that may use 2 GiB of address space in addition to its libraries."""
    code = (
        "import resource, sys, time; from pathlib import Path; import numpy as np\n"
        "from workloads.bert.inference import tokenization; from workloads.bert.model import checkpoint\n"
        "taken = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (taken + (2 << 30), taken + (2 << 30)))\n"
        "reader = tokenization.WindowTokenizer(checkpoint.read_checkpoint(Path(sys.argv[1])))\n"
        "passage = (sys.argv[2] * 1_000_000)[:1_000_000]\n"
        "windows = reader.make_windows(['what is near the mill'], [passage], 64)\n"
        "start = np.where(windows.spans[:, :, 0] == windows.spans[:, :, 0].max(), 1, 0).astype(np.float32)\n"
        "answer = reader.find_answers(windows, start, start, [passage])[0][0]\n"
        "assert answer.end > 999_980 or len(windows) == 1, answer\n"
        "print(len(windows))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny_bert.save_model(tmp_path)), text],
        cwd=ROOT,
        env={"RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-800:]
    assert int(done.stdout) >= (1 if text == "a" else 1_000)
