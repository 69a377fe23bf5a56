"""The tab Your text: its controls, what is refused, and how the answers of both arms are shown."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from bench.plan.validation import make_plan
from bench.values.base import Arm
from tests.support.pages import open_page, read_page
from ui.views.documents.classify import build_times, describe_result
from workloads.documents.catalogue import DEEP
from workloads.documents.measurements import ArmAnswer, ClassifyResult, LabelScore

STEP_S = {"load": 1e-5, "features": 2e-4, "reduce": 3e-4, "classify": 4e-4}


def make_result(second: str = "SciPy", kind: str = "probability", known: int = 9) -> ClassifyResult:
    def answer(label, other):
        scores = [LabelScore(label=label, score=0.75), LabelScore(label=other, score=0.25)]
        return ArmAnswer(label=label, scores=scores, step_s=STEP_S, total_s=0.001, first_s=0.02)

    answers = {Arm.BASELINE: answer("SciPy", "<b>b</b>"), Arm.ACCELERATED: answer(second, "x")}
    return ClassifyResult.model_validate(
        {"answers": answers, "score_kind": kind, "train_count": 2_700, "train_s": 2.0, "repeats": 15}
        | {"known": known, "words": 10, "usual_known_share": 0.75}
    )


def draw(result: ClassifyResult) -> str:
    script = (
        "from bench.plan.validation import make_plan\n"
        "from ui.views.documents.classify import draw_answers\n"
        "from workloads.documents.measurements import ClassifyResult\n"
        f"result = ClassifyResult.model_validate_json({result.model_dump_json()!r})\n"
        'draw_answers(make_plan("documents", cores=1), result, "light")\n'
    )
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    return read_page(app)


def test_the_tab_offers_the_settings_of_the_models_and_needs_no_race():
    app = open_page("documents", tab="Your text", case=DEEP)
    assert not app.exception
    page = read_page(app)
    assert "No race is needed" in page and "Case" in [group.label for group in app.button_group]
    assert not [button for button in app.button if button.label == "Run"]
    [box] = app.text_area
    [button] = [button for button in app.button if button.label == "Classify"]
    box.set_value("12 345 !?")
    app = button.click().run()
    assert not app.exception and [error.value for error in app.error if "Write or paste a text" in error.value]


def test_answers_that_agree_have_no_warning_and_others_do():
    page = draw(make_result())
    assert "SciPy: 75.0 %" in page and "disagree" not in page and "mean little" not in page
    assert "\\<b\\>b" in page or "\\<b>" in page, "labels are escaped"
    page = draw(make_result("Ray"))
    assert "The arms disagree" in page and "Ray: 75.0 %" in page


def test_a_text_of_unknown_words_is_said_to_mean_little():
    page = draw(make_result(known=1))
    assert "1 of the 10 different words of the text are in the vocabulary" in page and "another language" in page
    assert "99 % have 75 % and more" in page


@pytest.mark.parametrize(("kind", "text"), [("votes", "0.75 of 1.33"), ("margin", "+0.750")])
def test_scores_of_a_support_vector_machine_are_no_percentages(kind, text):
    page = draw(make_result(kind=kind))
    assert f"SciPy: {text}" in page and "has no probabilities" in page and "75.0 %" not in page


def test_times_are_those_of_the_steps_and_no_claim():
    plan = make_plan("documents", cores=1)
    table = build_times(plan, make_result())
    assert list(table["step"]) == ["clean", "TF-IDF", "truncated SVD", "classify", "all steps", "all steps, first call"]
    assert list(table["stock libraries"]) == ["10.0 µs", "200 µs", "300 µs", "400 µs", "1.00 ms", "20.0 ms"]
    text = describe_result(plan, make_result())
    assert "The time of a single text is no claim" in text and "trained in 2.00 s for this text" in text
    same = plan.model_copy(update={"accelerated": plan.baseline})
    assert list(build_times(same, make_result())) == ["step", "stock libraries", "stock libraries again"]
    deep = make_plan("documents", DEEP, cores=1)
    assert "9 of the first 10 word pieces of the text" in describe_result(deep, make_result())
