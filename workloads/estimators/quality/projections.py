"""Rows that components recreate, and maps of rows (embeddings)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.quality.assessment import (
    Array,
    Assessment,
    assess_error,
    check_gain,
    describe_selection,
    to_dense,
)

MAX_EMBEDDED_ROWS = 1_000
"""Rows of an embedding that are judged: every one is compared with every other."""
TRUST_NEIGHBOURS = 5
"""Neighbours of the trustworthiness of an embedding, as in scikit-learn."""


def assess_components(model: Any, transformed: Array, data: Data) -> Assessment:
    """The error of the rows that the components recreate."""
    rows = to_dense(data.test)
    recreated = np.asarray(transformed, np.float64) @ np.asarray(model.components_, np.float64) + model.mean_
    errors = ((rows - recreated) ** 2).mean(axis=1)
    arrays = {"components": np.asarray(model.components_)}
    trivial = float(((rows - np.asarray(data.train.mean(axis=0), np.float64).ravel()) ** 2).mean())
    label, how = "mean squared error of recreated rows", "recreating every row as the mean"
    return assess_error("mse", label, errors, arrays, trivial, how)


def assess_embedding(embedded: Array, data: Data) -> Assessment:
    """Trustworthiness: whether neighbours in the map are neighbours in the data. After Venna and Kaski (2001)."""
    # The rows are in a random order already.
    count = min(len(embedded), MAX_EMBEDDED_ROWS)
    neighbours = min(TRUST_NEIGHBOURS, count // 4)
    rows = np.asarray(data.train[:count], np.float64)
    ranks = np.argsort(np.argsort(_distances(rows), axis=1), axis=1)
    nearest = np.argsort(_distances(np.asarray(embedded[:count], np.float64)), axis=1)[:, 1 : neighbours + 1]
    excess = np.maximum(0, np.take_along_axis(ranks, nearest, axis=1) - neighbours).sum(axis=1)
    scores = 1 - 2 / (neighbours * (2 * count - 3 * neighbours - 1)) * excess
    measure = Measure(
        name="trustworthiness",
        label="trustworthiness",
        value=float(scores.mean()),
        decisive=True,
        loss=LossKind.SCORE,
        max_score=1,
        observations=count,
        observation="row",
        selection=describe_selection(count, len(embedded)),
    )
    measure = check_gain(measure, 0.5, "a map at random")
    return Assessment([measure], {"trustworthiness": scores})


def _distances(rows: Array) -> Array:
    """Squared distances of every row to every other, with the row itself as the nearest."""
    norms = (rows**2).sum(axis=1)
    squares = norms[:, np.newaxis] + norms - 2 * rows @ rows.T
    np.fill_diagonal(squares, -np.inf)
    return squares
