"""The arm of the estimators without a race: data, arguments, threads, and real data sets."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from bench.plan.validation import find_workload
from bench.values.quality import LossKind
from tests.support.estimator_paths import NoClock, make_settings
from workloads.estimators.arm import EstimatorArm, make_arguments
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.datasets import Data, draw_start, make_data
from workloads.estimators.estimator import Threads


def run_arm(tmp_path, case: str, **parameters):
    """The stock arm after one repetition, and what its `prepare` returned."""
    arm = EstimatorArm(make_settings(ESTIMATORS[case], "stock", tmp_path, **parameters))
    prepared = arm.prepare(lambda text, share=None: None)
    arm.repeat(0, NoClock())
    return arm, prepared


def test_the_stock_estimator_gets_all_cores_and_the_claim_says_how(tmp_path):
    arm, prepared = run_arm(tmp_path, "knn-classifier")
    assert arm.model.n_jobs == arm.settings.cores
    inputs = {entry.label: entry.text for entry in prepared["inputs"]}
    assert inputs["Stock threads"] == "n_jobs=1"
    assert inputs["Rows"] == "160 to learn from, 160 held out"
    assert prepared["step_work"] == {"fit": 160, "predict": 160} and prepared["work"] == 160


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=lambda estimator: estimator.name)
def test_n_jobs_and_seed_are_given_wherever_the_estimator_takes_them(estimator):
    import importlib
    import inspect

    names = set(inspect.signature(getattr(importlib.import_module(estimator.module), estimator.attribute)).parameters)
    # n_jobs of LogisticRegression has no effect since scikit-learn 1.8.
    assert ("n_jobs" in names) == estimator.takes_jobs or estimator.attribute == "LogisticRegression"
    assert ("random_state" in names) == estimator.has_seed
    assert "{cores}" in estimator.threads.value or estimator.threads is Threads.ONE
    assert all(option.argument in names for option in estimator.options if option.argument)
    assert set(estimator.arguments) <= names


def test_an_l1_penalty_brings_its_solver(tmp_path):
    settings = make_settings(
        ESTIMATORS["logistic-regression"], "stock", tmp_path, penalty="l1-saga", class_weight="none"
    )
    arguments = make_arguments(settings)
    assert (arguments["solver"], arguments["l1_ratio"], arguments["class_weight"]) == ("saga", 1.0, None)


@pytest.mark.parametrize(
    ("parameters", "threads"),
    [
        ({}, "BLAS with 2 threads"),
        ({"solver": "newton-cholesky"}, "BLAS with 2 threads"),
        ({"solver": "saga"}, "1 thread, because its solver uses one"),
        ({"penalty": "l1-liblinear"}, "1 thread, because its solver uses one"),
    ],
)
def test_the_claim_names_the_threads_of_the_solver_that_runs(parameters, threads):
    assert ESTIMATORS["logistic-regression"].describe_threads(parameters, 2) == threads


def test_the_data_depends_on_the_seed_only_and_has_the_asked_format(tmp_path):
    settings = make_settings(ESTIMATORS["svc"], "stock", tmp_path, dtype="float32", layout="sparse")
    first, second = make_data(settings), make_data(settings)
    assert first.digest == second.digest
    assert first.train.dtype == np.float32 and first.train.format == "csr"
    other = make_settings(ESTIMATORS["svc"], "stock", tmp_path, dtype="float64")
    assert make_data(other).digest != first.digest


@pytest.mark.parametrize(("source", "rows"), [("wine", 134), ("digits", 160)])
def test_of_a_real_data_set_a_quarter_is_held_out(tmp_path, source, rows):
    arm, prepared = run_arm(tmp_path, "knn-classifier", data=source)
    assert arm.data.train.shape[0] == rows
    assert prepared["synthetic"] == ""
    [accuracy] = [measure for measure in arm.conclude()[0] if measure.name == "accuracy"]
    assert accuracy.decisive and accuracy.observations == arm.data.test.shape[0]


def test_a_claim_depends_on_whether_the_probabilities_of_a_forest_sum_to_one(tmp_path):
    arm, _ = run_arm(tmp_path, "random-forest-classifier", dtype="float32")
    [measure] = [measure for measure in arm.conclude()[0] if measure.name == "probabilities"]
    assert (measure.value, measure.decisive, measure.loss) == (100.0, True, LossKind.EQUALITY)


@pytest.mark.parametrize("case", ["dbscan", "tsne", "local-outlier-factor", "pairwise-distances", "train-test-split"])
def test_without_a_step_for_held_out_rows_none_are_generated(tmp_path, case):
    data = make_data(make_settings(ESTIMATORS[case], "stock", tmp_path))
    assert (data.train.shape[0], data.test.shape[0]) == (160, 0)
    if "data" in {parameter.name for parameter in find_workload("estimators").case(case).parameters}:
        settings = make_settings(ESTIMATORS[case], "stock", tmp_path, batch=3_000, data="digits")
        assert make_data(settings).train.shape == (1_797, 64)


def test_the_seed_draws_different_starting_centres_of_k_means(tmp_path):
    arm, prepared = run_arm(tmp_path, "kmeans")
    start = arm.arguments["init"]
    assert start.shape == (8, 20) and len(np.unique(start, axis=0)) == 8
    assert all((arm.data.train == row).all(axis=1).any() for row in start)
    assert "init=8 rows drawn by the seed" in prepared["facts"]["arguments"]
    own, _ = run_arm(tmp_path, "kmeans", start="own")
    assert "init" not in own.arguments


def test_equal_rows_are_drawn_as_starting_centres_only_if_there_are_no_others():
    rows = np.repeat(np.arange(3.0), 20)[:, np.newaxis]
    data = Data(rows, rows.ravel(), rows, rows.ravel(), None, "made for a test")
    assert sorted(draw_start(data, 3, 0).ravel()) == [0, 1, 2]
    assert draw_start(data, 5, 0).shape == (5, 1)


@pytest.mark.parametrize(
    ("case", "parameters", "how"),
    [
        ("svc", {"noise": 1.0}, "the most frequent class"),
        ("ridge", {"noise": 10.0}, "the mean for every row"),
        ("lasso", {"alpha": 1e6}, "the mean for every row"),
    ],
)
def test_data_or_settings_with_which_nothing_is_learned_are_marked(tmp_path, case, parameters, how):
    arm, _ = run_arm(tmp_path, case, **parameters)
    measure = next(measure for measure in arm.conclude()[0] if measure.decisive)
    assert how in measure.bias and measure.bias_remedy
    usual, _ = run_arm(tmp_path, case)
    assert not any(measure.bias for measure in usual.conclude()[0])


def test_iterations_belong_to_fit(tmp_path):
    arm, _ = run_arm(tmp_path, "kmeans")
    [iterations] = [measure for measure in arm.conclude()[0] if measure.same_work]
    assert (iterations.step, iterations.value) == ("fit", arm.model.n_iter_)


def test_the_stock_arm_is_not_patched(tmp_path):
    arm, _ = run_arm(tmp_path, "svc")
    assert {item.path for item in arm.evidence()} == {"stock"}
    assert "sklearn.svm._classes.SVC" in arm.evidence()[0].words[0]
