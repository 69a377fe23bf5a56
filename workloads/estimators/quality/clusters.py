"""Clusters: their distance to centres, or whether both arms find the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.quality.assessment import MAX_NUMBERS, Array, Assessment, assess_error, inform, to_dense

MIN_RAND_INDEX = 0.99
"""Least adjusted Rand index of two clusterings that count as equal: of points on the edge of two clusters, DBSCAN
chooses by the order of the rows."""
MAX_CLUSTER_SHARE = 0.95
"""Larger shares of the rows in one cluster (or of noise) make any two clusterings look alike."""


def assess_clusters(model: Any, labels: Array, data: Data) -> Assessment:
    """How near the held-out rows are to the centres of their clusters."""
    centres = np.asarray(model.cluster_centers_, np.float64)
    mean = np.asarray(data.train.mean(axis=0), np.float64).reshape(1, -1)
    errors = measure_spread(data.test, centres, labels)
    trivial = float(measure_spread(data.test, mean, np.zeros(len(labels), int)).mean())
    label = "mean squared distance of held-out rows to the centre of their cluster"
    assessment = assess_error(
        "held-out-inertia", label, errors, {"labels": labels}, trivial, "one cluster around the mean"
    )
    assessment.measures += describe_clusters(labels, data.test_groups)
    return assessment


def measure_spread(rows: Any, centres: Array, labels: Array) -> Array:
    """The squared distance of each row, dense or sparse, to the centre with its label: float64 of shape (rows,)."""
    errors = np.empty(rows.shape[0])
    size = max(1, MAX_NUMBERS // rows.shape[1])
    for first in range(0, len(errors), size):
        part = slice(first, first + size)
        errors[part] = ((to_dense(rows[part]) - centres[labels[part]]) ** 2).sum(axis=1)
    return errors


def assess_density(labels: Array, data: Data) -> Assessment:
    """Clusters of dense regions have no centres: they are judged by how far those of both arms agree."""
    return Assessment(describe_clusters(labels, data.groups), arrays={"clusters": labels})


def describe_clusters(labels: Array, groups: Array | None) -> list[Measure]:
    measures = [inform("clusters", "clusters", float(len(np.unique(labels[labels >= 0]))))]
    if groups is not None:
        label = "adjusted Rand index with the groups of the data"
        measures.append(inform("groups-index", label, adjusted_rand_index(labels, groups)))
    return measures


def compare_labels(first: Array, second: Array) -> Measure:
    return inform("rand-index", "adjusted Rand index of both arms", adjusted_rand_index(first, second))


def add_equal_clusters(comparison: Assessment, first: Array, second: Array) -> None:
    """Whether two clusterings are equal. Nothing is added if nearly all rows of the first are in one cluster, or noise:
    then equality shows nothing."""
    if np.unique(first, return_counts=True)[1].max() > MAX_CLUSTER_SHARE * len(first):
        return
    is_equal = adjusted_rand_index(first, second) >= MIN_RAND_INDEX
    label = f"equal clusters (adjusted Rand index of both arms at least {MIN_RAND_INDEX:g})"
    comparison.measures.append(
        inform("equal-clusters", label, 100.0 * is_equal, unit="%", decisive=True, loss=LossKind.EQUALITY)
    )


def adjusted_rand_index(first: Array, second: Array) -> float:
    """How far two clusterings agree: 1 if they are equal, about 0 for random ones. After Hubert and Arabie (1985)."""
    _, one = np.unique(first, return_inverse=True)
    _, other = np.unique(second, return_inverse=True)
    table = np.zeros((one.max() + 1, other.max() + 1))
    np.add.at(table, (one, other), 1)
    pairs, rows, columns = (float((part * (part - 1) / 2).sum()) for part in (table, table.sum(1), table.sum(0)))
    expected = rows * columns / max(1.0, len(first) * (len(first) - 1) / 2)
    largest = (rows + columns) / 2
    return 1.0 if largest == expected else (pairs - expected) / (largest - expected)
