"""Settings and data that no estimator can work with are refused before a race is queued."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from bench.cli.main import main
from bench.plan.validation import PlanError, make_plan
from bench.scheduler.input_check import check_inputs as check_in_process
from bench.workload.interface import BadInput
from tests.support.estimator_paths import make_settings
from workloads.estimators import datasets, memory
from workloads.estimators.catalogue import ESTIMATORS, Job
from workloads.estimators.input_check import check_inputs


def check(tmp_path, case: str, batch: int = 300, **parameters) -> None:
    check_inputs(make_settings(ESTIMATORS[case], "", tmp_path, batch, **parameters))


@pytest.mark.parametrize(
    ("case", "parameters", "message"),
    [
        ("pca", {"columns": 5, "components": 8}, "PCA refuses these parameters: n_components=8 must be between 0 and"),
        ("random-forest-classifier", {"columns": 4, "classes": 9}, "4 columns hold at most 4 classes"),
        ("nu-svc", {"nu": 0.9, "data": "digits"}, "NuSVC refuses these parameters: specified nu is infeasible"),
        ("kmeans", {"clusters": 256}, "KMeans refuses these parameters: n_samples=100 should be >= n_clusters=256"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path, case, parameters, message):
    with pytest.raises(BadInput, match=message) as refusal:
        check(tmp_path, case, batch=100 if case == "kmeans" else 300, **parameters)
    assert refusal.value.remedy


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"batch": 10}, "an integer from 100 to 10000000|an integer from 100 to 10,000,000"),
        ({"parameters": {"dtype": "float16"}}, "float16"),
        ({"parameters": {"classes": 1}}, "2 to 100"),
    ],
)
def test_ten_rows_one_class_and_float16_are_no_valid_plan(fields, message):
    with pytest.raises(PlanError, match=message):
        make_plan("estimators", "random-forest-classifier", cores=1, **fields)


@pytest.mark.parametrize(
    ("rows", "target", "message"),
    [
        (np.array([[1.0, np.nan]] * 60), np.arange(60) % 2, "column 2 of 2 has missing or infinite values"),
        (np.ones((60, 2)), np.arange(60) % 2, "all columns are constant"),
        (np.random.default_rng(0).random((60, 2)), np.zeros(60), "all rows are of one class"),
        (np.ones((10, 2)), np.arange(10) % 2, "only 10 rows to learn from, and 50 are needed"),
    ],
)
def test_data_that_cannot_be_learned_from_is_refused(rows, target, message):
    with pytest.raises(BadInput, match=message):
        datasets.require_learnable(Job.CLASSES, rows, target)


def test_rows_and_columns_beyond_memory_are_refused_before_anything_is_generated(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: 8 * 2**30)
    with pytest.raises(BadInput, match=r"10,000,000 rows × 100 columns take about .* GiB in both arms") as refusal:
        check(tmp_path, "linear-regression", batch=10_000_000, columns=100)
    assert "Choose at most 470,000 rows" in refusal.value.remedy
    with pytest.raises(BadInput, match=r"30,000 rows × 100 columns"):
        check(tmp_path, "pairwise-distances", batch=30_000, columns=100)


def test_the_largest_rows_fit_and_more_do_not():
    for estimator in (ESTIMATORS["ridge"], ESTIMATORS["pairwise-distances"]):
        largest = memory.find_largest_rows(estimator, 100, 8 * 2**30)
        assert memory.estimate_bytes(estimator, largest, 100) <= 8 * 2**30
        assert memory.estimate_bytes(estimator, round(1.2 * largest), 100) > 8 * 2**30
    assert memory.find_largest_rows(ESTIMATORS["ridge"], 100, 2**20) == 0


def test_the_check_runs_in_a_process_of_its_own_and_the_command_line_prints_its_sentence(capsys):
    check_in_process(make_plan("estimators", "ridge", cores=1, batch=200))
    options = ["--cores", "1", "--batch", "200", "--set", "components=200"]
    assert main(["run", "estimators", "--case", "pca", *options]) == 2
    captured = capsys.readouterr()
    assert "PCA refuses these parameters" in captured.err and "Traceback" not in captured.err and not captured.out
