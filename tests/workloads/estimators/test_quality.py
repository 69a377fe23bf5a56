"""The measures of quality, compared with those of scikit-learn."""

from __future__ import annotations

import copy

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.manifold import trustworthiness
from sklearn.metrics import (
    adjusted_rand_score,
    balanced_accuracy_score,
    mean_squared_error,
    pairwise_distances,
    r2_score,
)
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import NearestNeighbors

from bench.race.measure_differences import compare_measures as compare_scores_of
from bench.values.base import Arm
from bench.values.quality import LossKind, Measure
from bench.workload.scores import write_scores
from workloads.estimators.datasets import Data
from workloads.estimators.estimator import Job
from workloads.estimators.quality import (
    adjusted_rand_index,
    assess,
    compare_results,
    functions,
    inspect_model,
    measure_distances,
    neighbours,
)

RNG = np.random.default_rng(0)


def make_rows(train, target) -> Data:
    return Data(train, target, train, target, None, "made for a test")


def test_the_rand_index_is_that_of_scikit_learn():
    first, second = RNG.integers(-1, 4, (2, 200))
    assert adjusted_rand_index(first, second) == pytest.approx(adjusted_rand_score(first, second))
    assert adjusted_rand_index(first, (first + 3) % 7) == 1.0


def test_trustworthiness_is_that_of_scikit_learn():
    rows = RNG.standard_normal((150, 6))
    embedded = rows[:, :2] + RNG.standard_normal((150, 2))
    [measure] = assess(Job.EMBEDDING, None, embedded, make_rows(rows, np.zeros(150)), is_held_out=False).measures
    assert measure.value == pytest.approx(trustworthiness(rows, embedded, n_neighbors=5))


def test_the_errors_of_values_are_those_of_scikit_learn():
    truth, predicted = RNG.standard_normal((2, 100))
    measures = assess(Job.VALUES, None, predicted, make_rows(truth[:, None], truth), is_held_out=True).measures
    values = {measure.name: measure.value for measure in measures}
    assert values["mse"] == pytest.approx(mean_squared_error(truth, predicted))
    assert values["r2"] == pytest.approx(r2_score(truth, predicted))


def assess_measures(job: Job, model, result, data: Data, *, is_held_out: bool = True) -> dict[str, Measure]:
    return {measure.name: measure for measure in assess(job, model, result, data, is_held_out=is_held_out).measures}


def compare_measures(job: Job, baseline, accelerated) -> dict[str, Measure]:
    return {measure.name: measure for measure in compare_results(job, baseline, accelerated).measures}


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "canberra"])
def test_distances_are_those_of_scikit_learn(metric):
    rows = RNG.standard_normal((20, 4))
    rows[3] = rows[0, 0] = 0.0
    expected = pairwise_distances(rows[:1], rows, metric=metric)[0]
    assert measure_distances(rows[:1], rows, metric) == pytest.approx(expected)


class TestNeighbours:
    TRAIN, TEST = RNG.standard_normal((200, 6)), RNG.standard_normal((50, 6))
    DATA = Data(TRAIN, np.zeros(200), TEST, np.zeros(50), None, "made for a test")
    MODEL = NearestNeighbors(n_neighbors=3).fit(TRAIN)
    DISTANCES, ROWS = MODEL.kneighbors(TEST)

    def measure(self, distances, rows):
        measures = assess_measures(Job.NEIGHBOURS, self.MODEL, (distances, rows), self.DATA)
        assert measures["distance"].loss is LossKind.ERROR and measures["neighbours-right"].loss is LossKind.EQUALITY
        assert all(measure.decisive for measure in measures.values())
        return measures["distance"].value / self.DISTANCES.mean(), measures["neighbours-right"].value

    def test_of_stock_are_right(self):
        assert self.measure(self.DISTANCES, self.ROWS) == (pytest.approx(1.0), 100)

    def test_reported_distances_of_zero_are_not_believed(self):
        assert self.measure(np.zeros_like(self.DISTANCES), self.ROWS) == (pytest.approx(1.0), 0)
        assert self.measure(np.full_like(self.DISTANCES, np.nan), self.ROWS) == (pytest.approx(1.0), 0)

    def test_one_neighbour_repeated_is_refused(self):
        nearest = np.repeat(self.ROWS[:, :1], 3, axis=1), np.repeat(self.DISTANCES[:, :1], 3, axis=1)
        assert self.measure(nearest[1], nearest[0])[1] == 0

    def test_wrong_rows_at_plausible_distances_are_refused(self):
        error, right = self.measure(self.DISTANCES, (self.ROWS + 1) % 200)
        assert error > 1.5 and right == 0
        assert self.measure(self.DISTANCES, self.ROWS + 200)[1] == 0

    def test_wrong_rows_at_their_true_distances_have_a_larger_error(self):
        rows = (self.ROWS + 1) % 200
        true = np.linalg.norm(self.TRAIN[rows] - self.TEST[:, np.newaxis], axis=2)
        error, _ = self.measure(true, rows)
        assert error > 1.5

    def test_of_many_rows_some_are_drawn_and_named(self, monkeypatch):
        monkeypatch.setattr(neighbours, "MAX_JUDGED_ROWS", 20)
        measure = assess_measures(Job.NEIGHBOURS, self.MODEL, (self.DISTANCES, self.ROWS), self.DATA)["distance"]
        assert (measure.observations, measure.selection) == (20, "drawn at random of 50")


