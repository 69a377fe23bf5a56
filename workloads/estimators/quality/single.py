"""Whether a row has the same result alone as among all rows, by the same model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from workloads.estimators.datasets import Data
from workloads.estimators.estimator import Job
from workloads.estimators.quality.assessment import RELATIVE_TOLERANCE, Array, to_dense
from workloads.estimators.quality.neighbours import find_tolerances, measure_distances


def compare_single_results(
    job: Job, model: Any, singles: Sequence[Any], batch: Any, numbers: Sequence[int], data: Data
) -> Array:
    """Which results of single rows equal those of the same rows in `batch`, bool of shape (rows,).

    `singles` are the results of calls with one row, `numbers` the rows' places among the held-out ones, `batch` is the
    result of one call with all of them. Labels must be equal. Values and components are equal within
    `RELATIVE_TOLERANCE` of the largest: products of matrices are summed in another order than those of vectors.
    Neighbours are equal if they are the same rows, or others that are as far away.
    """
    if job is Job.NEIGHBOURS:
        pairs = zip(singles, numbers, strict=True)
        return np.array([_has_equal_neighbours(model, single, batch, number, data) for single, number in pairs])
    found, expected = np.concatenate([np.asarray(single) for single in singles]), np.asarray(batch)[list(numbers)]
    if job not in (Job.VALUES, Job.COMPONENTS):
        return np.asarray(found == expected)
    scale = float(np.abs(np.asarray(batch, np.float64)).max()) or 1.0
    near = np.abs(found.astype(np.float64) - expected) <= RELATIVE_TOLERANCE * scale
    return np.asarray(near.reshape(len(found), -1).all(axis=1))


def _has_equal_neighbours(model: Any, single: Any, batch: Any, number: int, data: Data) -> bool:
    """`single` is the result for the row alone, `batch` that for all rows: distances and rows."""
    rows, expected = np.asarray(single[1])[0], np.asarray(batch[1])[number]
    if np.array_equal(np.sort(rows), np.sort(expected)):
        return True
    point, metric = to_dense(data.test[number : number + 1]), str(model.effective_metric_)
    neighbours = [to_dense(data.train[found]) for found in (rows, expected)]
    near, far = (np.sort(measure_distances(point, found, metric)) for found in neighbours)
    tolerance = find_tolerances(point, neighbours[0], np.finfo(data.train.dtype).eps).max()
    return bool((np.abs(near - far) <= tolerance + RELATIVE_TOLERANCE * far).all())
