"""Which questions judge the accuracy of an arm, and what a race makes of few of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("neural_compressor", reason="Neural Compressor is not installed")

from bench.run.events import State
from bench.run.record import Run
from bench.values.claims import Accuracy, Outcome
from bench.values.quality import IntervalMethod, Measure
from bench.workload.scores import read_scores
from tests.support import tiny_bert
from tests.support.runs import get_finding, open_plan, run_race
from tests.support.tiny_bert import PASSAGE, QUESTIONS, TUNING_PASSAGE
from workloads.bert import squad
from workloads.bert.arm import QuestionAnswering
from workloads.bert.quantization import conversion
from workloads.bert.quantization.template import QUANTIZATION_YAML

TUNED_ON = squad.identify_passage(TUNING_PASSAGE)


def conclude_fp32(folder: Path, quantization: str = "default", accelerated: str = "int8") -> tuple[Measure, str]:
    """F1 of the FP32 arm against another arm, and which questions the arm says that judge it."""
    settings = tiny_bert.make_settings(folder, "fp32", accelerated=accelerated, quantization=quantization)
    arm, scratch = QuestionAnswering(settings), settings.scratch
    facts = arm.prepare(tiny_bert.ProgressRecorder())["facts"]
    f1, exact_match = arm.conclude()[0]
    scores = read_scores(scratch)
    assert f1.observations == exact_match.observations
    assert [len(scores[name].values) for name in ("f1", "exact-match")] == [f1.observations] * 2
    assert len(set(scores["f1"].groups.tolist())) == f1.groups and f1.group == "passage"
    assert scores["f1"].groups.tolist() == scores["exact-match"].groups.tolist()
    assert f1.value == pytest.approx(scores["f1"].values.mean()) and f1.value > 0
    return f1, facts["accuracy"]


def save_conversion(folder: Path, passages: list[str] | None) -> str:
    """Store a quantization; None: as Fairlap 0.1.0 did, without the passages of its tuning."""
    cache = folder / "cache" / "bert"
    name = conversion.save_conversion(QUANTIZATION_YAML, frozenset(), passages or [], cache)
    if passages is None:
        content = json.loads((cache / f"{name}.json").read_text())
        del content["tuning_passages"]
        (cache / f"{name}.json").write_text(json.dumps(content))
    return name


def test_a_model_that_was_not_tuned_is_judged_by_all_questions(tmp_path):
    f1, text = conclude_fp32(tmp_path)
    assert (f1.observations, f1.selection, f1.bias) == (2 * len(QUESTIONS), "", "")
    assert text == "judged by 6 questions on 2 passages"


def test_a_tuned_model_is_judged_by_the_questions_that_the_tuning_did_not_read(tmp_path):
    f1, text = conclude_fp32(tmp_path, save_conversion(tmp_path, [TUNED_ON]))
    assert (f1.observations, f1.selection, f1.bias) == (len(QUESTIONS), "held out from tuning", "")
    assert text == "judged by 3 questions on 1 passage held out from tuning"


@pytest.mark.parametrize(
    ("passages", "words"),
    [
        (None, "may have been tuned on the questions that judge it"),
        ([TUNED_ON, squad.identify_passage(PASSAGE)], "was tuned on the passages of all questions"),
    ],
)
def test_a_model_that_was_tuned_on_the_questions_that_judge_it_has_a_bias(tmp_path, passages, words):
    f1, _ = conclude_fp32(tmp_path, save_conversion(tmp_path, passages))
    assert words in f1.bias
    assert "Quantize again" in f1.bias_remedy
    assert f1.observations == 2 * len(QUESTIONS)


def test_a_race_without_an_int8_arm_has_no_tuned_model(tmp_path):
    f1, _ = conclude_fp32(tmp_path, save_conversion(tmp_path, None), accelerated="bf16")
    assert (f1.observations, f1.bias) == (2 * len(QUESTIONS), "")


def test_the_same_choice_of_operators_tuned_on_other_passages_has_another_name(tmp_path):
    names = {save_conversion(tmp_path, passages) for passages in ([], [TUNED_ON], ["0" * 16])}
    assert len(names) == 3


def race_one_question(folder: Path) -> Run:
    """A race of FP32 without and with oneDNN on a passage of one word, which both arms must find."""
    parameters = tiny_bert.write_task_files(folder)
    question = {"id": "1", "question": "what was built", "answers": [{"text": "bridge", "answer_start": 0}]}
    file = Path(parameters["evaluation"])
    file.write_text(json.dumps({"data": [{"paragraphs": [{"context": "bridge", "qas": [question]}]}]}))
    plan = tiny_bert.make_race_plan("fp32-stock", "fp32", parameters)
    return run_race(open_plan(plan), folder).record


@pytest.mark.timeout(300)
def test_a_race_with_one_question_claims_no_accuracy(tmp_path):
    run = race_one_question(tmp_path)
    assert run.state is State.FINISHED, run.failure
    assert [(measure.value, measure.observations) for measure in run.quality.baseline] == [(100, 1), (100, 1)]
    assert run.quality.difference("f1").difference.low == -100
    exact_match = run.quality.difference("exact-match")
    assert exact_match.method is IntervalMethod.TANGO
    assert exact_match.difference.high == pytest.approx(79.35, abs=0.01)
    (agreement,) = run.quality.agreement
    assert (agreement.value, agreement.observations) == (100, 1)
    assert agreement.interval.low == pytest.approx(2.5)
    finding = get_finding(run, "accuracy")
    assert finding.outcome is Outcome.REFUSED
    assert (
        "F1 100.00 and 100.00 (1 question on 1 passage; F1 +0.00 %, 95 % interval -100.00 % to +100.00 %)"
        in finding.seen
    )
    assert "Use about 299 more questions on other passages (300 in all)" in finding.remedy
    assert run.claim().verdict.accuracy is Accuracy.UNDECIDED and not run.claim().made
    report = run.report()["quality"]["differences"][0]
    assert (report["observations"], report["difference"]["low"]) == (1, -100), "the export has number and interval"
    assert (report["groups"], report["design_effect"]) == (1, 1), "and the number of passages"
    assert run.report()["quality"]["baseline"][0]["group"] == "passage"
