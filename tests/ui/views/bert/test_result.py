"""Answers on BERT's page: when a model is sure, and the answers of both arms of a race."""

from __future__ import annotations

from bench.values.base import Arm
from bench.values.output import Table
from tests.support.pages import run_script
from ui.views.bert.ask import is_sure, mark_spans
from ui.views.bert.result import MAX_SHOWN, build_answers_table
from workloads.bert.measurements import (
    ANSWERS_COLUMNS,
    ANSWERS_TABLE,
    MIN_PROBABILITY,
    MIN_SCORE,
    AnswerSpan,
    ModelAnswer,
)


def make_answer(probability: float, score: float = 10.0) -> ModelAnswer:
    best = AnswerSpan(text="a", start=0, end=1, probability=probability, score=score)
    return ModelAnswer(best=[best], inference_s=0.1)


def test_a_model_is_sure_from_a_probability_and_a_score_on():
    assert is_sure(make_answer(MIN_PROBABILITY, MIN_SCORE))
    assert not is_sure(make_answer(MIN_PROBABILITY - 0.01, MIN_SCORE))
    assert not is_sure(make_answer(MIN_PROBABILITY, MIN_SCORE - 0.01))
    assert not is_sure(ModelAnswer(best=[], inference_s=0.1))


def test_the_words_of_each_model_are_marked_and_escaped():
    marked = mark_spans("a <b> c", {"fp32": make_answer(0.9)}, "light")
    assert 'title="FP32"' in marked and "&lt;b&gt;" in marked
    assert "<mark" not in mark_spans("a <b> c", {}, "light")


def test_the_answers_are_headings_directly_below_the_one_of_the_question():
    for probability, text in ((MIN_PROBABILITY, "### a"), (0.0, "### Not sure")):
        page = run_script(
            "from tests.ui.views.bert.test_result import make_answer\n"
            "from ui.design.headings import draw_heading\n"
            "from ui.views.bert.ask import draw_answer\n"
            "draw_heading('Answers to: who?')\n"
            f"draw_answer(make_answer({probability}), 'FP32')\n"
        )
        headings = [element.value for element in page.markdown if element.value.startswith("#")]
        assert headings == ["## Answers to: who?", text]


def test_answers_that_differ_come_first_and_arms_of_one_name_are_told_apart():
    rows = [[f"question {number}", "x", "x", "x", "yes"] for number in range(8)]
    rows[5:7] = [["question 5", "x", "x", "", "no"], ["question 6", "x", "y", "x", "no"]]
    table = Table(name=ANSWERS_TABLE, label="", columns=list(ANSWERS_COLUMNS), rows=rows)
    shown = build_answers_table(table, {Arm.BASELINE: "FP32", Arm.ACCELERATED: "FP32"}, "light")
    assert shown["question"].tolist() == ["question 5", "question 6", "question 0", "question 1", "question 2"]
    assert len(shown) == MAX_SHOWN
    assert shown.iloc[0].tolist() == ["question 5", "x", "no answer", "no", "x"]
