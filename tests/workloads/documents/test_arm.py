"""The arm of the documents without a race: data, evidence of every stage, quality and agreement."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from bench.plan.validation import make_plan
from bench.workload.interface import BadInput, Settings
from bench.workload.registry import load_workloads
from bench.workload.scores import read_scores
from tests.support.estimator_paths import NoClock
from workloads.documents import source
from workloads.documents.catalogue import (
    CLASSIFIERS,
    DEEP,
    HIDDEN_SIZE,
    KMEANS,
    REDUCTIONS,
    STAGE_OF_STEP,
    TFIDF,
    TFIDF_ARGUMENTS,
    TSNE,
)
from workloads.documents.corpus.build import CorpusFile
from workloads.documents.memory import estimate_bytes

STEPS = list(STAGE_OF_STEP)


def find_measure(measures, name):
    [found] = [measure for measure in measures if measure.name == name]
    return found


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_both_arms_do_the_same_work_and_each_accelerated_stage_reached_onedal(make_arm, classifier):
    stock, prepared = make_arm("stock", classifier=classifier)
    accelerated, prepared_too = make_arm("accelerated", classifier=classifier)
    assert prepared["data"] == prepared_too["data"] and prepared["inputs"] == prepared_too["inputs"]
    assert prepared["work"] == 360 and prepared["step_work"] == {"train": 270, "classify": 90, "map": 100}
    collected = {}
    for arm in (stock, accelerated):
        arm.repeat(0, NoClock())
        collected[arm] = {evidence.step: evidence for evidence in arm.evidence()}
        assert list(collected[arm]) == STEPS
    assert {evidence.path for evidence in collected[stock].values()} == {"stock"}
    paths = {step: evidence.path for step, evidence in collected[accelerated].items()}
    fast = ["train", "classify", "topics", "map"]
    assert paths == {step: "accelerated" if step in fast else "stock" for step in STEPS}
    for step in ("load", "features", "reduce"):
        assert collected[stock][step].code == collected[accelerated][step].code != ""
    for step in fast:
        assert "onedal" in collected[accelerated][step].words[-1] or "daal4py" in collected[accelerated][step].words[-1]
    measures, _ = stock.conclude()
    measures_too, _ = accelerated.conclude()
    for measured in (measures, measures_too):
        accuracy = find_measure(measured, "accuracy")
        assert accuracy.decisive and accuracy.observations == 90 and accuracy.value > 90 and not accuracy.bias
        iterations = find_measure(measured, "map-iterations")
        assert iterations.same_work and iterations.step == "map"
        assert 250 < iterations.value <= TSNE.arguments["max_iter"]
        assert 0 < find_measure(measured, "kl-divergence").value < 10
    assert read_scores(stock.settings.scratch).keys() == {"accuracy", "spread", "trustworthiness"}
    agreement, tables = accelerated.compare(stock.settings.scratch)
    assert find_measure(agreement, "predictions-agree").value > 90
    assert [table.name for table in tables] == ["confusion-baseline", "confusion-accelerated", "map"]
    for table in tables[:2]:
        assert [row[0] for row in table.rows] == table.columns[1:] == ["garden", "kitchen", "sea"]
        assert sum(int(cell) for row in table.rows for cell in row[1:]) == 90


def test_only_the_chosen_stages_are_accelerated_and_the_evidence_says_so(make_arm):
    arm, prepared = make_arm("accelerated", accelerate="topics")
    arm.repeat(0, NoClock())
    evidence = {item.step: item for item in arm.evidence()}
    assert [step for step, item in evidence.items() if item.path == "accelerated"] == ["topics"]
    assert evidence["train"].reason == "not among the accelerated stages of this plan"
    assert evidence["features"].reason == "has no accelerated version"
    assert prepared["facts"]["Classifier"].startswith("sklearn.svm.")


def test_a_pass_is_repeatable_and_held_out_documents_are_of_all_classes(make_arm):
    arm, _ = make_arm("stock")
    arm.repeat(0, NoClock())
    first = arm.result
    arm.repeat(1, NoClock())
    documents = arm.result.documents
    assert documents.digest == first.documents.digest
    assert np.array_equal(first.predictions, arm.result.predictions)
    assert np.bincount(documents.test_labels).tolist() == [30, 30, 30]
    assert not set(documents.train_texts) & set(documents.test_texts)
    assert arm.result.tsne.embedding_.shape == (100, 2)
    places = [next(n for n, row in enumerate(arm.result.rows) if np.array_equal(row, one)) for one in arm.result.mapped]
    held_out = [place >= documents.train_count for place in places]
    assert any(held_out[:50]) and any(held_out[50:]), "documents to learn from and held-out ones in a random order"
    assert np.array_equal(arm.result.mapped, first.mapped)


def test_the_code_of_the_page_and_the_facts_have_all_arguments_of_the_estimators(make_arm):
    _, prepared = make_arm("stock")
    for case in load_workloads()["documents"].cases:
        assert case.code is not None
        estimators = [CLASSIFIERS["svc"], REDUCTIONS[case.name], KMEANS, TSNE]
        arguments = [argument for estimator in estimators for argument in estimator.arguments.items()]
        arguments += TFIDF_ARGUMENTS.items() if case.name == TFIDF else []
        for name, value in arguments:
            assert f"{name}={json.dumps(value) if isinstance(value, str) else value}" in case.code.before
    facts = " ".join(prepared["facts"].values())
    for argument in ("sublinear_tf=True", "n_components=10", "n_iter=2", "n_clusters=3", "max_iter=500", "C=10.0"):
        assert argument in facts


def test_an_accuracy_that_shows_little_is_marked(make_arm):
    arm, _ = make_arm("stock")
    arm.repeat(0, NoClock())
    arm.result.documents.labels[:] = 0
    arm.result.documents.labels[0] = 1
    accuracy = find_measure(arm.conclude()[0], "accuracy")
    assert "always predicting the most frequent class has 100.0 %" in accuracy.bias and accuracy.bias_remedy


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"components": 200}, "200 features cannot be reduced to 200 components"),
        ({"components": 190, "features": 500}, "360 documents are too few for 190 components"),
        ({"components": 100, "features": 500}, "different words, too few for 100 components"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_what_to_do(make_arm, parameters, message):
    with pytest.raises(BadInput, match=message) as raised:
        make_arm("stock", **parameters)[0].repeat(0, NoClock())
    assert "hoose" in raised.value.remedy


def test_more_documents_than_memory_holds_are_refused_before_they_are_read(make_arm, monkeypatch):
    monkeypatch.setattr("workloads.documents.memory.available_memory_bytes", lambda: 600 << 20)
    corpus = CorpusFile(None, "", 7_200, (), "", {})
    monkeypatch.setattr(source, "load_docstrings", lambda cache, progress: corpus)
    with pytest.raises(BadInput, match="7,200 documents with 1000 components take about") as raised:
        make_arm("stock", documents=7_200, components=1_000, features=2_000)
    assert "Choose at most" in raised.value.remedy or "Close other programs" in raised.value.remedy


def test_the_memory_of_ray_and_of_the_map_counts(tmp_path):
    def estimate(lever="accelerated", cores=1, arms=2, **parameters):
        plan = make_plan("documents", TFIDF, cores=cores, parameters=parameters)
        folders = (tmp_path, tmp_path, tmp_path)
        settings = Settings(plan.case, lever, cores, plan.batch, plan.parameters, 0, *folders)
        return estimate_bytes(settings, plan.batch, arms=arms)

    assert estimate(mapped=3_000) > estimate(mapped=1_000)
    assert estimate(cores=2, accelerate="load") > estimate(accelerate="load") > estimate(accelerate="map") + (500 << 20)
    assert estimate("stock", arms=1, accelerate="load") == estimate("stock", arms=1, accelerate="map")


def test_the_memory_of_a_forest_counts(make_arm):
    made, _ = make_arm("stock", classifier="random-forest")
    made.repeat(0, NoClock())
    trees = [tree.tree_ for tree in made.result.model.estimators_]
    size_bytes = sum(tree.node_count * tree.__getstate__()["nodes"].itemsize + tree.value.nbytes for tree in trees)
    other = replace(made.settings, parameters={**made.settings.parameters, "classifier": "knn"})
    counted = estimate_bytes(made.settings, 360, arms=1) - estimate_bytes(other, 360, arms=1)
    assert 0 < size_bytes < counted


def test_deep_features_are_computed_at_the_precision_of_the_arm_and_calibrated_on_documents_to_learn_from(
    make_arm, monkeypatch
):
    encoder = pytest.importorskip("workloads.documents.encoder", reason="TensorFlow is not installed")
    calibrated = []
    write = encoder.write_graph

    def record(precision, checkpoint, calibration, *arguments):
        calibrated.append(calibration)
        return write(precision, checkpoint, calibration, *arguments)

    monkeypatch.setattr(encoder, "write_graph", record)
    stock, prepared = make_arm("stock", case=DEEP, documents=240)
    fast, prepared_too = make_arm("accelerated", case=DEEP, documents=240)
    assert prepared["data"] == prepared_too["data"] and prepared["inputs"] == prepared_too["inputs"]
    tokenizer = fast.features._tokenizer
    learned = tokenizer.make_windows(fast.documents.train_texts[:100])
    assert all(np.array_equal(windows.input_ids, learned.input_ids) for windows in calibrated)
    for arm in (stock, fast):
        arm.repeat(0, NoClock())
    train, _ = stock.features.make(stock.documents)
    assert train.shape == (180, HIDDEN_SIZE) and np.isfinite(train).all()
    other, _ = fast.features.make(fast.documents)
    cosines = (train * other).sum(axis=1) / np.linalg.norm(train, axis=1) / np.linalg.norm(other, axis=1)
    assert cosines.min() > 0.9 and not np.array_equal(train, other)
    evidence = {item.step: item for item in fast.evidence()}
    assert any("u8" in word or "s8" in word for word in evidence["features"].words), evidence["features"]
    assert evidence["reduce"].path == "accelerated"
    accuracy = find_measure(stock.conclude()[0], "accuracy")
    assert accuracy.value > 60
    spread = find_measure(fast.conclude()[0], "spread")
    assert not spread.decisive, "distances in two spaces cannot be compared"