class TestClusters:
    ROWS, GROUPS = make_blobs(400, 3, centers=8, random_state=0)
    DATA = Data(ROWS[:200], GROUPS[:200], ROWS[200:], GROUPS[200:], None, "made for a test")

    def measure(self, model, labels):
        return assess_measures(Job.CLUSTERS, model, labels, self.DATA)["held-out-inertia"]

    def test_k_means_is_judged_by_the_inertia_of_held_out_rows(self):
        model = KMeans(8, n_init=10, random_state=0).fit(self.DATA.train)
        measure = self.measure(model, model.predict(self.DATA.test))
        assert 200 * measure.value == pytest.approx(-model.score(self.DATA.test))
        assert measure.loss is LossKind.ERROR and measure.decisive and not measure.bias

    def test_wrong_labels_and_wrong_centres_have_a_larger_error_however_many_clusters_there_are(self):
        model = KMeans(100, n_init=1, random_state=0).fit(self.DATA.train)
        labels = model.predict(self.DATA.test)
        right = self.measure(model, labels).value
        assert self.measure(model, (labels + 1) % 100).value > 2 * right
        model.cluster_centers_[:] = model.cluster_centers_.mean(axis=0)
        merged = self.measure(model, labels)
        assert merged.value > 2 * right and "one cluster around the mean" in merged.bias

    def test_dbscan_is_judged_by_whether_both_arms_agree(self):
        labels = self.GROUPS
        same = compare_measures(Job.CLUSTERS, {"clusters": labels}, {"clusters": (labels + 3) % 8})["equal-clusters"]
        assert (same.value, same.decisive, same.loss) == (100, True, LossKind.EQUALITY)
        for other in (np.arange(400), np.zeros(400, int), np.roll(labels, 1)):
            assert (
                compare_measures(Job.CLUSTERS, {"clusters": labels}, {"clusters": other})["equal-clusters"].value == 0
            )

    def test_noise_only_in_both_arms_shows_nothing(self):
        noise = {"clusters": np.full(400, -1)}
        assert not any(measure.decisive for measure in compare_measures(Job.CLUSTERS, noise, noise).values())


class TestMixture:
    ROWS, GROUPS = make_blobs(600, 3, centers=4, random_state=0)
    DATA = Data(ROWS[:300], GROUPS[:300], ROWS[300:], GROUPS[300:], None, "made for a test")
    MODEL = GaussianMixture(4, n_init=5, random_state=0).fit(DATA.train)
    LABELS = MODEL.predict(DATA.test)

    def measure(self, labels=None, **parameters) -> dict[str, Measure]:
        model = copy.copy(self.MODEL)
        for name, value in parameters.items():
            setattr(model, name, value)
        return assess_measures(Job.MIXTURE, model, self.LABELS if labels is None else labels, self.DATA)

    def test_is_judged_by_the_likelihood_of_held_out_rows(self):
        measures, one = self.measure(), GaussianMixture(1).fit(self.DATA.train)
        gain, likelihood = measures["likelihood-gain"], measures["likelihood"]
        assert likelihood.value == pytest.approx(self.MODEL.score(self.DATA.test)) and not likelihood.decisive
        assert gain.value == pytest.approx(self.MODEL.score(self.DATA.test) - one.score(self.DATA.test))
        assert gain.decisive and gain.loss is LossKind.GAIN and gain.observations == 300 and not gain.bias
        assert measures["assigned-right"].value == 100 and measures["assigned-right"].loss is LossKind.EQUALITY

    def test_reported_scores_weights_and_factors_are_not_believed(self):
        expected = self.measure()["likelihood-gain"].value
        faked = self.measure(
            weights_=100 * self.MODEL.weights_,
            precisions_cholesky_=100 * self.MODEL.precisions_cholesky_,
            score=lambda rows: 1e6,
            lower_bound_=1e6,
        )
        assert faked["likelihood-gain"].value == pytest.approx(expected)

    def test_other_means_and_wide_covariances_are_less_likely(self):
        expected = self.measure()["likelihood-gain"].value
        assert self.measure(means_=self.MODEL.means_ + 1)["likelihood-gain"].value < 0.9 * expected
        assert self.measure(covariances_=3 * self.MODEL.covariances_)["likelihood-gain"].value < 0.9 * expected
        assert self.measure(labels=(self.LABELS + 1) % 4)["assigned-right"].value == 0

    def test_a_mixture_that_is_no_better_than_one_distribution_is_marked(self):
        merged = self.measure(
            means_=np.repeat(self.DATA.train.mean(axis=0)[np.newaxis], 4, axis=0),
            covariances_=np.repeat(np.cov(self.DATA.train, rowvar=False)[np.newaxis], 4, axis=0),
        )["likelihood-gain"]
        assert abs(merged.value) < 0.1 and "one normal distribution" in merged.bias and merged.bias_remedy

    def test_a_loss_of_one_percent_of_the_gain_is_judged_by_its_interval(self, tmp_path):
        worse = copy.copy(self.MODEL)
        worse.covariances_ = 2 * self.MODEL.covariances_
        arms = [assess(Job.MIXTURE, m, self.LABELS, self.DATA, is_held_out=True) for m in (self.MODEL, worse)]
        folders = {arm: tmp_path / arm for arm in Arm}
        for folder, assessment in zip(folders.values(), arms, strict=True):
            folder.mkdir()
            write_scores(folder, assessment.scores)
        [difference] = compare_scores_of(arms[0].measures, arms[1].measures, folders, seed=0)
        assert difference.higher_is_better and difference.largest is None
        assert 0.01 < difference.loss.low < difference.loss.value < 1


