"""Training examples: cropped passages, windows with their answer, and batches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from tests.support import tiny_bert
from workloads.bert.inference.tokenization import WindowTokenizer
from workloads.bert.squad import Question
from workloads.bert.training import examples

PASSAGE = "the old mill was built. the stone bridge is near the river. the town is old. " * 4


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> WindowTokenizer:
    return WindowTokenizer(tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model")))


def make_questions(answer: str = "stone bridge", count: int = 8) -> list[Question]:
    starts = [at for at in range(len(PASSAGE)) if PASSAGE.startswith(answer, at)]
    return [
        Question(str(number), "what is near the river", PASSAGE, (answer,), (starts[number % len(starts)],))
        for number in range(count)
    ]


def test_a_cropped_passage_keeps_its_answer():
    cropped = examples.crop_passages(make_questions(count=60), 0.3, 100, np.random.default_rng(0))
    assert len({question.passage for question in cropped}) > 5
    for question in cropped:
        [start], [answer] = question.starts, question.answers
        assert question.passage[start : start + len(answer)] == answer
    lengths = [len(question.passage) < len(PASSAGE) - 1 for question in cropped]
    assert 5 < sum(lengths) < 30


def test_a_cut_leaves_few_sentences_around_the_answer():
    cropped = examples.crop_passages(make_questions(count=60), 1.0, 1, np.random.default_rng(0))
    counts = [question.passage.count(".") for question in cropped]
    assert set(counts) == {1, 2, 3}
    assert all("stone bridge" in question.passage for question in cropped)


def test_the_answer_of_most_annotators_is_learned():
    [question] = make_questions(count=1)
    answers, starts = ("bridge", "stone bridge", "stone bridge"), (30, 24, 24)
    several = replace(question, answers=answers, starts=starts)
    [chosen] = examples.choose_answers([several])
    assert (chosen.answers, chosen.starts) == (("stone bridge",), (24,))


def test_an_example_holds_the_answer_between_its_first_and_last_piece(tokenizer):
    questions = make_questions()
    made = examples.build_examples(tokenizer, questions, 32)
    assert made.windows.query.tolist() == list(range(len(questions)))
    for row, question in enumerate(questions):
        start = made.windows.spans[row, made.first[row], 0]
        end = made.windows.spans[row, made.last[row], 1]
        assert (start, end) == (question.starts[0], question.starts[0] + len(question.answers[0]))
        assert made.windows.central[row, made.first[row]]


def test_a_question_without_a_window_for_its_answer_is_left_out(tokenizer):
    questions = [*make_questions(count=2), Question("long", "what is old", PASSAGE, (PASSAGE.strip(),), (0,))]
    assert examples.build_examples(tokenizer, questions, 32).windows.query.tolist() == [0, 1]


def test_every_row_is_in_one_batch_and_batches_have_little_padding(tokenizer):
    short, long = make_questions(count=20), make_questions(count=20)
    short = [Question(q.id, q.question, q.passage[: q.starts[0] + 12], q.answers, q.starts) for q in short[::4]]
    made = examples.build_examples(tokenizer, [*short, *long], 96)
    batches = list(examples.iterate_batches(made, 4, np.random.default_rng(0)))
    assert sorted(row for rows in batches for row in rows) == list(range(len(made.windows)))
    for rows in batches:
        ids, mask, types = examples.make_batch_tensors(made.windows, rows)
        assert ids.shape == mask.shape == types.shape
        length = ids.numpy().shape[1]
        assert length % examples.LENGTH_MULTIPLE == 0
        pieces = made.windows.attention_mask[rows].sum(axis=1).max()
        assert pieces <= length < pieces + examples.LENGTH_MULTIPLE
        assert mask.numpy().sum() == made.windows.attention_mask[rows].sum()
