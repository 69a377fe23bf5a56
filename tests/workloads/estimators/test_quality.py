"""The measures of quality, compared with those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score, mean_squared_error, r2_score

from workloads.estimators.catalogue import Job
from workloads.estimators.datasets import Data
from workloads.estimators.quality import adjusted_rand_index, assess, compare_results

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


def test_clusters_are_right_if_their_group_is_the_most_frequent_one_and_noise_is_wrong():
    labels, groups = np.array([0, 0, 0, 1, 1, -1]), np.array([5, 5, 6, 6, 6, 6])
    assessment = assess(Job.CLUSTERS, None, labels, make_rows(labels[:, None], groups), is_held_out=False)
    assert assessment.scores["purity"].tolist() == [True, True, False, True, True, False]


def test_a_split_with_other_rows_is_found():
    rows = np.arange(20.0).reshape(10, 2)
    same = compare_results(Job.SPLIT, {"values": rows}, {"values": rows.copy()})
    other = compare_results(Job.SPLIT, {"values": rows}, {"values": rows[::-1]})
    fewer = compare_results(Job.SPLIT, {"values": rows}, {"values": rows[:9]})
    assert [part.measures[0].value for part in (same, other, fewer)] == [100, 0, 0]
    assert all(part.measures[0].decisive for part in (same, other, fewer))


def test_other_support_vectors_are_counted_and_refuse_nothing():
    comparison = compare_results(Job.CLASSES, {"supports": np.array([1, 2, 3])}, {"supports": np.array([2, 3, 4])})
    [measure] = comparison.measures
    assert (measure.value, measure.decisive) == (50.0, False)
