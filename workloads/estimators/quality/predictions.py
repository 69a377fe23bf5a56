"""Classes, values and outliers that an estimator predicts."""

from __future__ import annotations

import numpy as np

from bench.values.quality import LossKind, Measure
from workloads.estimators.datasets import Data
from workloads.estimators.quality.assessment import Array, Assessment, assess_error, assess_right, check_gain, inform


def assess_classes(predictions: Array, data: Data) -> Assessment:
    right = np.asarray(predictions == data.test_target)
    classes, counts = np.unique(data.target, return_counts=True)
    trivial = 100 * float((data.test_target == classes[counts.argmax()]).mean())
    how = "predicting the most frequent class for every row"
    return assess_right("accuracy", "accuracy", right, {"predictions": predictions}, trivial, how)


def assess_values(predictions: Array, data: Data) -> Assessment:
    target = data.test_target.astype(np.float64)
    errors = (predictions.astype(np.float64).ravel() - target) ** 2
    trivial = float(((target - data.target.astype(np.float64).mean()) ** 2).mean())
    how = "predicting the mean for every row"
    assessment = assess_error("mse", "mean squared error", errors, {"values": predictions.ravel()}, trivial, how)
    spread = float(((target - target.mean()) ** 2).mean())
    if spread:
        assessment.measures.append(inform("r2", "R²", 1 - float(errors.mean()) / spread))
    return assessment


def assess_outliers(predictions: Array, data: Data) -> Assessment:
    """Balanced accuracy: the mean of the shares of the outliers and of the other rows that were found. If it is not
    known which rows are outliers, the arms are compared."""
    if data.groups is None:
        found = 100 * float((predictions == -1).mean())
        measures = [inform("found", "rows that are outliers", found, unit="%")]
        return Assessment(measures, arrays={"outliers": predictions})
    kinds, places, counts = np.unique(data.target, return_inverse=True, return_counts=True)
    weights = 100 * len(predictions) / (len(kinds) * counts)
    scores = np.where(predictions == data.target, weights[places], 0.0)
    measure = Measure(
        name="balanced-accuracy",
        label="balanced accuracy of outliers and other rows",
        value=float(scores.mean()),
        unit="%",
        decisive=True,
        loss=LossKind.SCORE,
        max_score=float(weights.max()),
        observations=len(predictions),
        observation="row",
    )
    measure = check_gain(measure, 100 / len(kinds), "calling no row an outlier")
    return Assessment([measure], {measure.name: scores}, {"predictions": predictions})