def test_outliers_are_judged_by_balanced_accuracy():
    truth = np.where(np.arange(200) < 10, -1, 1)
    data = make_rows(RNG.standard_normal((200, 2)), truth)
    found = np.where(np.arange(200) < 5, -1, 1)
    found[-3:] = -1
    measure = assess_measures(Job.OUTLIERS, None, found, data)["balanced-accuracy"]
    assert measure.value == pytest.approx(100 * balanced_accuracy_score(truth, found))
    assert measure.decisive and not measure.bias
    none = assess_measures(Job.OUTLIERS, None, np.ones(200), data)["balanced-accuracy"]
    assert none.value == pytest.approx(50) and "calling no row an outlier" in none.bias


def split(rows, targets) -> dict:
    parts = (rows[:8], rows[8:], targets[:8], targets[8:])
    return assess(Job.SPLIT, None, parts, make_rows(rows, targets), is_held_out=False).arrays


def test_a_split_with_other_rows_or_other_targets_is_found():
    rows, targets = np.arange(20.0).reshape(10, 2), np.arange(10)
    baseline = split(rows, targets)

    def compare(other) -> list[float]:
        measures = compare_measures(Job.SPLIT, baseline, other)
        assert all(measure.decisive for measure in measures.values())
        return [measures[name].value for name in ("train-rows", "test-rows")]

    assert compare(split(rows.copy(), targets.copy())) == [100, 100]
    assert compare(split(rows[::-1], targets[::-1])) == [0, 0]
    assert compare(split(rows, targets[::-1])) == [0, 0], "the rows are the same, and the targets are not"
    assert compare(split(rows, np.where(targets == 9, 8, targets))) == [100, 50]
    assert compare({name: digests[:1] for name, digests in baseline.items()}) == [0, 0]


def test_distances_of_rows_drawn_at_random_are_compared_and_named(monkeypatch):
    monkeypatch.setattr(functions, "MAX_COMPARED_ROWS", 50)
    values = RNG.random((1_000, 4))
    data = make_rows(values, np.zeros(1_000))
    wrong = np.where(np.arange(1_000)[:, np.newaxis] < 500, values, 0.0)
    first, second = (assess(Job.DISTANCES, None, result, data, is_held_out=False).arrays for result in (values, wrong))
    measure = compare_measures(Job.DISTANCES, first, second)["equal"]
    assert 20 < measure.value < 80, "the first 50 rows are equal"
    assert measure.selection == "in 50 rows drawn at random of 1,000" and measure.decisive


def test_probabilities_that_do_not_sum_to_one_refuse_a_claim():
    class Forest:
        def predict_proba(self, rows):
            return np.full((len(rows), 2), 0.5025)

    [measure] = inspect_model(Forest(), make_rows(np.zeros((10, 1)), np.zeros(10)), iterates=False).measures
    assert (measure.value, measure.decisive, measure.loss) == (0, True, LossKind.EQUALITY)


def test_other_support_vectors_are_counted_and_refuse_nothing():
    comparison = compare_results(Job.CLASSES, {"supports": np.array([1, 2, 3])}, {"supports": np.array([2, 3, 4])})
    [measure] = comparison.measures
    assert (measure.value, measure.decisive) == (50.0, False)
