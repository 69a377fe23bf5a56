"""The metric of questions against cases worked out by the official script's rules, and how sets are split."""

from __future__ import annotations

import pytest

from tests.support.questions import make_file, make_question
from workloads.bert import question_file, squad


def parse_questions(data: bytes) -> list[squad.Question]:
    return question_file.parse_question_set(data).questions


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The  Old\tMill.", "old mill"),
        ("a an the", ""),
        ("another theatre", "another theatre"),
        ("the-river", "theriver"),
        ("U.S.", "us"),
        ("A.", ""),
        ("1,000 $", "1000"),
        ("Café “Müller”", "café “müller”"),
        ("the\u00a0river", "river"),
        ("'An' apple", "apple"),
    ],
)
def test_answers_are_normalized_as_the_official_script_does(text, wanted):
    assert squad.normalize_answer(text) == wanted


@pytest.mark.parametrize(
    ("answer", "truth", "exact", "f1"),
    [
        ("the old mill", "Old mill!", 1, 1),
        ("old mill", "mill old", 0, 1),
        # 1 of 2 words right, 1 of 1 found: 2 * 0.5 * 1 / 1.5
        ("old mill", "mill", 0, 2 / 3),
        # 2 of 4 right, 2 of 3 found: 2 * 0.5 * 0.667 / 1.167
        ("by the old mill river", "old mill house", 0, 4 / 7),
        # A word counts as often as both texts have it: 1 of 3, 1 of 1.
        ("mill mill mill", "mill", 0, 1 / 2),
        ("river", "mill", 0, 0),
        ("", "mill", 0, 0),
        # The official script gives these scores when no word is left.
        ("the", "an", 1, 0),
    ],
)
def test_exact_match_and_f1_of_one_answer(answer, truth, exact, f1):
    assert squad.exact_match(answer, truth) == exact
    assert squad.f1_score(answer, truth) == pytest.approx(f1)


def test_a_score_takes_the_best_of_several_true_answers_and_the_mean_in_percent():
    def question(name: str, *answers: str) -> squad.Question:
        return squad.Question(name, "?", "", answers, (0,) * len(answers))

    questions = [
        question("exact by the second", "the river", "by the river"),
        question("two thirds", "mill", "house"),
        question("none given", "mill"),
        question("wrong", "mill"),
    ]
    answers = {"exact by the second": "By the River.", "two thirds": "old mill", "wrong": "river", "other": "mill"}
    score = squad.score_answers(questions, answers)
    assert score.exact_match == pytest.approx(25)
    assert score.f1 == pytest.approx(100 * (1 + 2 / 3) / 4)
    assert score.questions == 4


def test_a_passage_is_either_for_tuning_or_held_out_in_every_file():
    questions = question_file.read_questions(question_file.EVALUATION_FILE)
    tuning, held_out = squad.split_questions(questions)
    assert (len(tuning), len(held_out)) == (201, 224), "the split of the shipped questions must not change"
    assert not {question.passage for question in tuning} & {question.passage for question in held_out}
    assert squad.split_questions(questions[::-3])[0] == [q for q in questions[::-3] if q in tuning]
    ids = {squad.identify_passage(question.passage) for question in tuning}
    assert squad.select_held_out(questions, ids) == held_out


def test_a_question_that_is_repeated_under_other_ids_is_one():
    repeated = [make_question("river", id=str(number), question="Where is it?" + "?" * number) for number in range(500)]
    questions = parse_questions(make_file(*repeated, make_question("mill", id="other", question="What stands?")))
    assert [question.id for question in squad.drop_repeated(questions)] == ["0", "other"]
    shipped = question_file.read_questions(question_file.EVALUATION_FILE)
    assert squad.drop_repeated(shipped) == shipped


def test_a_passage_with_other_case_and_white_space_is_the_same_passage():
    same = squad.identify_passage("The old  Mill.")
    assert squad.identify_passage("the old mill") == same != squad.identify_passage("the new mill")


def test_the_score_is_the_mean_of_the_scores_of_the_questions():
    first, second = (make_question("river", id=name) for name in "ab")
    questions = parse_questions(make_file(first, second))
    scores = squad.score_each(questions, {"a": "the river"})
    assert [score.f1 for score in scores] == [100, 0]
    assert squad.score_answers(questions, {"a": "the river"}).f1 == 50


def test_no_questions_have_no_score():
    with pytest.raises(ValueError, match="no questions"):
        squad.score_answers([], {})
