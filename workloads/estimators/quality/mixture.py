"""Mixtures of normal distributions: how likely held-out rows are under the fitted parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.quality.assessment import MAX_NUMBERS, Array, Assessment, inform, to_dense
from workloads.estimators.quality.clusters import describe_clusters

MIN_GAIN_NATS = 0.1
"""Least gain in log-likelihood over one normal distribution. With less, a row is nearly as likely under that."""
REGULARIZATION = 1e-6
"""Added to the variances of the one distribution, as scikit-learn adds it to those of a mixture (`reg_covar`)."""
TIE_NATS = 1e-3
"""A row may be assigned to each of two components whose log-likelihoods differ by less: float32 computes no finer."""


def assess_mixture(model: Any, labels: Array, data: Data) -> Assessment:
    """The mean log-likelihood of held-out rows, as the gain over that of one normal distribution around all rows, and
    whether each row was assigned to its most likely component.

    Both are computed from the fitted weights, means and covariances, not by the library. A log-likelihood alone has no
    scale: it changes with the unit of the columns, so that a share of it means nothing. The gain does not.
    """
    joint = measure_log_densities(
        data.test,
        np.asarray(model.weights_, np.float64),
        np.asarray(model.means_, np.float64),
        np.asarray(model.covariances_, np.float64),
    )
    largest = joint.max(axis=1)
    likelihoods = largest + np.log(np.exp(joint - largest[:, np.newaxis]).sum(axis=1))
    gains = likelihoods - _measure_one(data)
    gain = Measure(
        name="likelihood-gain",
        label="log-likelihood of held-out rows above that of one normal distribution",
        value=float(gains.mean()),
        unit="nats per row",
        decisive=True,
        loss=LossKind.GAIN,
        observations=len(gains),
        observation="row",
    )
    if gain.value < MIN_GAIN_NATS:
        gain = gain.model_copy(
            update={
                "bias": "one normal distribution around all rows is nearly as likely, so this data could not show a "
                "loss of quality",
                "bias_remedy": "Choose less noise, more rows, or another number of clusters.",
            }
        )
    assigned = np.take_along_axis(joint, np.asarray(labels, np.int64)[:, np.newaxis], axis=1)[:, 0]
    right = assigned >= largest - TIE_NATS
    share = Measure(
        name="assigned-right",
        label="held-out rows assigned to their most likely component",
        value=100 * float(right.mean()),
        unit="%",
        decisive=True,
        loss=LossKind.EQUALITY,
        observations=len(right),
        observation="row",
    )
    likelihood = inform(
        "likelihood", "mean log-likelihood of held-out rows", float(likelihoods.mean()), unit="nats per row"
    )
    return Assessment(
        [gain, share, likelihood, *describe_clusters(labels, data.test_groups)],
        {gain.name: gains},
        {"labels": labels},
    )


def measure_log_densities(rows: Any, weights: Array, means: Array, covariances: Array) -> Array:
    """The logarithm of weight times density of each row in each component, float64 of shape (rows, components).

    `weights` has shape (components,), `means` (components, columns), `covariances` (components, columns, columns).
    Weights are divided by their sum: larger ones would make every row more likely. Raises numpy.linalg.LinAlgError if
    a covariance is not positive definite.
    """
    shares = weights / weights.sum()
    found = np.empty((rows.shape[0], len(shares)))
    size = max(1, MAX_NUMBERS // rows.shape[1])
    for component, (mean, covariance) in enumerate(zip(means, covariances, strict=True)):
        factor = np.linalg.cholesky(covariance)
        constant = np.log(shares[component]) - np.log(np.diag(factor)).sum() - len(mean) / 2 * np.log(2 * np.pi)
        for first in range(0, len(found), size):
            part = slice(first, first + size)
            scaled = solve_triangular(factor, (to_dense(rows[part]) - mean).T, lower=True)
            found[part, component] = constant - (scaled**2).sum(axis=0) / 2
    return found


def _measure_one(data: Data) -> Array:
    """The log-likelihood of each held-out row under the normal distribution with mean and covariance of the rows that
    were learned from, shape (rows,)."""
    rows = to_dense(data.train)
    mean = rows.mean(axis=0)
    covariance = np.atleast_2d(np.cov(rows, rowvar=False, bias=True)) + REGULARIZATION * np.eye(len(mean))
    return measure_log_densities(data.test, np.ones(1), mean[np.newaxis], covariance[np.newaxis])[:, 0]
