"""Single-row predictions: requests of a fitted model, in the arm and in real races."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.neighbors import NearestNeighbors

from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.values.base import Arm
from bench.values.quality import LossKind
from bench.workload.registry import load_workloads
from tests.support.estimator_paths import NoClock, make_settings
from tests.support.runs import open_plan, run_race
from workloads.estimators.arm import EstimatorArm
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.datasets import Data
from workloads.estimators.estimator import Job
from workloads.estimators.input_check import check_inputs
from workloads.estimators.quality import compare_single_results

WORKLOAD = load_workloads()["estimators"]
needs_extension = pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable())
SINGLE = {"predictions": "single"}


class CountingClock(NoClock):
    """Calls each step so often, and keeps its name."""

    def __init__(self, calls: int) -> None:
        self.calls, self.steps = calls, []

    def __call__(self, step, work):
        self.steps.append(step)
        return [work() for _ in range(self.calls)][-1]


def prepare_arm(tmp_path, case: str, **parameters) -> tuple[EstimatorArm, dict]:
    arm = EstimatorArm(make_settings(ESTIMATORS[case], "stock", tmp_path, **(SINGLE | parameters)))
    return arm, arm.prepare(lambda text, share=None: None)


def test_the_model_is_fitted_once_and_every_call_gets_one_row(tmp_path, monkeypatch):
    arm, prepared = prepare_arm(tmp_path, "ridge")
    assert prepared["work"] == 1 and not prepared["step_work"]
    assert prepared["facts"]["fit"].startswith("once") and prepared["facts"]["fit"].endswith("not raced")
    inputs = {entry.label: entry.text for entry in prepared["inputs"]}
    assert inputs["Requests"] == "1 row each, one request after another, 160 different rows"
    model, seen = arm.requests.model, []
    monkeypatch.setattr(model, "fit", lambda *arguments: pytest.fail("it is fitted again"))
    predict = model.predict
    monkeypatch.setattr(arm.requests, "_call", lambda rows: seen.append(rows) or predict(rows))
    clock = CountingClock(5)
    arm.repeat(0, clock)
    assert clock.steps == ["predict-row"] and [rows.shape for rows in seen] == [(1, 12)] * 5
    arm.repeat(1, clock)
    first, second = (np.concatenate(seen[start : start + 5]) for start in (0, 5))
    assert not np.array_equal(first, second), "another repetition has other rows"
    other, _ = prepare_arm(tmp_path, "ridge")
    rows = []
    monkeypatch.setattr(other.requests, "_call", lambda row: rows.append(row) or predict(row))
    other.repeat(1, CountingClock(5))
    assert np.array_equal(np.concatenate(rows), second), "the same repetition has the same rows in every arm"


@pytest.mark.parametrize(
    ("case", "predictions", "jobs", "threads"),
    [
        ("random-forest-classifier", "single", 1, "n_jobs=1 for one row, 2 in fit"),
        ("random-forest-classifier", "single-jobs", 2, "n_jobs=2"),
        ("linear-regression", "single", 2, "n_jobs=2, and BLAS with 2 threads"),
    ],
)
def test_joblib_has_one_job_for_a_row_unless_all_are_asked_for(tmp_path, case, predictions, jobs, threads):
    settings = make_settings(ESTIMATORS[case], "stock", tmp_path, predictions=predictions)
    arm = EstimatorArm(replace(settings, cores=2))
    inputs = {entry.label: entry.text for entry in arm.prepare(lambda text, share=None: None)["inputs"]}
    assert arm.requests.model.n_jobs == jobs and inputs["Stock threads"] == threads
    code = resolve(make_plan("estimators", case, cores=1, parameters={"predictions": predictions})).case.code_choices
    assert ("model.n_jobs = 1" in code[predictions].before) == (case.startswith("random") and jobs == 1)


@pytest.mark.parametrize(
    ("case", "parameters"),
    [
        ("random-forest-classifier", {}),
        ("ridge", {"dtype": "float32"}),
        ("kmeans", {"layout": "sparse"}),
        ("pca", {}),
        ("nearest-neighbours", {"dtype": "float32"}),
        ("gaussian-mixture", {}),
    ],
)
def test_rows_alone_have_the_results_that_they_have_among_all(tmp_path, case, parameters):
    arm, _ = prepare_arm(tmp_path, case, **parameters)
    arm.repeat(0, CountingClock(40))
    measures = {measure.name: measure for measure in arm.conclude()[0]}
    equal = measures["requests-equal"]
    assert (equal.value, equal.decisive, equal.loss, equal.observations) == (100, True, LossKind.EQUALITY, 40)
    assert not any(measure.same_work for measure in measures.values()), "fit is not raced"
    others = [measure for measure in measures.values() if measure.decisive and measure is not equal]
    assert all(measure.observations == 160 for measure in others) and others, "all held-out rows are judged as well"


def compare(job: Job, singles, batch, model=None, data=None) -> list[bool]:
    return compare_single_results(job, model, singles, batch, range(len(singles)), data).tolist()


def test_another_result_of_a_row_alone_is_found():
    labels = [np.array([1]), np.array([2])]
    assert compare(Job.CLASSES, labels, np.array([1, 3, 3])) == [True, False]
    values = [np.array([1.0], np.float32), np.array([500.0], np.float32), np.array([np.nan], np.float32)]
    batch = np.array([1.001, 501.0, 3.0, 1000.0], np.float32)
    assert compare(Job.VALUES, values, batch) == [True, False, False], "relative to the largest prediction"
    components = [np.array([[1.0, 2.0]]), np.array([[1.0, 2.0]])]
    assert compare(Job.COMPONENTS, components, np.array([[1.0, 2.0], [1.0, 3.0]])) == [True, False]


def test_other_neighbours_are_found_unless_they_are_as_near():
    train = np.array([[0.0], [1.0], [1.0], [5.0]])
    data = Data(train, np.zeros(4), np.array([[0.1], [0.1]]), np.zeros(2), None, "made for a test")
    model = NearestNeighbors(n_neighbors=2).fit(train)
    batch = model.kneighbors(data.test)
    assert compare(Job.NEIGHBOURS, [(None, [[0, 2]]), (None, [[0, 3]])], batch, model, data) == [True, False]


def test_a_plan_of_single_rows_is_checked_with_all_parameters(tmp_path):
    from bench.workload.interface import BadInput

    settings = make_settings(ESTIMATORS["pca"], "", tmp_path, 300, columns=5, components=8, **SINGLE)
    with pytest.raises(BadInput, match="PCA refuses these parameters"):
        check_inputs(settings)
    check_inputs(make_settings(ESTIMATORS["pca"], "", tmp_path, 300, **SINGLE))


def test_the_code_shows_one_row_and_fit_outside_of_the_loop():
    plan = make_plan("estimators", "svc", cores=1, parameters=SINGLE)
    case = resolve(plan).case
    assert case.code_for(plan.parameters).after.endswith(
        "model.fit(X, y)\n\nfor row in requests:  # 1 row of X_test each\n    prediction = model.predict(row)\n"
    )
    assert case.code_for({}) == case.code
    assert [step.name for step in resolve(plan).steps] == ["predict-row"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    plan = make_plan("estimators", "ridge", cores=1, batch=400, budget_s=6, target=0.3, parameters=SINGLE)
    return run_race(open_plan(plan), tmp_path_factory.mktemp("race")).record


@needs_extension
def test_a_race_of_single_rows_has_the_percentiles_of_its_requests(run):
    assert run.state is State.FINISHED, run.failure
    assert [step.label for step in run.snapshot.steps] == ["predict, one row"] and run.snapshot.unit == "requests"
    total, step = run.statistics
    for arm in Arm:
        summary = total.summary(arm)
        assert summary.requests >= 662 and summary.p50 <= summary.p90 <= summary.p99
        assert summary == step.summary(arm).model_copy(update={"effective_cores": summary.effective_cores})
        assert summary.throughput == pytest.approx(1 / summary.median)
    assert run.quality.differences and {measure.name for measure in run.quality.accelerated if measure.decisive} == {
        "mse",
        "requests-equal",
    }


@needs_extension
def test_both_witnesses_of_single_rows_agree_and_the_timed_ones_are_not_logged(run):
    [evidence] = run.evidence[Arm.ACCELERATED]
    assert (evidence.step, evidence.path, evidence.reason) == ("predict-row", "accelerated", "")
    assert any("onedal." in word for word in evidence.words)
    # One logged request for each repetition, and the traced one.
    repetitions = sum(sample.arm is Arm.ACCELERATED for sample in run.samples)
    assert evidence.calls == repetitions + 1
