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
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import Job
from workloads.estimators.input_check import check_inputs, measure_near_share


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


def test_the_largest_rows_fit_and_more_do_not(tmp_path):
    for case in ("ridge", "pairwise-distances"):
        settings = make_settings(ESTIMATORS[case], "", tmp_path)
        largest = memory.find_largest_rows(settings, 8 * 2**30)
        assert memory.estimate_bytes(settings, largest) <= 8 * 2**30
        assert memory.estimate_bytes(settings, round(1.2 * largest)) > 8 * 2**30
        assert memory.find_largest_rows(settings, 2**20) == 0


@pytest.mark.parametrize(
    ("case", "parameters"),
    [
        ("pca", {"columns": 10_000}),
        ("ridge", {"columns": 10_000}),
        ("linear-regression", {"columns": 10_000}),
        ("gaussian-mixture", {"columns": 1_000, "clusters": 256}),
        ("random-forest-classifier", {"trees": 2_000, "depth": 100}),
    ],
)
def test_memory_besides_the_rows_is_counted(tmp_path, monkeypatch, case, parameters):
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: 4 * 2**30)
    batch = 100_000 if case == "random-forest-classifier" else 1_000
    settings = make_settings(ESTIMATORS[case], "", tmp_path, batch, **parameters)
    with pytest.raises(BadInput, match="in both arms"):
        memory.require_memory(settings)


def test_the_arm_that_prepares_later_does_not_count_the_memory_of_the_other_again(tmp_path, monkeypatch):
    settings = make_settings(ESTIMATORS["linear-regression"], "stock", tmp_path, 400_000, columns=100)
    needed = memory.estimate_bytes(settings)
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: round(needed / memory.MAX_MEMORY_SHARE))
    memory.require_memory(settings)
    # The other arm has its share now.
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: round(needed / memory.MAX_MEMORY_SHARE) - needed // 2)
    with pytest.raises(BadInput):
        memory.require_memory(settings)
    memory.require_memory(settings, arms=1)


def test_dbscan_counts_the_pairs_within_the_radius(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: 4 * 2**30)
    check(tmp_path, "dbscan", batch=30_000, eps=0.5)
    with pytest.raises(BadInput, match=r"30,000 rows × 3 columns take about"):
        check(tmp_path, "dbscan", batch=30_000, eps=100.0)
    grid = np.arange(5.0)[:, np.newaxis]
    assert measure_near_share(grid, 1.0) == pytest.approx(8 / 20)


def test_exact_t_sne_of_many_rows_is_refused(tmp_path):
    with pytest.raises(BadInput, match="compares all pairs of 10,000 rows") as refusal:
        check(tmp_path, "tsne", batch=10_000, method="exact")
    assert "3,000 rows" in refusal.value.remedy


@pytest.mark.parametrize(
    ("case", "parameters"),
    [
        ("pca", {"columns": 600, "components": 500}),
        ("incremental-pca", {"columns": 600, "components": 500}),
        ("train-test-split", {"classes": 60, "stratify": "yes"}),
        ("nu-svc", {"classes": 50}),
    ],
)
def test_settings_that_need_more_rows_than_the_trial_are_not_refused(tmp_path, case, parameters):
    check(tmp_path, case, batch=10_000, **parameters)


def test_the_check_runs_in_a_process_of_its_own_and_the_command_line_prints_its_sentence(capsys):
    check_in_process(make_plan("estimators", "ridge", cores=1, batch=200))
    options = ["--cores", "1", "--batch", "200", "--set", "components=200"]
    assert main(["run", "estimators", "--case", "pca", *options]) == 2
    captured = capsys.readouterr()
    assert "PCA refuses these parameters" in captured.err and "Traceback" not in captured.err and not captured.out
