"""Known differences of the results of scikit-learn-intelex: what they do to the claim of a race."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from bench.claims.verdict import decide_claims
from bench.run.record import Run
from bench.values.claims import Outcome
from bench.values.quality import Measure, Quality
from tests.support.estimator_runs import ACCURACY, make_estimator_run, plan_case
from tests.support.runs import get_finding
from workloads.estimators.datasets import Data
from workloads.estimators.estimator import Job
from workloads.estimators.quality import assess, compare_results, inspect_model

ROWS = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
DATA = Data(ROWS, np.arange(40) % 2, ROWS, np.arange(40) % 2, None, "made for a test")


def judge(case: str, baseline: list[Measure], accelerated: list[Measure], agreement: list[Measure]) -> Run:
    """A race of the case in which all is well but for these measures, with its claims."""
    run = make_estimator_run(plan_case(case))
    run.quality = Quality(baseline=baseline, accelerated=accelerated, agreement=agreement)
    run.claims = decide_claims(run)
    return run


class Forest:
    """A model with probabilities."""

    def __init__(self, probabilities: np.ndarray) -> None:
        self.probabilities = probabilities

    def predict_proba(self, rows):
        return self.probabilities[: len(rows)]


def inspect_forest(probabilities: np.ndarray) -> list[Measure]:
    return [ACCURACY, *inspect_model(Forest(probabilities), DATA, iterates=False).measures]


def test_probabilities_in_float32_that_do_not_sum_to_one_refuse_the_claim():
    """scikit-learn-intelex 3401: votes of many trees, added up in float32."""
    exact = np.full((40, 2), 0.5)
    drifted = np.full((40, 2), [0.5, 0.50003], np.float32)
    assert judge("random-forest-classifier", inspect_forest(exact), inspect_forest(exact), []).claim().made
    refused = judge("random-forest-classifier", inspect_forest(exact), inspect_forest(drifted), [])
    finding = get_finding(refused, "accuracy")
    assert not refused.claim().made and finding.outcome is Outcome.REFUSED
    assert "probabilities sum to 1" in finding.seen


def split(order: np.ndarray) -> dict[str, np.ndarray]:
    rows, targets = ROWS[order], DATA.target[order]
    return assess(Job.SPLIT, None, (rows[:30], rows[30:], targets[:30], targets[30:]), DATA, is_held_out=False).arrays


def test_a_split_into_other_rows_refuses_the_claim():
    """scikit-learn-intelex 2888: train_test_split draws other rows with the same seed."""
    order = np.arange(40)
    same, other = (compare_results(Job.SPLIT, split(order), split(drawn)).measures for drawn in (order, order[::-1]))
    assert judge("train-test-split", [], [], same).claim().made
    refused = judge("train-test-split", [], [], other)
    finding = get_finding(refused, "accuracy")
    assert not refused.claim().made and finding.outcome is Outcome.REFUSED
    assert "rows" in finding.seen


def test_other_support_vectors_are_shown_and_the_claim_depends_on_the_accuracy():
    supports = [{"supports": np.arange(10)}, {"supports": np.arange(5, 15)}]
    agreement = compare_results(Job.CLASSES, *supports).measures
    run = judge("svc", [ACCURACY], [ACCURACY], agreement)
    assert run.claim().made
    [measure] = run.quality.agreement
    assert measure.value == pytest.approx(100 * 5 / 15) and not measure.decisive
