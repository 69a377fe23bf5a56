"""A single text is labelled by the models that the race trains."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from bench.scheduler.interactive import settings_digest
from bench.values.base import Arm
from bench.workload.arguments import check_arguments
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support.estimator_paths import NoClock
from tests.support.own_documents import make_columns, make_own_settings, write_folder, write_table
from tests.support.task_calls import ReportRecorder, call_task
from workloads.documents.catalogue import CLASSIFIERS, DEEP
from workloads.documents.measurements import CLASSIFY_TASK, MAX_TEXT_CHARACTERS, MODEL_SETTINGS
from workloads.documents.tasks import DocumentTasks
from workloads.documents.text_classifier import MIN_REPEATS, STEPS, ClassifierPair, TextClassifier, identify_models

SEA = "The SHIP & the sail: a captain, an anchor; 2 islands in a storm!"


def make_task_settings(made):
    """Those of a task with the plan of an arm."""
    return replace(made.settings, lever="", baseline="stock", accelerated="accelerated")


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_each_held_out_document_gets_the_label_that_it_has_in_the_race(make_arm, classifier):
    made, _ = make_arm("accelerated", classifier=classifier)
    made.repeat(0, NoClock())
    single = TextClassifier(make_task_settings(made), "accelerated", ReportRecorder())
    documents = made.result.documents
    labels = [single.classify(text).label for text in documents.test_texts]
    assert np.array_equal(labels, made.result.predictions)
    assert single.documents.digest == documents.digest


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_both_arms_label_a_text_with_scores_and_times(make_arm, classifier):
    made, _ = make_arm("stock", classifier=classifier)
    result, _ = call_task("documents", CLASSIFY_TASK, make_task_settings(made), {"text": SEA})
    assert list(result.answers) == list(Arm) and result.train_s > 0 and result.repeats >= MIN_REPEATS
    assert result.score_kind == ("votes" if classifier == "svc" else "probability")
    assert 0 < result.known < result.words == 9, "the words of the classes are known, and some of the others are not"
    for answer in result.answers.values():
        scores = [one.score for one in answer.scores]
        assert answer.label == "sea" == answer.scores[0].label and scores == sorted(scores, reverse=True)
        assert {one.label for one in answer.scores} == {"sea", "kitchen", "garden"}
        if result.score_kind == "probability":
            assert sum(scores) == pytest.approx(1)
        else:
            assert 2 - 1 / 3 < scores[0] < 2 + 1 / 3, "it beats both other classes"
        assert list(answer.step_s) == list(STEPS) and min(answer.step_s.values()) > 0
        assert answer.total_s > 0 and answer.first_s > 0


def test_models_are_trained_once_for_their_settings(make_arm, monkeypatch):
    made, _ = make_arm("stock")
    settings, tasks, reporter = make_task_settings(made), DocumentTasks(), ReportRecorder()
    task = load_workloads()["documents"].tasks.task(CLASSIFY_TASK)

    def classify(settings, text):
        return tasks.classify(settings, check_arguments(task, {"text": text}), reporter)

    assert classify(settings, SEA).train_s > 0
    pair = tasks._pair
    monkeypatch.setattr(ClassifierPair, "__init__", lambda *arguments: pytest.fail("trained again"))
    second = classify(replace(settings, parameters={**settings.parameters, "topics": 5}), "bread and butter")
    assert second.train_s == 0 and second.answers[Arm.BASELINE].label == "kitchen" and tasks._pair is pair
    other = replace(settings, parameters={**settings.parameters, "components": 11})
    assert identify_models(other) != pair.key != identify_models(replace(settings, seed=1))


@pytest.mark.parametrize("kind", ["folder", "table"])
def test_models_of_documents_that_have_changed_are_trained_again(tmp_path, kind):
    def write(labels):
        if kind == "folder":
            return write_folder(tmp_path / "own", 200, labels=labels)
        return write_table(tmp_path / "own.parquet", make_columns(200, labels=labels))

    source, tasks, reporter = write(("sea", "kitchen")), DocumentTasks(), ReportRecorder()
    settings = replace(make_own_settings(source, tmp_path), lever="", baseline="stock", accelerated="accelerated")
    task = load_workloads()["documents"].tasks.task(CLASSIFY_TASK)

    def classify():
        return tasks.classify(settings, check_arguments(task, {"text": SEA}), reporter)

    assert classify().train_s > 0 == classify().train_s
    write(("garden", "sea", "kitchen"))
    again = classify()
    assert again.train_s > 0 and len(again.answers[Arm.BASELINE].scores) == 3
    shutil.rmtree(source) if kind == "folder" else source.unlink()
    with pytest.raises(BadInput, match="There is no file"):
        classify()


def test_texts_of_all_kinds_get_a_label(make_arm):
    made, _ = make_arm("stock")
    pair = ClassifierPair(make_task_settings(made), ReportRecorder())
    texts = {
        "one megabyte": "ship and bread, " * 65_536,
        "another language": "Das Wetter bleibt überwiegend heiter, 東京は大きい",
        "markup": "<script>alert('ship')</script> **bold** %{y} \\u0000 🙂 ship",
        "one word": "x",
    }
    results = {kind: pair.classify(text, ReportRecorder()) for kind, text in texts.items()}
    assert results["another language"].known == 0 < results["another language"].words
    assert results["another language"].is_unusual and not results["one megabyte"].is_unusual
    assert 0.5 < results["one word"].usual_known_share <= 1
    assert results["one megabyte"].known == results["one megabyte"].words == 3
    assert results["markup"].answers[Arm.BASELINE].label == "sea"
    assert results["one word"].words == 0 and results["one word"].is_unusual, "TF-IDF counts words of two letters"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The text is empty"),
        (" \n\t", "The text is empty"),
        ("123 -- 4.5 €", "The text has no letters"),
        ("a" * (MAX_TEXT_CHARACTERS + 1), "2,000,001 characters, more than the limit of 2,000,000"),
    ],
)
def test_a_text_without_words_or_end_is_refused_before_anything_is_trained(text, message):
    task = load_workloads()["documents"].tasks.task(CLASSIFY_TASK)
    with pytest.raises(BadInput, match=message) as raised:
        check_arguments(task, {"text": text})
    assert raised.value.remedy


def test_every_setting_but_those_of_topics_map_and_race_decides_which_models_are_loaded(make_arm):
    from bench.plan.change import change_plan
    from bench.plan.validation import make_plan

    workload = load_workloads()["documents"]
    task = workload.tasks.task(CLASSIFY_TASK)
    names = {parameter.name for case in workload.cases for parameter in workload.parameters_of(case)}
    assert names - set(MODEL_SETTINGS) == {"topics", "mapped"}
    plan = make_plan("documents", cores=1)
    same, other = change_plan(plan, {"topics": 5}, 1), change_plan(plan, {"classifier": "knn"}, 1)
    assert settings_digest(plan, task) == settings_digest(same, task) != settings_digest(other, task)


def test_two_classes_have_a_margin(make_arm, monkeypatch):
    from workloads.documents import table

    load = table.load_documents

    def load_two(pandas, file):
        frame = load(pandas, file)
        return frame[frame["label"] != "garden"].reset_index(drop=True)

    monkeypatch.setattr(table, "load_documents", load_two)
    made, _ = make_arm("stock")
    kind, scores = TextClassifier(make_task_settings(made), "stock", ReportRecorder()).score("bread butter oven")
    assert kind == "margin"
    assert [one.label for one in scores] == ["kitchen", "sea"] and scores[0].score == -scores[1].score > 0


def test_embeddings_label_a_text_as_in_the_race(make_arm):
    pytest.importorskip("workloads.documents.encoder", reason="TensorFlow is not installed")
    made, _ = make_arm("accelerated", case=DEEP, documents=240)
    made.repeat(0, NoClock())
    pair = ClassifierPair(make_task_settings(made), ReportRecorder())
    fast = pair._arms[Arm.ACCELERATED]
    documents = made.result.documents
    labels = [fast.classify(text).label for text in documents.test_texts]
    # One text is encoded alone here, and 32 together in the race: the last digits differ.
    assert np.mean(labels == made.result.predictions) > 0.95
    result = pair.classify(f"{SEA} {SEA}", ReportRecorder())
    assert 0 < result.known <= result.words == 14, "the encoder reads 16 word pieces, two of them its own marks"
