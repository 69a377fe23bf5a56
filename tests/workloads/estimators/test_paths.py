"""Every case in both arms at a tiny size: its path by two witnesses, every forced fallback, quality and agreement."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from bench.paths import ROOT
from bench.workload.registry import load_workloads
from tests.support.estimator_paths import list_trials
from workloads.estimators.catalogue import ESTIMATORS

WORKLOAD = load_workloads()["estimators"]
pytestmark = pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable())
TRIALS = {name: steps for name, _, _, steps in list_trials()}


@pytest.fixture(scope="module")
def arms(tmp_path_factory):
    """What both arms reported of every trial: one process for each, because patching affects the whole process."""
    folder = tmp_path_factory.mktemp("estimators")
    for lever in ("stock", "sklearnex"):
        subprocess.run(
            [sys.executable, "-m", "tests.support.estimator_paths", lever, str(folder)], cwd=ROOT, check=True
        )
    return [json.loads((folder / f"{lever}.json").read_text()) for lever in ("stock", "sklearnex")]


@pytest.mark.parametrize("trial", TRIALS)
def test_only_steps_that_really_ran_accelerated_are_reported_as_such(arms, trial):
    falling_back = TRIALS[trial]
    stock, patched = (arm[trial] for arm in arms)
    assert {item["path"] for item in stock["evidence"]} == {"stock"}
    for item in patched["evidence"]:
        witness = item["words"][-1]
        if item["step"] in falling_back:
            assert item["path"] == "stock" and item["reason"]
            assert "no call reached oneDAL" in witness or "partial" in item["reason"]
        else:
            assert item["path"] == "accelerated", (item["reason"], item["words"])
            assert item["accelerated_calls"] == item["calls"] > 0
            assert "running accelerated version" in " ".join(item["words"])
            assert "onedal." in witness or "daal4py." in witness
    assert stock["data"] == patched["data"]
    assert patched["decisive"]
    assert len({*patched["measures"]} - {*stock["measures"]}) == 0, "both arms have the same measures"


def test_a_fallback_has_the_reason_in_the_words_of_the_library(arms):
    def reason(trial: str, step: str = "fit") -> str:
        return next(item["reason"] for item in arms[1][trial]["evidence"] if item["step"] == step)

    assert "'entropy' criterion is not supported" in reason("random-forest-classifier criterion=entropy")
    assert "oneDAL model was not trained" in reason("random-forest-classifier criterion=entropy", "predict")
    assert "'cholesky' solver is not supported" in reason("ridge solver=cholesky")
    assert "Forced positive coefficients are not supported" in reason("linear-regression positive=positive")
    assert reason("lasso") == "scikit-learn-intelex does not accelerate Lasso"


def test_liblinear_whose_log_says_accelerated_is_a_fallback(arms):
    fit, _ = arms[1]["logistic-regression penalty=l1-liblinear"]["evidence"]
    assert "running accelerated version" in " ".join(fit["words"])
    assert (fit["path"], fit["accelerated_calls"]) == ("stock", 0)
    assert fit["reason"] == "the log says accelerated, but no call reached oneDAL"


def test_a_stock_estimator_with_an_accelerated_part_is_partial(arms):
    fit, predict = arms[1]["gaussian-mixture"]["evidence"]
    assert fit["reason"].startswith("partial") and "onedal.kmeans" in fit["words"][-1]
    assert not predict["reason"].startswith("partial")


def test_the_installed_split_draws_the_rows_of_stock(arms):
    for trial in ("train-test-split", "train-test-split stratify=yes"):
        agreement = arms[1][trial]["agreement"]
        assert (agreement["train-rows"], agreement["test-rows"]) == (100, 100)


def test_exact_methods_agree(arms):
    for name in ("knn-classifier", "linear-regression", "ridge", "pca", "dbscan", "svc", "local-outlier-factor"):
        stock, patched = (arm[name] for arm in arms)
        for measure in patched["decisive"]:
            expected = stock["measures"].get(measure, 100)
            found = (patched["measures"] | patched["agreement"])[measure]
            assert found == pytest.approx(expected, rel=1e-2), measure


def test_k_means_starts_from_the_same_rows_in_both_arms(arms):
    stock, patched = (arm["kmeans"]["measures"]["held-out-inertia"] for arm in arms)
    assert patched == pytest.approx(stock, rel=1e-6)


def test_elkan_is_lloyd_in_one_arm_and_the_evidence_quotes_the_log(arms):
    stock, patched = (arm["kmeans algorithm=elkan"] for arm in arms)
    for item in patched["evidence"]:
        assert "log: oneDAL does not support 'elkan', using 'lloyd' algorithm instead." in item["words"]
    assert patched["bias"] == "oneDAL has no elkan and computes lloyd instead" and not stock["bias"]
    assert not arms[1]["kmeans"]["bias"]
    assert "starting centres" in arms[1]["kmeans start=own"]["bias"]


def test_a_less_exact_algorithm_is_a_reservation_of_the_accelerated_arm(arms):
    for name, text in (("random-forest-classifier", "256 bins"), ("linear-regression", "normal equations")):
        assert text in arms[1][name]["bias"] and not arms[0][name]["bias"]
        assert text in arms[0][name]["facts"]["algorithms"]
    assert not arms[1]["svc"]["bias"] and "thunder" in arms[1]["svc"]["facts"]["algorithms"]


def test_what_the_installed_version_accelerates_has_a_case_and_the_rest_is_a_fallback():
    code = "from workloads.estimators.sklearnex_adapter import list_patched; print(*sorted(list_patched()))"
    listed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    patched = set(listed.stdout.split())
    assert {e.path for e in ESTIMATORS.values() if e.is_patched} <= patched
    assert not {e.path for e in ESTIMATORS.values() if not e.is_patched} & patched
    # Those without a stock counterpart, and helpers that nobody calls for their time.
    without_case = {path for path in patched if "Incremental" in path or "Dummy" in path or "config" in path}
    without_case |= {path for path in patched if path.startswith("sklearn.utils.")}
    assert patched - without_case == {e.path for e in ESTIMATORS.values() if e.is_patched}
