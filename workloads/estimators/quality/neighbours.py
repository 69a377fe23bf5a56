"""Nearest neighbours: their distances, computed again."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.quality.assessment import (
    RELATIVE_TOLERANCE,
    Array,
    Assessment,
    assess_error,
    describe_selection,
    draw_rows,
    to_dense,
)

MAX_JUDGED_ROWS = 2_000
"""Rows whose neighbours are judged by distances that are computed again."""
ROUNDINGS = 64
"""Roundings of a sum of squares that may add up."""


def assess_neighbours(model: Any, result: tuple[Array, Array], data: Data, seed: int) -> Assessment:
    """How far the neighbours are that the arm found, computed again, because reported distances prove nothing."""
    reported, rows = (np.asarray(part) for part in result)
    total, metric = data.train.shape[0], str(model.effective_metric_)
    judged = draw_rows(len(rows), MAX_JUDGED_ROWS, seed)
    rng = np.random.default_rng(seed)
    distances, tolerances, random = (np.empty((len(judged), rows.shape[1])) for _ in range(3))
    for place, row in enumerate(judged):
        point = to_dense(data.test[row : row + 1])
        neighbours = to_dense(data.train[np.clip(rows[row], 0, total - 1)])
        distances[place] = measure_distances(point, neighbours, metric)
        tolerances[place] = find_tolerances(point, neighbours, np.finfo(data.train.dtype).eps)
        others = to_dense(data.train[rng.integers(0, total, rows.shape[1])])
        random[place] = measure_distances(point, others, metric)
    sampled = np.sort(rows[judged], axis=1)
    is_row = (sampled[:, 0] >= 0) & (sampled[:, -1] < total)
    is_distinct = (np.diff(sampled, axis=1) > 0).all(axis=1)
    # Written this way round, so that NaN is wrong.
    is_reported = (np.abs(reported[judged] - distances) <= tolerances + RELATIVE_TOLERANCE * distances).all(axis=1)
    right = is_row & is_distinct & is_reported
    assessment = assess_error(
        "distance",
        "mean distance of neighbours",
        distances.mean(axis=1),
        {"rows": rows},
        float(random.mean()),
        "choosing neighbours at random",
        len(rows),
    )
    assessment.measures.append(
        Measure(
            name="neighbours-right",
            label="rows whose neighbours are all different, and as far away as reported",
            value=100 * float(right.mean()),
            unit="%",
            decisive=True,
            loss=LossKind.EQUALITY,
            observations=len(right),
            observation="row",
            selection=describe_selection(len(right), len(rows)),
        )
    )
    return assessment


def measure_distances(point: Array, rows: Array, metric: str) -> Array:
    """The distance of a point, (1, columns), to each of the rows, as scikit-learn defines the metric."""
    differences = np.abs(rows - point)
    if metric == "euclidean":
        return np.sqrt((differences**2).sum(axis=1))
    if metric == "canberra":
        # 0 / 0 counts as 0.
        sums = np.abs(rows) + np.abs(point)
        differences = np.divide(differences, sums, out=np.zeros_like(sums), where=sums > 0)
    elif metric != "manhattan":
        raise ValueError(f"no distance is defined for the metric {metric!r}")
    return differences.sum(axis=1)


def find_tolerances(point: Array, rows: Array, epsilon: float) -> Array:
    """How far a distance may be off that is computed as the root of a² + b² - 2ab, from the rounding of each part."""
    norms = (point**2).sum() + (rows**2).sum(axis=1)
    return np.sqrt(ROUNDINGS * epsilon * norms)
